/** How soon real processes see that one of them has gone or come. The figures are printed for each run. */
import { once } from 'node:events'
import { test } from 'tap'
import { waitUntil } from '#chaos/wait-until.js'
import { freePorts, type NodeProcess, startFleet, startProcess, statusAt } from './node-process.ts'

/** Milliseconds from `since` until each of the nodes sees the member in one of the statuses. */
async function msUntilSeen(nodes: NodeProcess[], member: string, statuses: string[], since: number): Promise<number[]> {
  return Promise.all(
    nodes.map(async (node) => {
      await waitUntil(
        `${node.name} sees ${member} ${statuses.join(' or ')}`,
        20_000,
        async () => statuses.includes((await statusAt(node, member)) ?? ''),
        10,
      )
      return performance.now() - since
    }),
  )
}

const worst = (times: number[]): number => Math.round(Math.max(...times))

test('a killed node is seen dead by all survivors within 2.5 s', async (t) => {
  const nodes = await startFleet(t, 5)
  const [victim, ...survivors] = nodes as [NodeProcess, ...NodeProcess[]]
  const since = performance.now()
  victim.child.kill('SIGKILL')
  const ms = worst(await msUntilSeen(survivors, victim.name, ['dead'], since))
  t.comment(`SIGKILL seen by all survivors after ${ms} ms`)
  t.ok(ms <= 2_500, `${ms} ms`)
})

test('a frozen node is seen dead by all others within 7 s, serves nothing on waking, and is back soon after', async (t) => {
  const nodes = await startFleet(t, 5)
  const [victim, ...others] = nodes as [NodeProcess, ...NodeProcess[]]
  const since = performance.now()
  victim.child.kill('SIGSTOP')
  const ms = worst(await msUntilSeen(others, victim.name, ['dead'], since))
  t.comment(`SIGSTOP seen by all others after ${ms} ms`)
  t.ok(ms <= 7_000, `${ms} ms`)
  const woken = performance.now()
  victim.child.kill('SIGCONT')
  const back = worst(await msUntilSeen(others, victim.name, ['alive'], woken))
  t.comment(`SIGCONT: alive again in all views after ${back} ms`)
})

test('a planned leave is seen by all others within 0.5 s and the process ends with exit code 0', async (t) => {
  const nodes = await startFleet(t, 5)
  const [leaver, ...others] = nodes as [NodeProcess, ...NodeProcess[]]
  const ended = once(leaver.child, 'exit')
  const since = performance.now()
  leaver.child.kill('SIGTERM')
  const ms = worst(await msUntilSeen(others, leaver.name, ['leaving', 'left'], since))
  t.comment(`planned leave seen by all others after ${ms} ms`)
  t.ok(ms <= 500, `${ms} ms`)
  t.strictSame(await ended, [0, null])
  await msUntilSeen(others, leaver.name, ['left'], since)
})

test('a joining node is alive in all views within 1 s of its first message', async (t) => {
  const nodes = await startFleet(t, 5)
  const [port, peerPort] = (await freePorts(2)) as [number, number]
  const joiner = startProcess(t, {
    RINGHOLD_NAME: 'node-6',
    RINGHOLD_PORT: String(port),
    RINGHOLD_PEER_PORT: String(peerPort),
    RINGHOLD_SEEDS: nodes.map(({ peerUrl }) => peerUrl).join(','),
  })
  // The time that a new process needs to load its code is not the fleet's: the clock starts when it answers at all.
  await waitUntil('the new process answers', 20_000, async () => (await fetch(`${joiner.url}/livez`)).ok, 5)
  const ms = worst(await msUntilSeen([...nodes, joiner], joiner.name, ['alive'], performance.now()))
  t.comment(`join seen by all after ${ms} ms`)
  t.ok(ms <= 1_000, `${ms} ms`)
})
