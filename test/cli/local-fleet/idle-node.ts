/** Stands where a node process stands, for tests of the supervisor: says its name and idles, or ends as it is told. */
const { RINGHOLD_NAME, IDLE_NODE_EXIT_CODE, IDLE_NODE_STUBBORN } = process.env

process.stderr.write(
  `${RINGHOLD_NAME} runs with ${Object.keys(process.env)
    .filter((name) => name.startsWith('RINGHOLD_'))
    .sort()}\n`,
)
if (IDLE_NODE_EXIT_CODE !== undefined) process.exit(Number(IDLE_NODE_EXIT_CODE))
if (IDLE_NODE_STUBBORN !== undefined) process.on('SIGTERM', () => undefined)
setInterval(() => undefined, 1_000)
