import { spawnSync } from 'node:child_process'
import { test } from 'tap'

const path = new URL(import.meta.resolve('#node/node-process.js')).href
/**
 * Ten functions that call each other. When the last one gets something else than ever before, its code is given up, and
 * with it the code of whichever has taken it in.
 */
const chain = `
  import { runNode } from ${JSON.stringify(path)}
  const byLastCompiler = 64
  const isCompiled = (each) => (%GetOptimizationStatus(each) & byLastCompiler) > 0
  const takesInTheLast = () => {
    const filling = 'sum = (sum ^ (sum << 1)) + 1;'.repeat(12)
    const links = Array.from({ length: 9 }, (_, at) =>
      'function link' + at + '(value, sum) {' + filling + 'return link' + (at + 1) + '(value, sum) }')
    const first = new Function(links.join('\\n') + '; function link9(value) { return value + 1 }; return link0')()
    for (let calls = 0; calls < 1e6 && !isCompiled(first); calls++) first(calls, 1)
    if (!isCompiled(first)) throw new Error('it is not compiled')
    first('text', 1)
    return !isCompiled(first)
  }
  const byItself = takesInTheLast()
  await runNode()
  process.stderr.write(JSON.stringify([byItself, takesInTheLast()]))
  process.exit()
`
const env = { RINGHOLD_PORT: '0', RINGHOLD_PEER_PORT: '0' }

test('a function takes in far more of what it calls once a node has started', async (t) => {
  const flags = ['--allow-natives-syntax', '--no-concurrent-recompilation', '--no-maglev', '--input-type=module']
  const { stderr } = spawnSync(process.execPath, [...flags, '--eval', chain], { env, encoding: 'utf8' })
  // Nothing before it: the engine knows the flag.
  t.equal(stderr, '[false,true]')
})
