/**
 * A wire is a TCP connection whose bytes are read into one buffer, again and again: who receives them takes what it needs
 * before it returns. By itself Node allocates 64 KiB for every read of a socket, however little that brings, passes it
 * through a readable stream and leaves it to the garbage collector. Where reads bring few answers that was a tenth of the
 * client's processor time.
 */
import { connect, type Socket } from 'node:net'

/** What Node reads at a time by itself. */
const readBytes = 65_536

/** Receive takes a chunk, which is good until it returns. */
export type Receive = (chunk: Uint8Array) => void

export class Wire {
  readonly socket: Socket
  // Until somebody listens, chunks go where those of any socket go: Node's HTTP client waits for them there.
  #receive: Receive = (chunk) => this.socket.emit('data', Buffer.from(chunk))

  constructor({ host, port }: { readonly host: string; readonly port: number }) {
    const buffer = Buffer.allocUnsafeSlow(readBytes)
    const callback = (length: number) => {
      this.#receive(buffer.subarray(0, length))
      return true
    }
    this.socket = connect({ host, port, onread: { buffer, callback } })
  }

  /** listen has all chunks from now on go to `receive`. */
  listen(receive: Receive): void {
    this.#receive = receive
  }
}
