import { execFileSync } from 'node:child_process'
import { statSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { test } from 'tap'

/** Lists what the engine is given to compile while a process imports what a node imports. */
const listing = `
  import { Session } from 'node:inspector'
  const urls = []
  const session = new Session()
  session.connect()
  session.on('Debugger.scriptParsed', ({ params }) => urls.push(params.url))
  session.post('Debugger.enable')
  await import(${JSON.stringify(new URL(import.meta.resolve('#node/node-process.js')).href)})
  console.log(JSON.stringify({
    files: urls.filter((url) => url.startsWith('file:') && !url.endsWith(']')),
    builtIns: process.moduleLoadList.map((name) => name.split(' ')[1]),
  }))
`

function loaded(): { files: string[]; builtIns: string[] } {
  const output = execFileSync(process.execPath, ['--input-type=module', '--eval', listing], { env: {} })
  const { files, builtIns } = JSON.parse(output.toString()) as { files: string[]; builtIns: string[] }
  return { files: files.map((url) => fileURLToPath(url)), builtIns }
}

test('a node loads no more code than it has memory for: each MiB of it takes four', async (t) => {
  const { files, builtIns } = loaded()
  const ofPackage = (name: string) => files.filter((file) => file.includes(`/node_modules/${name}/`))
  t.ok(ofPackage('fastify').length > 0, 'the list is one')
  t.strictSame(ofPackage('undici'), [], 'an HTTP client is part of Node')
  t.strictSame(ofPackage('typebox'), [], 'schemas are data')
  t.ok(builtIns.includes('http'), 'the list is one')
  t.strictSame(
    builtIns.filter((name) => name.includes('undici')),
    [],
    'and it has a client of its own, which nobody needs either',
  )
  const bytes = files.reduce((sum, file) => sum + statSync(file).size, 0)
  t.comment(`${files.length} files, ${bytes} bytes`)
  t.ok(bytes < 2_000_000, `${bytes} bytes in ${files.length} files`)
})
