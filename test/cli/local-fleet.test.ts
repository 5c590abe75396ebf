import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'tap'
import { isAlive } from '#cli/local-fleet/state-folder.js'
import { type FleetUnderTest, startFleet } from './ringhold.ts'
import { until } from './until.ts'

interface Members {
  readonly agree: boolean
  readonly members: { readonly name: string; readonly status: string }[]
}

async function statusOf(fleet: FleetUnderTest, name: string): Promise<string | undefined> {
  const { members } = await fleet.json<Members>(['members'], [0, 4])
  return members.find((member) => member.name === name)?.status
}

test('nodes go and come as they are told, and otherwise come back by themselves', async (t) => {
  const fleet = await startFleet(t, ['--nodes', '3'])

  await t.test('a node that dies by a stray signal is restarted', async (t) => {
    const { pid } = fleet.node('node-2')
    process.kill(pid as number, 'SIGKILL')
    await fleet.until('restarted')
    t.match(fleet.events, [
      {},
      {},
      { event: 'died', node: 'node-2', exit: { signal: 'SIGKILL' } },
      { event: 'restarted' },
    ])
    await until('three that agree', async () => (await fleet.call(['members'])).code === 0)
    t.not(fleet.node('node-2').pid, pid)
  })

  await t.test('a node that is killed stays down, and the others see it dead', async (t) => {
    const killed = await fleet.json<{ ms: number }>(['kill', '2'])
    t.match(killed, { node: 'node-2', signal: 'SIGKILL', changed: true, seen: true, seenAs: 'dead', survivors: 2 })
    t.comment(`seen by both survivors after ${killed.ms} ms`)
    t.match(fleet.node('node-2'), { phase: 'stopped', pid: undefined })
    t.equal(await statusOf(fleet, 'node-2'), 'dead')
    t.match(await fleet.run(['members']), { code: 4, stdout: /node-2 +dead.*connection refused/ })
    t.match(await fleet.call(['stats']), { code: 4, stdout: /node-2 +dead( +-){7}\n/ })
    t.match(await fleet.run(['ring']), { code: 4 })
    t.match(await fleet.json(['kill', 'node-2']), { changed: false })
    t.equal(fleet.events.filter(({ event }) => event === 'died').length, 1, 'no restart was tried')
  })

  await t.test('start brings it back, and again says so', async (t) => {
    t.match(await fleet.call(['start', '2']), {
      code: 0,
      stdout: /^node-2 is alive at http.* in the view of 3 nodes after .* s\.\n$/,
    })
    t.equal((await fleet.call(['members'])).code, 0)
    t.match(await fleet.call(['start', '2']), { code: 0, stdout: '', stderr: /running already/ })
  })

  await t.test('stop is a planned leave: seen at once, and nobody is missed', async (t) => {
    const left = await fleet.json<{ ms: number }>(['stop', 'node-3'])
    t.match(left, { node: 'node-3', signal: 'SIGTERM', seenAs: 'left', survivors: 2 })
    t.comment(`seen by both survivors after ${left.ms} ms`)
    t.match(await fleet.call(['members']), { code: 0, stdout: /node-3 +left/ })
    t.equal((await fleet.call(['start', 'node-3'])).code, 0)
  })

  await t.test('a node that answers no more is unreachable, and a fill counts what it could not store', async (t) => {
    const pid = fleet.node('node-1').pid as number
    process.kill(pid, 'SIGSTOP')
    try {
      const seeds = ['--seeds', fleet.node('node-2').url, '--timeout-ms', '1000']
      const [members, filled] = await Promise.all([
        fleet.json<Members>(['members', ...seeds], [4]),
        fleet.call(['fill', '60', '--json', ...seeds]),
      ])
      t.match(members.members.find(({ name }) => name === 'node-1')?.status, /unreachable|dead/)
      const { stored, failed, failures } = JSON.parse(filled.stdout) as Record<string, number>
      t.equal(filled.code, 1)
      t.ok(failed && failed > 5, filled.stdout)
      t.equal((stored ?? 0) + (failed ?? 0), 60)
      t.match(Object.keys(failures as unknown as object)[0], /^RINGHOLD_/)
    } finally {
      process.kill(pid, 'SIGCONT')
    }
    await until('three that agree', async () => (await fleet.call(['members'])).code === 0)
  })

  await t.test('a frozen node is seen dead, and start thaws it', async (t) => {
    const { pid } = fleet.node('node-1')
    t.match(await fleet.json(['kill', '1', '--signal', 'sigstop']), { signal: 'SIGSTOP', seenAs: 'dead' })
    t.match(fleet.node('node-1'), { phase: 'frozen', pid })
    t.match(await fleet.json(['start', '1']), { changed: true, settled: true, pid })
  })

  await t.test('add brings one more', async (t) => {
    t.match(await fleet.json(['add']), { node: 'node-4', changed: true, settled: true, nodes: 4 })
    t.match(await fleet.json(['add', '--name', 'extra']), { node: 'extra', nodes: 5 })
    t.match(await fleet.call(['add', '--name', 'extra']), { code: 2, stderr: /has a node extra already/ })
    t.match(await fleet.call(['kill', 'nobody']), {
      code: 2,
      stderr: /RINGHOLD_NODE_UNKNOWN.*node-1, node-2, node-3, node-4, extra/,
    })
    t.match(await fleet.json(['members']), { agree: true, members: { length: 5 } })
  })

  await t.test('of two that are killed at once neither has to be seen by the other', async (t) => {
    const killed = await Promise.all([fleet.json(['kill', 'node-4']), fleet.json(['kill', 'extra'])])
    t.match(killed, [{ seenAs: 'dead' }, { seenAs: 'dead' }])
    const started = await Promise.all([fleet.call(['start', 'node-4']), fleet.call(['start', 'extra'])])
    t.match(started, [{ code: 0 }, { code: 0 }])
  })

  await t.test('a second fleet in the same state folder is refused', async (t) => {
    const second = await fleet.run(['up'])
    t.match(second, {
      code: 1,
      stdout: '',
      stderr: /^ringhold: RINGHOLD_FLEET_RUNNING: .*process \d+.*RINGHOLD_STATE_DIR/,
    })
    t.equal((await fleet.call(['members'])).code, 0, 'and the first goes on')
  })

  await t.test('Ctrl-C leaves no process, no socket and no record behind', async (t) => {
    const pids = fleet.pids
    t.equal(pids.length, 5)
    fleet.up.kill('SIGINT')
    const [code] = await once(fleet.up, 'exit')
    t.equal(code, 0)
    t.same(
      pids.map(isAlive),
      pids.map(() => false),
    )
    t.notOk(existsSync(join(fleet.folder, 'control.sock')))
    t.notOk(existsSync(join(fleet.folder, 'fleet.json')))
    t.ok(existsSync(join(fleet.folder, 'logs', 'node-1.log')), 'the logs stay')
  })
})
