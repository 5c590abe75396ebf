import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { test } from 'tap'

const script = fileURLToPath(new URL('../../../scripts/k6.js', import.meta.url))

const run = (args: string[], env: NodeJS.ProcessEnv = {}) =>
  spawnSync(process.execPath, [script, ...args], { encoding: 'utf8', env: { ...process.env, ...env } })

test('npm run k6 without the name of a script says which there are', async (t) => {
  for (const args of [[], ['stady'], ['--vus', '3']]) {
    const { status, stderr } = run(args)
    t.equal(status, 2)
    t.match(stderr, /^k6: say which script to run: npm run k6 -- smoke\|steady/)
  }
})

test('npm run k6 without k6 says where to get it, and starts nothing', async (t) => {
  const { status, stderr, stdout } = run(['smoke'], { PATH: '', K6: '' })
  t.equal(status, 2)
  t.match(stderr, /^k6: k6 is not here\. Install it/)
  t.equal(stdout, '')
})

test('npm run k6 with a K6 that is not there names it', async (t) => {
  const { status, stderr } = run(['smoke'], { K6: '/nowhere/k6' })
  t.equal(status, 2)
  t.match(stderr, 'there is no /nowhere/k6')
})
