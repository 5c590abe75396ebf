/** Colours, where the stream is a terminal and NO_COLOR does not forbid them; the text itself always says it all. */
import type { Writable } from 'node:stream'
import { styleText } from 'node:util'
import type { Status } from '@ringhold/sdk/membership'

type Style = Parameters<typeof styleText>[0]

const styles: Record<Status | 'unreachable', Style> = {
  joining: 'yellow',
  alive: 'green',
  suspect: 'yellow',
  leaving: 'yellow',
  dead: 'red',
  left: 'gray',
  unreachable: 'red',
}

export type Painter = (style: Style, text: string) => string

/** painterFor returns what colours text for a stream. */
export function painterFor(stream: Writable): Painter {
  return (style, text) => styleText(style, text, { stream })
}

/** statusCell is the word of a status in its colour. */
export function statusCell(paint: Painter, status: Status | 'unreachable'): string {
  return paint(styles[status], status)
}
