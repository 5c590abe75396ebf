import { execFile } from 'node:child_process'
import { resolve } from 'node:path'
import { promisify } from 'node:util'
import { test } from 'tap'

const root = resolve(import.meta.dirname, '../..')

test('the tables of variables and errors in the README are those of the code', async (t) => {
  await t.resolves(promisify(execFile)(process.execPath, ['scripts/readme-tables.js', '--check'], { cwd: root }))
})
