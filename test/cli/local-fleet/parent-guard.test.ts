import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { type Test, test } from 'tap'

const guard = new URL('../../../../cli/dist/local-fleet/parent-guard.js', import.meta.url).href
const entry = fileURLToPath(new URL('./idle-node.js', import.meta.url))

async function startGuarded(t: Test, env: NodeJS.ProcessEnv): Promise<ChildProcess> {
  const child = spawn(process.execPath, ['--import', guard, entry], {
    env: { ...process.env, ...env },
    stdio: ['pipe', 'ignore', 'pipe'],
  })
  t.teardown(() => child.kill('SIGKILL'))
  await once(child.stderr as NodeJS.EventEmitter, 'data')
  return child
}

test('a node ends as on SIGTERM when the pipe of its supervisor closes', async (t) => {
  const child = await startGuarded(t, {})
  child.stdin?.destroy()
  t.same(await once(child, 'exit'), [null, 'SIGTERM'])
})

test('a node that does not end in time is killed', async (t) => {
  const child = await startGuarded(t, { IDLE_NODE_STUBBORN: '1' })
  child.stdin?.destroy()
  t.same(await once(child, 'exit'), [null, 'SIGKILL'])
})
