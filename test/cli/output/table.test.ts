import { test } from 'tap'
import { bytesText, countText, percentText, plural, secondsText } from '#cli/output/figures.js'
import { tableOf } from '#cli/output/table.js'

test('columns are as wide as their widest cell, numbers stand to the right, no line ends in spaces', async (t) => {
  const columns = [{ title: 'NODE' }, { title: 'ENTRIES', align: 'right' }, { title: 'NOTE' }] as const
  const rows = [
    ['node-1', '1,003', 'ok'],
    ['n', '-', ''],
  ]
  t.equal(tableOf(columns, rows), ['NODE    ENTRIES  NOTE', 'node-1    1,003  ok', 'n             -'].join('\n'))
})

test('colours do not count for the width, and missing cells are empty', async (t) => {
  const columns = [{ title: 'S' }, { title: 'T' }]
  t.equal(
    tableOf(columns, [['\u001b[32malive\u001b[39m', 'x'], ['dead']]),
    'S      T\n\u001b[32malive\u001b[39m  x\ndead',
  )
})

test('figures read well and are the same on every machine', async (t) => {
  const rows: [shown: string, expected: string][] = [
    [countText(1234567), '1,234,567'],
    [bytesText(0), '0 B'],
    [bytesText(1023), '1023 B'],
    [bytesText(1024), '1.00 KiB'],
    [bytesText(123_456), '121 KiB'],
    [bytesText(1024 * 1024 - 1), '1.00 MiB'],
    [bytesText(12.5 * 1024 ** 3), '12.5 GiB'],
    [percentText(1.034), '103.4 %'],
    [secondsText(1234), '1.23 s'],
    [plural(1, 'node'), '1 node'],
    [plural(2, 'node'), '2 nodes'],
    [plural(0, 'entry', 'entries'), '0 entries'],
  ]
  for (const [shown, expected] of rows) t.equal(shown, expected)
})
