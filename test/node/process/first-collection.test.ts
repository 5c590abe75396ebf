import { execFileSync } from 'node:child_process'
import { test } from 'tap'

const path = new URL(import.meta.resolve('#node/first-collection.js')).href
/** Garbage that has grown old, which only a full collection finds. */
const littering = `
  import { collectOnce } from ${JSON.stringify(path)}
  import { setFlagsFromString } from 'node:v8'
  setFlagsFromString('--heap-growing-percent=1000')
  let old = Array.from({ length: 300_000 }, (_, number) => ({ number }))
  for (let turn = 0; turn < 1e6; turn++) old[turn % old.length] = { turn }
  old = undefined
  const before = process.memoryUsage().heapUsed
  await collectOnce()
  console.log(before - process.memoryUsage().heapUsed)
`

test('the first collection finds what loading left behind', async (t) => {
  const freed = Number(execFileSync(process.execPath, ['--input-type=module', '--eval', littering], { env: {} }))
  t.ok(freed > 4 * 2 ** 20, `${freed} bytes`)
})
