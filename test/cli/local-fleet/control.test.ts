import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { createConnection } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Test, test } from 'tap'
import { askSupervisor, isSupervised } from '#cli/local-fleet/control-client.js'
import { ControlServer } from '#cli/local-fleet/control-server.js'
import { planFleet } from '#cli/local-fleet/node-plan.js'
import { StateFolder } from '#cli/local-fleet/state-folder.js'
import { Supervisor } from '#cli/local-fleet/supervisor.js'

const range = { port: 21_001, peerPort: 21_101 }

function emptyFolder(t: Test): StateFolder {
  const path = mkdtempSync(join(tmpdir(), 'ringhold-test-'))
  t.teardown(() => rmSync(path, { recursive: true, force: true }))
  return new StateFolder({ RINGHOLD_STATE_DIR: path })
}

async function superviseIn(t: Test, folder: StateFolder): Promise<void> {
  const supervisor = new Supervisor({
    entry: fileURLToPath(new URL('./idle-node.js', import.meta.url)),
    settings: { fleet: 'test', env: process.env },
    range,
    logPathOf: (node) => join(folder.path, `${node}.log`),
    onEvent: () => undefined,
    onChange: () => undefined,
  })
  const server = new ControlServer(supervisor)
  t.teardown(async () => {
    server.close()
    supervisor.killAll()
    await supervisor.close()
  })
  await server.listen(folder.socketPath)
  supervisor.startAll(planFleet(2, range))
}

test('commands reach the supervisor through a socket that only its user can open', async (t) => {
  const folder = emptyFolder(t)
  t.equal(await isSupervised(folder), false)
  await superviseIn(t, folder)
  t.equal(await isSupervised(folder), true)
  t.equal(statSync(folder.socketPath).mode & 0o777, 0o600)
  t.match(await askSupervisor(folder, { action: 'status' }), [{ name: 'node-1' }, { name: 'node-2', phase: 'running' }])
  const killed = await askSupervisor(folder, { action: 'kill', node: '2', signal: 'SIGKILL' })
  t.match(killed, { changed: true, node: { name: 'node-2', phase: 'stopped' } })
  t.match(await askSupervisor(folder, { action: 'start', node: '2' }), { changed: true, node: { phase: 'running' } })
  t.match(await askSupervisor(folder, { action: 'add' }), { node: { name: 'node-3' } })
})

test('errors of the supervisor arrive with their code', async (t) => {
  const folder = emptyFolder(t)
  await superviseIn(t, folder)
  const unknown = askSupervisor(folder, { action: 'start', node: 'nobody' })
  await t.rejects(unknown, { code: 'RINGHOLD_NODE_UNKNOWN', message: /nobody/ })
  await t.rejects(askSupervisor(folder, { action: 'kill', node: '1', signal: 'SIGNONE' as 'SIGKILL' }), {
    code: 'RINGHOLD_BAD_OPTION',
  })
})

test('without a supervisor there is no local fleet', async (t) => {
  const asked = askSupervisor(emptyFolder(t), { action: 'status' })
  await t.rejects(asked, { code: 'RINGHOLD_NO_LOCAL_FLEET', message: /npx ringhold up/ })
})

test('a line without end, or not of this protocol, does no harm', async (t) => {
  const folder = emptyFolder(t)
  await superviseIn(t, folder)
  const send = (text: string) =>
    new Promise<string>((resolve) => {
      let reply = ''
      const socket = createConnection(folder.socketPath, () => socket.write(text))
      socket.on('data', (chunk) => {
        reply += chunk
      })
      socket.on('error', () => undefined)
      socket.on('close', () => resolve(reply))
    })
  t.match(JSON.parse(await send('nonsense\n')), { ok: false })
  t.match(JSON.parse(await send('{"action":"fly"}\n')), { ok: false, code: 'RINGHOLD_BAD_OPTION' })
  t.equal(await send('x'.repeat(300_000)), '')
  t.equal(await isSupervised(folder), true)
})
