import { spawnSync } from 'node:child_process'
import { test } from 'tap'

const path = new URL(import.meta.resolve('#node/tier-up.js')).href
/** Prints after how many calls a function is compiled with the last compiler: by itself, put off, and allowed again. */
const warming = `
  import { allowTierUp, putOffTierUp } from ${JSON.stringify(path)}
  const byLastCompiler = 64
  const callsNeeded = (start) => {
    const sum = new Function('count', 'let sum = ' + start + '; for (let at = 0; at < count; at++) sum += at; return sum')
    for (let calls = 1; calls < 1e6; calls++) {
      sum(10)
      if ((%GetOptimizationStatus(sum) & byLastCompiler) > 0) return calls
    }
  }
  const byItself = callsNeeded(1)
  putOffTierUp()
  const putOff = callsNeeded(2)
  allowTierUp()
  console.log(JSON.stringify([byItself, putOff, callsNeeded(3)]))
`

test('while a node starts functions must be several times as hot to be compiled, and then as hot as ever', async (t) => {
  const flags = ['--allow-natives-syntax', '--no-concurrent-recompilation', '--no-maglev', '--input-type=module']
  const { stdout, stderr } = spawnSync(process.execPath, [...flags, '--eval', warming], { env: {}, encoding: 'utf8' })
  t.equal(stderr, '', 'the engine knows the flag')
  const [byItself, putOff, allowed] = JSON.parse(stdout) as [number, number, number]
  t.ok(putOff > 3 * byItself, `${putOff} calls instead of ${byItself}`)
  t.ok(allowed < 2 * byItself && allowed > byItself / 2, `${allowed} calls afterwards`)
})
