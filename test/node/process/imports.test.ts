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
  console.log(JSON.stringify(urls.filter((url) => url.startsWith('file:') && !url.endsWith(']'))))
`

function loadedFiles(): string[] {
  const output = execFileSync(process.execPath, ['--input-type=module', '--eval', listing], { env: {} })
  return (JSON.parse(output.toString()) as string[]).map((url) => fileURLToPath(url))
}

test('a node loads no more code than it has memory for: each MiB of it takes four', async (t) => {
  const files = loadedFiles()
  const ofPackage = (name: string) => files.filter((file) => file.includes(`/node_modules/${name}/`))
  t.ok(ofPackage('fastify').length > 0, 'the list is one')
  t.strictSame(ofPackage('undici'), [], 'an HTTP client is part of Node')
  t.strictSame(ofPackage('typebox'), [], 'schemas are data')
  const bytes = files.reduce((sum, file) => sum + statSync(file).size, 0)
  t.comment(`${files.length} files, ${bytes} bytes`)
  t.ok(bytes < 2_000_000, `${bytes} bytes in ${files.length} files`)
})
