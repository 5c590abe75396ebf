/**
 * Writes the tables of the README that follow from the code: the variables of a node and the error codes.
 *
 *      node scripts/readme-tables.js           writes them
 *      node scripts/readme-tables.js --check   exits with 1 where README and code differ
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { variables } from '@ringhold/cache-node/config'
import { errorTable } from '@ringhold/sdk/protocol'

const readme = new URL('../README.md', import.meta.url)
const tables = { config: configTable(), errors: errorsTable() }

const before = readFileSync(readme, 'utf8')
const after = Object.entries(tables).reduce(replaceBetweenMarks, before)
if (process.argv.includes('--check')) {
  if (before !== after) fail('README.md differs from the code: run `npm run docs`')
} else writeFileSync(readme, after)

function replaceBetweenMarks(text, [name, table]) {
  const marks = new RegExp(`(<!-- ${name} -->\n)(?:.*?)(<!-- /${name} -->)`, 's')
  if (!marks.test(text)) fail(`README.md has no marks for the table of ${name}`)
  return text.replace(marks, (_, open, close) => `${open}${table}${close}`)
}

function configTable() {
  const rows = Object.entries(variables.properties).map(([name, { description, default: value }]) => {
    const [, text, inText] = /^(.*?)(?: \(default: (.*)\))?$/.exec(description)
    const fallback = inText ?? (value === '' ? 'empty' : `\`${value}\``)
    return [`\`${name}\``, text, fallback]
  })
  return tableOf(['variable', 'meaning', 'default'], rows)
}

function errorsTable() {
  const rows = Object.entries(errorTable).map(([code, { status, title, advice, retryable, executed }]) => {
    return [`\`${code}\``, status ?? '–', title, advice, retryable ? 'yes' : 'no', executed]
  })
  return tableOf(['code', 'status', 'meaning', 'what to do', 'try again', 'executed'], rows)
}

function tableOf(head, rows) {
  const lines = [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.map(escapeCell).join(' | ')} |\n`)
  return lines.join('')
}

function escapeCell(cell) {
  return String(cell).replaceAll('|', '\\|')
}

function fail(message) {
  process.stderr.write(`${message}\n`)
  process.exit(1)
}
