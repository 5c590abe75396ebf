import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { promisify } from 'node:util'
import { test } from 'tap'
import ts from 'typescript'
import { settingsOf } from '#sdk/options.js'
import { type ErrorEntry, errorTable } from '#sdk/protocol/index.js'
import { smallFleet } from './small-fleet.ts'

const run = promisify(execFile)
const readme = await readFile(new URL('../../../sdk/README.md', import.meta.url), 'utf8')

/** The rows of the table under a heading, as cells without back quotes. */
function tableOf(heading: string): string[][] {
  const section = readme.split(`\n## ${heading}\n`)[1]?.split('\n## ')[0] ?? ''
  const rows = section.split('\n').filter((line) => line.startsWith('| '))
  return rows
    .slice(1)
    .filter((row) => !row.startsWith('| --'))
    .map((row) =>
      row
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim().replace(/^`|`$/g, '')),
    )
}

test('the README says of every option and error what the code says', async (t) => {
  const { seeds, ...settings } = settingsOf({ nodes: 'http://a' })
  const options = tableOf('Options').map(([name = '', value = '']) => [name, value])
  const expected = Object.entries(settings).map(([name, value]) => [name, JSON.stringify(value).replaceAll('"', "'")])
  t.strictSame(options, [['nodes', '—'], ...expected])

  const table: Record<string, ErrorEntry> = errorTable
  const errors = tableOf('Errors')
  t.ok(errors.length > 10)
  for (const [code = '', retryable, executed] of errors) {
    t.same([table[code]?.retryable, table[code]?.executed], [retryable === 'yes', executed], code)
  }
})

test('the example of the README runs as it is printed', async (t) => {
  const fleet = await smallFleet(t)
  const example = /```ts\n(.*?)```/s.exec(readme)?.[1]?.replace('http://127.0.0.1:7001', fleet.urls[0] as string)
  const compilerOptions = { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext }
  const { outputText } = ts.transpileModule(example ?? '', { compilerOptions })
  const { stdout } = await run(process.execPath, ['--input-type=module', '-e', outputText])
  t.equal(stdout, "Ada\n[ 1, 'text', undefined ]\ntrue\n")
})
