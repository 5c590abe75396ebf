import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, rm, symlink } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { test } from 'tap'

const run = promisify(execFile)
const sdk = fileURLToPath(new URL('../../../sdk', import.meta.url))

interface Packed {
  readonly filename: string
  readonly files: readonly { readonly path: string }[]
}

test('the packed SDK holds what it needs and no tests, and can be imported and required', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'ringhold-pack-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  const { stdout } = await run('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', folder], {
    cwd: sdk,
  })
  const packed: unknown = JSON.parse(stdout)
  // npm 11 answers with a list, later releases with an object by package name.
  const [{ filename, files }] = Object.values(packed as Record<string, Packed>) as [Packed]
  const paths = files.map(({ path }) => path)
  for (const needed of [
    'package.json',
    'LICENSE',
    'README.md',
    'dist/index.js',
    'dist/index.d.ts',
    'dist/ring/index.js',
  ]) {
    t.ok(paths.includes(needed), needed)
  }
  t.strictSame(
    paths.filter((path) => !/^(dist|src|golden)\/|^(package\.json|LICENSE|README\.md)$/.test(path)),
    [],
  )
  t.strictSame(
    paths.filter((path) => /test|tsbuildinfo/.test(path)),
    [],
  )

  const home = join(folder, 'node_modules', '@ringhold', 'sdk')
  await mkdir(home, { recursive: true })
  await run('tar', ['-xzf', join(folder, filename), '--strip-components=1', '-C', home])
  const undici = dirname(createRequire(join(sdk, 'package.json')).resolve('undici/package.json'))
  await symlink(undici, join(folder, 'node_modules', 'undici'))
  const use = `console.log(typeof sdk.Ringhold.connect, typeof ring.Ring, typeof protocol.errorOf, typeof membership.mergeViews)`
  const entries = ['', '/ring', '/protocol', '/membership'].map((path) => `@ringhold/sdk${path}`)
  const names = ['sdk', 'ring', 'protocol', 'membership']
  const programs = {
    commonjs: names.map((name, index) => `const ${name} = require('${entries[index]}');`),
    module: names.map((name, index) => `import * as ${name} from '${entries[index]}';`),
  }
  for (const [type, lines] of Object.entries(programs)) {
    const program = [...lines, use].join('\n')
    const { stdout: said } = await run(process.execPath, [`--input-type=${type}`, '-e', program], { cwd: folder })
    t.equal(said.trim(), 'function function function function', type)
  }
})
