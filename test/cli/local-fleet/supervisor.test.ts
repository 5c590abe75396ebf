import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Test, test } from 'tap'
import { planFleet } from '#cli/local-fleet/node-plan.js'
import { isAlive } from '#cli/local-fleet/state-folder.js'
import type { NodeEvent } from '#cli/local-fleet/supervised-node.js'
import { Supervisor } from '#cli/local-fleet/supervisor.js'
import { until } from '../until.ts'

const entry = fileURLToPath(new URL('./idle-node.js', import.meta.url))
// Nothing listens: the idle node only takes the place of a process.
const range = { port: 20_001, peerPort: 20_101 }

function superviseIdleNodes(t: Test, { nodes = 2, env = {} }: { nodes?: number; env?: NodeJS.ProcessEnv } = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'ringhold-test-'))
  const events: NodeEvent[] = []
  const logPathOf = (node: string) => join(folder, `${node}.log`)
  const settings = { fleet: 'test', env: { ...process.env, RINGHOLD_STATE_DIR: folder, ...env } }
  const supervisor = new Supervisor({
    entry,
    settings,
    range,
    logPathOf,
    onEvent: (event) => events.push(event),
    onChange: () => undefined,
  })
  t.teardown(async () => {
    supervisor.killAll()
    await supervisor.close()
    rmSync(folder, { recursive: true, force: true })
  })
  supervisor.startAll(planFleet(nodes, range))
  const pidOf = (name: string) => supervisor.nodes.find((node) => node.name === name)?.pid
  return { supervisor, events, pidOf, logOf: (node: string) => readFileSync(logPathOf(node), 'utf8') }
}

test('a node that dies by a stray signal is started again, and said so', async (t) => {
  const { events, pidOf } = superviseIdleNodes(t)
  const before = pidOf('node-2') as number
  process.kill(before, 'SIGKILL')
  await until('the restart', () => events.some(({ event }) => event === 'restarted'))
  t.match(events, [
    { event: 'died', node: 'node-2', exit: { signal: 'SIGKILL' }, restartInMs: 250 },
    { event: 'restarted', node: 'node-2' },
  ])
  t.not(pidOf('node-2'), before)
  t.ok(isAlive(pidOf('node-2') as number))
})

test('a node that is killed on purpose stays down until it is started', async (t) => {
  const { supervisor, events, pidOf } = superviseIdleNodes(t)
  const before = pidOf('node-2') as number
  const change = await supervisor.kill('2', 'SIGKILL')
  t.match(change, { changed: true, node: { name: 'node-2', phase: 'stopped', pid: undefined } })
  t.notOk(isAlive(before))
  t.match(await supervisor.kill('2', 'SIGKILL'), { changed: false }, 'a second time changes nothing')
  t.match(await supervisor.start('node-2'), { changed: true, node: { phase: 'running' } })
  t.match(await supervisor.start('node-2'), { changed: false })
  t.ok(isAlive(pidOf('node-2') as number))
  t.same(events, [])
})

test('a frozen node stays frozen until it is started, which thaws it', async (t) => {
  const { supervisor, pidOf } = superviseIdleNodes(t)
  const before = pidOf('node-1')
  t.match(await supervisor.kill('1', 'SIGSTOP'), { changed: true, node: { phase: 'frozen' } })
  t.match(await supervisor.start('1'), { changed: true, node: { phase: 'running' } })
  t.equal(pidOf('node-1'), before)
})

test('a node that refuses its configuration is given up at once, with the end of its log', async (t) => {
  const { events, supervisor } = superviseIdleNodes(t, { nodes: 1, env: { IDLE_NODE_EXIT_CODE: '2' } })
  await until('the failure', () => events.length > 0)
  t.match(events, [{ event: 'failed', node: 'node-1', exit: { code: 2 }, log: [/^node-1 runs with/] }])
  t.match(supervisor.nodes, [{ phase: 'failed' }])
})

test('a node is told its configuration, and nothing of the launcher', async (t) => {
  const { logOf } = superviseIdleNodes(t, { nodes: 1, env: { RINGHOLD_LOG_LEVEL: 'debug', RINGHOLD_NODES: 'x' } })
  await until('the log', () => logOf('node-1').includes('\n'))
  const names = ['FLEET', 'HOST', 'LOG_LEVEL', 'NAME', 'PEER_PORT', 'PORT', 'SEEDS'].map((name) => `RINGHOLD_${name}`)
  t.equal(logOf('node-1').trim(), `node-1 runs with ${names.join()}`)
})

test('close ends every node, and those that are frozen too', async (t) => {
  const { supervisor, pidOf } = superviseIdleNodes(t, { nodes: 3 })
  const pids = ['node-1', 'node-2', 'node-3'].map((name) => pidOf(name) as number)
  await supervisor.kill('3', 'SIGSTOP')
  await supervisor.close()
  t.same(pids.map(isAlive), [false, false, false])
})

test('one node more gets the next name, and a taken or unknown name is refused', async (t) => {
  const { supervisor } = superviseIdleNodes(t)
  t.match(await supervisor.add(undefined), { node: { name: 'node-3', url: 'http://127.0.0.1:20003' } })
  await t.rejects(supervisor.add('node-1'), { code: 'RINGHOLD_BAD_OPTION' })
  await t.rejects(supervisor.kill('node-9', 'SIGKILL'), { code: 'RINGHOLD_NODE_UNKNOWN' })
})
