import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Test, test } from 'tap'
import { tryThis } from '#cli/commands/up.js'
import { isFree } from '#cli/local-fleet/port-check.js'
import { isAlive } from '#cli/local-fleet/state-folder.js'
import { FleetUnderTest, freePorts, type NodeUnderTest, ringhold, startFleet, stateFolder } from './ringhold.ts'
import { until } from './until.ts'

test('nodes end when their supervisor is killed, and the next one takes over its folder and its ports', async (t) => {
  const fleet = await startFleet(t, ['--nodes', '2'])
  const pids = fleet.pids
  const port = Number(new URL(fleet.node('node-1').url).port)
  const peerPort = Number(new URL(fleet.node('node-1').peerUrl).port)
  fleet.up.kill('SIGKILL')
  await once(fleet.up, 'exit')
  t.match(await fleet.run(['kill', '1']), { code: 1, stderr: /RINGHOLD_NO_LOCAL_FLEET/ })
  const words = ['--nodes', '2', '--port', `${port}`, '--peer-port', `${peerPort}`]
  const next = new FleetUnderTest(fleet.folder, words)
  t.teardown(() => next.end())
  await until('the end of the nodes', () => !pids.some(isAlive))
  await next.until('ready')
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

test('Ctrl-C while the fleet starts ends that, too', async (t) => {
  const { port, peerPort } = await freePorts()
  const fleet = new FleetUnderTest(stateFolder(t), ['--port', `${port}`, '--peer-port', `${peerPort}`])
  t.teardown(() => fleet.end())
  await fleet.until('starting')
  await until('the record of all', () => existsSync(join(fleet.folder, 'fleet.json')) && fleet.pids.length === 5)
  const pids = fleet.pids
  fleet.up.kill('SIGINT')
  const [code] = await once(fleet.up, 'exit')
  t.match({ code, stderr: fleet.stderr }, { code: 0, stderr: '' })
  t.equal(pids.length, 5)
  t.same(
    pids.map(isAlive),
    pids.map(() => false),
  )
  t.notOk(fleet.has('ready'))
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
  const words = [
    'up',
    '--nodes',
    '2',
    '--port',
    `${port}`,
    '--peer-port',
    `${port + 5}`,
    '--fleet',
    'second',
    '--log-dir',
    join(fleet.folder, 'elsewhere'),
  ]
  const up = spawn(process.execPath, [bin, ...words], { env: { ...process.env, RINGHOLD_STATE_DIR: folder } })
  t.teardown(() => up.kill('SIGKILL'))
  const texts = { stdout: '', stderr: '' }
  up.stdout.on('data', (chunk) => {
    texts.stdout += chunk
  })
  up.stderr.on('data', (chunk) => {
    texts.stderr += chunk
  })
  await until('the end of the text', () => texts.stdout.includes('Ctrl-C stops all nodes.'))
  t.match(
    texts.stdout,
    /^\n2 nodes of the fleet "second" agree on one ring \([0-9a-f]{16}\) after [\d.]+ s\.\n\nNODE +STATUS +CLIENTS/,
  )
  t.match(
    texts.stdout,
    new RegExp(`node-2 +alive +http://127.0.0.1:${port + 1} +http://127.0.0.1:${port + 6} +\\d+ +[\\d,]+\n`),
  )
  t.match(texts.stdout, `Logs: ${join(fleet.folder, 'elsewhere')}/node-*.log\n`)
  t.ok(existsSync(join(fleet.folder, 'elsewhere', 'node-2.log')))
  const { nodes } = JSON.parse(readFileSync(join(folder, 'fleet.json'), 'utf8')) as { nodes: NodeUnderTest[] }
  process.kill(nodes[1]?.pid as number, 'SIGKILL')
  await until('the restart', () => texts.stderr.includes('node-2 is started again'))
  up.kill('SIGTERM')
  await once(up, 'close')
  t.match(texts.stderr.replace(/process \d+/, 'process N').split('\n'), [
    'Starting 2 nodes of the fleet "second" …',
    'node-2 ended by itself (SIGKILL); it is started again in 250 ms',
    'node-2 is started again (process N)',
    'Stopping all nodes … (Ctrl-C again: at once)',
    'All nodes are stopped.',
    '',
  ])
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
