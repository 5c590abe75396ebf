/**
 * Pure code decides, shells act. This test reads the sources and proves that the pure folders know neither clock nor
 * chance nor the outside world, and that the ring, which k6 and browsers load as it is, imports nothing at all.
 */
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { fileURLToPath } from 'node:url'
import { test } from 'tap'
import ts from 'typescript'

const root = fileURLToPath(new URL('../../', import.meta.url))

const ring = 'sdk/src/ring'
const pure = [
  ring,
  'sdk/src/protocol',
  'sdk/src/membership',
  'sdk/src/router.ts',
  'services/cache-node/src/clock',
  'services/cache-node/src/copies',
  'services/cache-node/src/core',
  'services/cache-node/src/membership',
  'services/cache-node/src/store',
]
const purePackages = /^@ringhold\/sdk\/(ring|protocol|membership)$/

/** What tells the time, draws lots, waits or reaches out. */
const impure = new Set([
  ...['Date', 'performance', 'process', 'require', 'globalThis', 'fetch', 'crypto', 'WebSocket', 'console'],
  ...['setTimeout', 'setInterval', 'setImmediate', 'queueMicrotask'],
])

/** What not every engine has, or computes to other bits. */
const unportable = new Set(['Buffer', 'TextEncoder', 'TextDecoder', 'BigInt', 'URL', 'localeCompare', 'Intl'])
const exactMath = new Set(['imul', 'ceil', 'floor', 'max', 'min', 'abs', 'trunc', 'clz32'])

interface Source {
  readonly path: string
  readonly text: string
}

/** offences lists what a pure source must not contain, as sentences. Comments and texts may say what they like. */
function offences({ path, text }: Source): string[] {
  const found: string[] = []
  const file = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true)
  const visit = (node: ts.Node): void => {
    if (ts.isIdentifier(node) && impure.has(node.text) && !isNameOfOwn(node))
      found.push(`${path} mentions ${node.text}`)
    if (ts.isIdentifier(node) && node.text === 'Math' && !isUsedPurely(node)) found.push(`${path} mentions Math.random`)
    if (ts.isMetaProperty(node)) found.push(`${path} mentions ${node.getText()}`)
    if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
      found.push(`${path} imports dynamically`)
    }
    if ((ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) && node.moduleSpecifier) {
      const specifier = (node.moduleSpecifier as ts.StringLiteral).text
      if (!isPureImport(path, specifier)) found.push(`${path} imports ${specifier}`)
    }
    ts.forEachChild(node, visit)
  }
  visit(file)
  return found
}

/** What a thing of ours is called is no concern: `shelf.fetch`, or the method of that name. */
function isNameOfOwn(name: ts.Identifier): boolean {
  const use = name.parent
  if (ts.isPropertyAccessExpression(use)) return use.name === name
  return (
    (ts.isMethodDeclaration(use) || ts.isPropertyAssignment(use) || ts.isPropertySignature(use)) && use.name === name
  )
}

/** Math may be used for its functions except random, not handed round. */
function isUsedPurely(math: ts.Identifier): boolean {
  const use = math.parent
  return ts.isPropertyAccessExpression(use) && use.expression === math && use.name.text !== 'random'
}

/** portabilityOffences lists what would not run, or not give the same bits, in k6 and in browsers. */
function portabilityOffences({ path, text }: Source): string[] {
  const found: string[] = []
  const visit = (node: ts.Node): void => {
    if (ts.isIdentifier(node) && unportable.has(node.text)) found.push(`${path} mentions ${node.text}`)
    if (ts.isBigIntLiteral(node)) found.push(`${path} has the bigint ${node.text}`)
    if (ts.isPropertyAccessExpression(node) && node.expression.getText() === 'Math' && !exactMath.has(node.name.text)) {
      found.push(`${path} uses Math.${node.name.text}`)
    }
    if ((ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) && node.moduleSpecifier) {
      const specifier = (node.moduleSpecifier as ts.StringLiteral).text
      if (!/^\.\/[a-z-]+\.ts$/.test(specifier)) found.push(`${path} imports ${specifier}`)
    }
    ts.forEachChild(node, visit)
  }
  visit(ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true))
  return found
}

function isPureImport(path: string, specifier: string): boolean {
  if (purePackages.test(specifier)) return true
  if (!specifier.startsWith('.')) return false
  const target = normalize(join(dirname(path), specifier))
  return pure.some((place) => target === place || target.startsWith(`${place}/`))
}

function sourcesIn(place: string): Source[] {
  if (statSync(join(root, place)).isFile()) return [{ path: place, text: readFileSync(join(root, place), 'utf8') }]
  return readdirSync(join(root, place), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => ({ path: `${place}/${name}`, text: readFileSync(join(root, place, name), 'utf8') }))
}

for (const place of pure) {
  test(`${place} is pure`, async (t) => {
    const sources = sourcesIn(place)
    t.ok(sources.length > 0, 'it is where this test looks for it')
    t.strictSame(sources.flatMap(offences), [])
  })
}

test('the ring imports nothing from outside its folder and uses whole-number arithmetic only', async (t) => {
  t.strictSame(sourcesIn(ring).flatMap(portabilityOffences), [])
})

test('the check sees each kind of offence, and no offence in comments, texts and pure imports', async (t) => {
  const rows: [code: string, offence: string | undefined][] = [
    ['const now = Date.now()', 'mentions Date'],
    ['const now = performance.now()', 'mentions performance'],
    ['const lot = Math.random()', 'mentions Math.random'],
    ['const { random } = Math', 'mentions Math.random'],
    ['const lot = random()', undefined],
    ['setTimeout(run, 5)', 'mentions setTimeout'],
    ['const port = process.env.PORT', 'mentions process'],
    ['const here = import.meta.url', 'mentions import.meta'],
    ["import { readFileSync } from 'node:fs'", 'imports node:fs'],
    ["import fastify from 'fastify'", 'imports fastify'],
    ["export { request } from 'undici'", 'imports undici'],
    ["import type { Logger } from 'pino'", 'imports pino'],
    ["const late = import('undici')", 'imports dynamically'],
    ["import { connect } from '../connection.ts'", 'imports ../connection.ts'],
    ["import { Ring } from '../ring/index.ts'", undefined],
    ["import { Ring } from '@ringhold/sdk/ring'", undefined],
    ["// The process calls Date.now and setTimeout.\nconst text = 'process.env'", undefined],
  ]
  for (const [text, offence] of rows) {
    const path = 'sdk/src/protocol/sample.ts'
    t.strictSame(offences({ path, text }), offence === undefined ? [] : [`${path} ${offence}`], text)
  }
  const portability: [code: string, offence: string][] = [
    ['const bytes = Buffer.from(text)', 'mentions Buffer'],
    ['const wide = 1n', 'has the bigint 1n'],
    ['const score = Math.log(2)', 'uses Math.log'],
    ["import { View } from '../membership/view.ts'", 'imports ../membership/view.ts'],
  ]
  for (const [text, offence] of portability) {
    t.strictSame(
      portabilityOffences({ path: 'sdk/src/ring/sample.ts', text }),
      [`sdk/src/ring/sample.ts ${offence}`],
      text,
    )
  }
})
