import { spawn } from 'node:child_process'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { test } from 'tap'

const root = join(dirname(createRequire(import.meta.url).resolve('@ringhold/cache-node/main')), '../../..')

test('thousands of connections from several processes: none is refused or lost, every answer is right, nothing is left', async (t) => {
  const options = ['--connections', '3000', '--rounds', '4']
  const run = spawn(process.execPath, [join(root, 'bench/connections/main.js'), ...options], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  t.teardown(() => run.kill('SIGTERM'))
  let said = ''
  run.stdout.on('data', (chunk) => {
    said += chunk
  })
  const code = await new Promise((resolve) => run.once('close', resolve))
  t.equal(code, 0, said)
  t.match(said, /^3000 connections opened/)
})
