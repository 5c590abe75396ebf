/**
 * Tables as plain text: columns as wide as their widest cell, two spaces between, numbers to the right, nothing drawn.
 *
 *      NODE    STATUS  ENTRIES
 *      node-1  alive     1,003
 *      node-2  dead          -
 */
import { stripVTControlCharacters } from 'node:util'

export interface Column {
  readonly title: string
  /** Default: 'left'. */
  readonly align?: 'left' | 'right'
}

const gap = '  '

/** tableOf lays out rows under columns. Missing cells are empty; colours do not count for the width. */
export function tableOf(columns: readonly Column[], rows: readonly (readonly string[])[]): string {
  const lines = [columns.map(({ title }) => title), ...rows]
  const widths = columns.map((_, at) => Math.max(...lines.map((line) => widthOf(line[at] ?? ''))))
  return lines.map((line) => layOut(line, columns, widths)).join('\n')
}

function layOut(line: readonly string[], columns: readonly Column[], widths: readonly number[]): string {
  const cells = columns.map(({ align = 'left' }, at) => {
    const cell = line[at] ?? ''
    const padding = ' '.repeat((widths[at] as number) - widthOf(cell))
    return align === 'right' ? padding + cell : cell + padding
  })
  return cells.join(gap).trimEnd()
}

function widthOf(cell: string): number {
  return [...stripVTControlCharacters(cell)].length
}
