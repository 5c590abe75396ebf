import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Test, test } from 'tap'
import { tryThis } from '#cli/commands/up.js'
import { isFree } from '#cli/local-fleet/port-check.js'
import { isAlive } from '#cli/local-fleet/state-folder.js'
import { FleetUnderTest, ringhold, startFleet } from './ringhold.ts'
import { until } from './until.ts'

interface Members {
  readonly agree: boolean
  readonly members: { readonly name: string; readonly status: string }[]
}

function pidsOf(fleet: FleetUnderTest): number[] {
  return fleet.nodes.flatMap(({ pid }) => pid ?? [])
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
    await until('three that agree', async () => (await fleet.run(['members'])).code === 0)
    t.not(fleet.node('node-2').pid, pid)
  })

  await t.test('a node that is killed stays down, and the others see it dead', async (t) => {
    const killed = await fleet.json<{ ms: number }>(['kill', '2'])
    t.match(killed, { node: 'node-2', signal: 'SIGKILL', changed: true, seen: true, seenAs: 'dead', survivors: 2 })
    t.comment(`seen by both survivors after ${killed.ms} ms`)
    t.match(fleet.node('node-2'), { phase: 'stopped', pid: undefined })
    t.equal(await statusOf(fleet, 'node-2'), 'dead')
    t.match(await fleet.run(['members']), { code: 4, stdout: /node-2 +dead.*connection refused/ })
    t.match(await fleet.run(['stats']), { code: 4, stdout: /node-2 +dead +- +- +-\n/ })
    t.match(await fleet.run(['ring']), { code: 4 })
    t.match(await fleet.json(['kill', 'node-2']), { changed: false })
    t.equal(fleet.events.filter(({ event }) => event === 'died').length, 1, 'no restart was tried')
  })

  await t.test('start brings it back, and again says so', async (t) => {
    t.match(await fleet.run(['start', '2']), {
      code: 0,
      stdout: /^node-2 is alive at http.* in the view of 3 nodes after .* s\.\n$/,
    })
    t.equal((await fleet.run(['members'])).code, 0)
    t.match(await fleet.run(['start', '2']), { code: 0, stdout: '', stderr: /running already/ })
  })

  await t.test('stop is a planned leave: seen at once, and nobody is missed', async (t) => {
    const left = await fleet.json<{ ms: number }>(['stop', 'node-3'])
    t.match(left, { node: 'node-3', signal: 'SIGTERM', seenAs: 'left', survivors: 2 })
    t.comment(`seen by both survivors after ${left.ms} ms`)
    t.match(await fleet.run(['members']), { code: 0, stdout: /node-3 +left/ })
    t.equal((await fleet.run(['start', 'node-3'])).code, 0)
  })

  await t.test('a node that answers no more is unreachable, and a fill counts what it could not store', async (t) => {
    const pid = fleet.node('node-1').pid as number
    process.kill(pid, 'SIGSTOP')
    try {
      const seeds = ['--seeds', fleet.node('node-2').url, '--timeout-ms', '1000']
      const [members, filled] = await Promise.all([
        fleet.json<Members>(['members', ...seeds], [4]),
        fleet.run(['fill', '60', '--json', ...seeds]),
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
    await until('three that agree', async () => (await fleet.run(['members'])).code === 0)
  })

  await t.test('add brings one more', async (t) => {
    t.match(await fleet.json(['add']), { node: 'node-4', changed: true, settled: true, nodes: 4 })
    t.match(await fleet.json(['add', '--name', 'extra']), { node: 'extra', nodes: 5 })
    t.match(await fleet.run(['add', '--name', 'extra']), { code: 2, stderr: /has a node extra already/ })
    t.match(await fleet.run(['kill', 'nobody']), {
      code: 2,
      stderr: /RINGHOLD_NODE_UNKNOWN.*node-1, node-2, node-3, node-4, extra/,
    })
    t.match(await fleet.json(['members']), { agree: true, members: { length: 5 } })
  })

  await t.test('a second fleet in the same state folder is refused', async (t) => {
    const second = await fleet.run(['up'])
    t.match(second, {
      code: 1,
      stdout: '',
      stderr: /^ringhold: RINGHOLD_FLEET_RUNNING: .*process \d+.*RINGHOLD_STATE_DIR/,
    })
    t.equal((await fleet.run(['members'])).code, 0, 'and the first goes on')
  })

  await t.test('Ctrl-C leaves no process, no socket and no record behind', async (t) => {
    const pids = pidsOf(fleet)
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

test('nodes end when their supervisor is killed, and the next one takes over its folder and its ports', async (t) => {
  const fleet = await startFleet(t, ['--nodes', '2'])
  const pids = pidsOf(fleet)
  const port = Number(new URL(fleet.node('node-1').url).port)
  const peerPort = Number(new URL(fleet.node('node-1').peerUrl).port)
  fleet.up.kill('SIGKILL')
  await once(fleet.up, 'exit')
  t.match(await fleet.run(['kill', '1']), { code: 1, stderr: /RINGHOLD_NO_LOCAL_FLEET/ })
  const words = ['--nodes', '2', '--port', `${port}`, '--peer-port', `${peerPort}`]
  const next = new FleetUnderTest(fleet.folder, words)
  t.teardown(() => next.end())
  await until('the end of the nodes', () => !pids.some(isAlive))
  await next.until('ready', 30_000)
  t.match(await next.json(['members']), { agree: true, members: { length: 2 } })
})

test('a second Ctrl-C ends at once what does not end by itself', async (t) => {
  const fleet = await startFleet(t, ['--nodes', '1'])
  const { pid, url } = fleet.node('node-1')
  process.kill(pid as number, 'SIGSTOP')
  const startedAt = performance.now()
  fleet.up.kill('SIGINT')
  await fleet.until('stopping')
  const again = setInterval(() => fleet.up.kill('SIGINT'), 100)
  t.teardown(() => clearInterval(again))
  await once(fleet.up, 'exit')
  t.ok(performance.now() - startedAt < 5_000, 'long before the ten seconds that nodes are given')
  t.notOk(isAlive(pid as number))
  t.ok(await isFree(Number(new URL(url).port)))
})

test('what up prints for people works as it is printed', async (t) => {
  const fleet = await startFleet(t, ['--nodes', '3'])
  const lines = tryThis(fleet.nodes, { RINGHOLD_STATE_DIR: fleet.folder })
  t.equal(lines.length, 4)
  const expected = [
    /201 Created/,
    /200 OK[\s\S]*Hello$/,
    /5,000 entries stored[\s\S]*total +5,001/,
    /dead in the view of all 2 survivors[\s\S]*node-2 is alive/,
  ]
  const hasCurl = await new Promise((resolve) =>
    spawn('curl', ['--version'])
      .on('error', () => resolve(false))
      .on('exit', () => resolve(true)),
  )
  for (const [at, line] of lines.entries()) {
    if (line.startsWith('curl') && !hasCurl) {
      await fetch(`${fleet.node('node-1').url}/v1/caches/default/keys/greeting`, { method: 'PUT', body: 'Hello' })
    } else t.match((await shell(t, line)).replaceAll('\r', ''), expected[at] as RegExp, line)
  }
})

test('up for people: data on stdout, messages on stderr', async (t) => {
  const fleet = await startFleet(t, ['--nodes', '1'])
  const port = Number(new URL(fleet.node('node-1').url).port) + 5
  const bin = fileURLToPath(new URL('../../../cli/bin/ringhold.js', import.meta.url))
  const folder = join(fleet.folder, 'second')
  const words = ['up', '--nodes', '2', '--port', `${port}`, '--peer-port', `${port + 5}`, '--fleet', 'second']
  const up = spawn(process.execPath, [bin, ...words], { env: { ...process.env, RINGHOLD_STATE_DIR: folder } })
  t.teardown(() => up.kill('SIGKILL'))
  const texts = { stdout: '', stderr: '' }
  up.stdout.on('data', (chunk) => {
    texts.stdout += chunk
  })
  up.stderr.on('data', (chunk) => {
    texts.stderr += chunk
  })
  await until('the end of the text', () => texts.stdout.includes('Ctrl-C stops all nodes.'), 30_000)
  t.match(
    texts.stdout,
    /^\n2 nodes of the fleet "second" agree on one ring \([0-9a-f]{16}\) after [\d.]+ s\.\n\nNODE +STATUS +CLIENTS/,
  )
  t.match(
    texts.stdout,
    new RegExp(`node-2 +alive +http://127.0.0.1:${port + 1} +http://127.0.0.1:${port + 6} +\\d+ +[\\d,]+\n`),
  )
  up.kill('SIGTERM')
  await once(up, 'close')
  t.equal(
    texts.stderr,
    'Starting 2 nodes of the fleet "second" …\nStopping all nodes … (Ctrl-C again: at once)\nAll nodes are stopped.\n',
  )
  t.match(await ringhold(['members'], { env: { RINGHOLD_STATE_DIR: folder, RINGHOLD_NODES: `127.0.0.1:${port}` } }), {
    code: 1,
  })
})

/** shell runs a line in the folder of the checkout, as a reader of the text would. */
async function shell(t: Test, line: string): Promise<string> {
  const child = spawn('sh', ['-c', line], { cwd: fileURLToPath(new URL('../../..', import.meta.url)) })
  t.teardown(() => child.kill('SIGKILL'))
  let text = ''
  child.stdout.on('data', (chunk) => {
    text += chunk
  })
  await once(child, 'close')
  return text
}
