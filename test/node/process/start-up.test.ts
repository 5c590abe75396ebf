import { type Test, test } from 'tap'
import { type NodeProcess, spawnNode, takenPort } from './node-process.ts'

/** The node ends with this exit code and exactly one line that names the code and says what is wrong. */
async function failsWith(t: Test, node: NodeProcess, exitCode: number, line: RegExp): Promise<void> {
  t.equal(await node.ended(), exitCode, String(line))
  t.match(node.stderr(), line)
  t.equal(node.stderr().trimEnd().split('\n').length, 1, `one line: ${node.stderr()}`)
}

test('a wrong variable is one line on stderr and exit code 2', async (t) => {
  const node = spawnNode(t, { RINGHOLD_PORT: 'seven' })
  await failsWith(t, node, 2, /^ringhold: RINGHOLD_BAD_CONFIG: RINGHOLD_PORT=seven must be integer .* --help lists/)
  t.equal(node.stdout(), '')
})

test('an unknown variable with our prefix is a typo, not a wish', async (t) => {
  const node = spawnNode(t, { RINGHOLD_SEED: 'a:7101' })
  await failsWith(t, node, 2, /^ringhold: RINGHOLD_BAD_CONFIG: RINGHOLD_SEED is not a variable/)
})

test('an address that is not of this machine is one line and exit code 2', async (t) => {
  const node = spawnNode(t, { RINGHOLD_HOST: '192.0.2.1' })
  await failsWith(t, node, 2, /^ringhold: RINGHOLD_BAD_CONFIG: cannot listen on RINGHOLD_HOST 192\.0\.2\.1/)
})

test('a port in use is one line that names it, and exit code 1', async (t) => {
  const port = String(await takenPort(t))
  for (const variable of ['RINGHOLD_PORT', 'RINGHOLD_PEER_PORT']) {
    const node = spawnNode(t, { [variable]: port })
    await failsWith(t, node, 1, new RegExp(`^ringhold: RINGHOLD_PORT_IN_USE: ${variable}: port ${port} of 127.0.0.1`))
  }
})

test('seeds that are silent, or where nobody listens, are one line and exit code 1', async (t) => {
  const silent = await takenPort(t)
  for (const seeds of [
    `127.0.0.1:${silent}`,
    '127.0.0.1:1',
    `127.0.0.1:1,127.0.0.1:${silent}`,
    'nowhere.invalid:7101',
  ]) {
    const node = spawnNode(t, { RINGHOLD_SEEDS: seeds, RINGHOLD_JOIN_TIMEOUT_MS: '700' })
    await failsWith(t, node, 1, /^ringhold: RINGHOLD_SEEDS_UNREACHABLE: /)
  }
})

test('a second node of the same name is refused and the first one goes on', async (t) => {
  const first = spawnNode(t, { RINGHOLD_NAME: 'twin' })
  const { peer, client } = await first.ready()
  const second = spawnNode(t, { RINGHOLD_NAME: 'twin', RINGHOLD_SEEDS: peer })
  await failsWith(t, second, 1, /^ringhold: RINGHOLD_NAME_TAKEN: /)
  t.equal((await fetch(`${client}/readyz`)).status, 200)
})

test('a node of another fleet is refused', async (t) => {
  const { peer } = await spawnNode(t, { RINGHOLD_NAME: 'a' }).ready()
  const other = spawnNode(t, { RINGHOLD_NAME: 'b', RINGHOLD_FLEET: 'other', RINGHOLD_SEEDS: peer })
  await failsWith(t, other, 1, /^ringhold: RINGHOLD_WRONG_FLEET: /)
})

test('--help lists the variables on stdout and starts nothing', async (t) => {
  const node = spawnNode(t, {}, ['--help'])
  t.equal(await node.ended(), 0)
  t.match(node.stdout(), /RINGHOLD_JOIN_TIMEOUT_MS .*default: 15000/)
  t.equal(node.stderr(), '')
})

test('a node that is told to stop ends with 0, also while it still joins', async (t) => {
  const alone = spawnNode(t, {})
  await alone.ready()
  alone.child.kill('SIGTERM')
  t.equal(await alone.ended(), 0)
  t.equal(alone.stderr(), '')
  const joining = spawnNode(t, { RINGHOLD_SEEDS: `127.0.0.1:${await takenPort(t)}` })
  await new Promise((resolve) => joining.child.stdout?.once('data', resolve))
  joining.child.kill('SIGINT')
  t.equal(await joining.ended(), 0)
})
