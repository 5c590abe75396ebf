/**
 * Lent reads: what an accepted socket reads goes to whoever listens out of one buffer for the whole process, which the
 * next read overwrites. By itself Node allocates 64 KiB for every read, however little that brings, passes it through a
 * readable stream and leaves it to the garbage collector: a quarter of what a node takes for a lone command.
 *
 * net.connect() has an option for that, `onread`; for a connection that a server accepted there is none, as of Node 24.
 * So a socket is given what the option would have given it. Where a version of Node has these parts no more, chunks come
 * as 'data', which listeners must therefore take all the same.
 */
import { type OnReadOpts, Socket, type SocketConstructorOpts } from 'node:net'
import type { Duplex } from 'node:stream'

/** What Node reads at a time by itself. */
const readBytes = 65_536

const buffer = Buffer.allocUnsafeSlow(readBytes)
/** The option works for any socket; its types know only of connect(). */
const options: SocketConstructorOpts & { readonly onread: OnReadOpts } = { onread: { buffer, callback: () => true } }
const model = new Socket(options)
const [bufferKey, callbackKey] = ['kBuffer', 'kBufferCb'].map((name) =>
  Object.getOwnPropertySymbols(model).find(({ description }) => description === name),
)

interface Lending extends Duplex {
  _handle?: { useUserBuffer?: (buffer: Uint8Array) => void }
  [key: symbol]: unknown
}

/**
 * lendReads has what a socket reads from now on go to `receive`, each chunk good until that returns. What was read before
 * still comes as 'data'. False, and nothing has changed, where reads cannot be lent: then everything does.
 */
export function lendReads(socket: Duplex, receive: (chunk: Uint8Array) => void): boolean {
  const lending = socket as Lending
  const { _handle: handle } = lending
  if (bufferKey === undefined || callbackKey === undefined || typeof handle?.useUserBuffer !== 'function') return false
  lending[bufferKey] = buffer
  lending[callbackKey] = (length: number) => {
    receive(new Uint8Array(buffer.buffer, 0, length))
    return true
  }
  handle.useUserBuffer(buffer)
  return true
}
