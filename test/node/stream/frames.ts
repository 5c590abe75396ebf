/** What a client says and hears, as bytes and as plain values. */
import {
  type Command,
  defaultLimits,
  FrameReader,
  FrameWriter,
  frameTypes,
  isAnswer,
  RingholdError,
  readAnswer,
  readHello,
  readRing,
  writeCommand,
  writeHello,
} from '#sdk/protocol/index.js'

/** Heard is a frame of a node: the answer to the command of an id, or news. */
export interface Heard {
  readonly id: number
  /** Type of the outcome, code of the error, or name of the news. */
  readonly said: string
  readonly value?: string
  readonly detail?: string | undefined
}

const set = (key: string, value: string | Uint8Array): Command => {
  return { type: 'set', cache: 'default', key, value: Buffer.from(value), contentType: 'text/plain' }
}
const get = (key: string): Command => ({ type: 'get', cache: 'default', key })
const remove = (key: string): Command => ({ type: 'delete', cache: 'default', key })
export const commands = { set, get, remove }

/** helloBytes is a client's greeting. */
export function helloBytes(valueBytesMax: number = defaultLimits.valueBytesMax): Uint8Array {
  const writer = new FrameWriter()
  writeHello(writer, { limits: { ...defaultLimits, valueBytesMax }, name: '', ring: '' })
  return writer.take()
}

/** bytesOf is commands with the ids from `firstId`. */
export function bytesOf(list: readonly Command[], { firstId = 1, isDirect = true } = {}): Uint8Array {
  const writer = new FrameWriter()
  for (const [index, command] of list.entries()) writeCommand(writer, command, { id: firstId + index, isDirect })
  return writer.take()
}

/** Listener puts what a node says together, from any chunks. */
export class Listener {
  readonly heard: Heard[] = []
  readonly #reader = new FrameReader({ frameBytesMax: 2e7, fault: 'RINGHOLD_BAD_REPLY' })

  receive(chunk: Uint8Array): void {
    this.#reader.feed(chunk)
    while (this.#reader.next()) this.heard.push(this.#read())
  }

  /** answers are what came with an id. */
  get answers(): Heard[] {
    return this.heard.filter(({ id }) => id > 0)
  }

  #read(): Heard {
    const { id, type } = this.#reader
    if (isAnswer(type)) {
      const answer = readAnswer(this.#reader)
      if (answer instanceof RingholdError) return { id, said: answer.code, detail: answer.facts.detail }
      const value = answer.type === 'hit' ? { value: Buffer.from(answer.value).toString() } : {}
      return { id, said: answer.type, ...value }
    }
    if (type === frameTypes.hello) return { id, said: `hello ${readHello(this.#reader).ring}` }
    if (type === frameTypes.ring) return { id, said: `ring ${readRing(this.#reader)}` }
    return { id, said: Object.entries(frameTypes).find(([, number]) => number === type)?.[0] ?? String(type) }
  }
}
