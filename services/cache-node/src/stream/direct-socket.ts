/**
 * A direct socket reads into memory of our choice. By itself Node reads into 64 KiB that it allocates anew for every read,
 * which lie about until the garbage collector comes: tens of megabytes under load. `onread` does without, but has to be
 * said when a socket is made, and the sockets of a server are made by Node. So the connection gets another socket.
 *
 *      socket (of the server: counted, closed with the other one) ──connection──► direct socket
 *
 * Where Node does not let its connection go, or reads ahead of time (Windows does), the caller reads as usual.
 */
import { Socket } from 'node:net'
import type { Duplex } from 'node:stream'

export interface Reading {
  /** Where the next bytes go; asked before the first read and after each. */
  readonly target: () => Uint8Array
  /** Called with how many bytes were put into what target returned last. */
  readonly filled: (bytes: number, target: Uint8Array) => void
}

export interface DirectSocket {
  readonly socket: Socket
  /** What had been read before. */
  readonly head: Uint8Array | undefined
}

/** What Node's sockets have of the connection they belong to. */
interface Connected {
  _handle?: { readonly useUserBuffer?: unknown } | null
}

/** directSocket takes a connection over; undefined: it cannot be, and nothing has changed. */
export function directSocket(socket: Duplex, { target, filled }: Reading): DirectSocket | undefined {
  const connected = socket as Duplex & Connected
  const { _handle: handle } = connected
  if (process.platform === 'win32' || !(socket instanceof Socket) || socket.writableLength > 0) return undefined
  if (typeof handle?.useUserBuffer !== 'function') return undefined
  const head: Uint8Array | undefined = socket.read() ?? undefined
  connected._handle = null
  const callback = (bytes: number, buffer: Uint8Array): boolean => {
    filled(bytes, buffer)
    return true
  }
  const options = { handle, allowHalfOpen: true, onread: { buffer: target, callback } }
  const direct = new Socket(options)
  direct.on('close', () => socket.destroy())
  return { socket: direct, head }
}
