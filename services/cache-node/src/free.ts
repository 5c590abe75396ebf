/**
 * Giving memory back at once. What Node allocates for each read of a socket lies about until the garbage collector comes,
 * which goes by the small objects that stand for it: up to 32 MiB on Node 20, 128 MiB on Node 24. Memory that is
 * transferred to a closed port is nobody's any more, by the standard, and the engine gives it back before it returns.
 * What it costs: from the first transfer on, the engine looks at each use of a typed array whether it was transferred, 3 % of
 * the processor time of a small command.
 */
import type { IncomingMessage } from 'node:http'
import { Socket } from 'node:net'
import { MessageChannel } from 'node:worker_threads'

/** Less is not worth the call, which takes one or two microseconds. */
const bytesMin = 16_384

/**
 * What was read is given back where it held fewer things than one for each so many bytes: the objects of more have the
 * collector come soon enough, and a process that has never given memory back reads and writes bytes a little faster.
 */
const bytesPerThingMin = 2_048

const { port1: nowhere } = new MessageChannel()
nowhere.close()

/** free gives back the memory of bytes that nobody needs any more, if it is large and all theirs; they have no length after that. */
export function free({ byteLength, buffer }: Uint8Array): void {
  if (byteLength < bytesMin || byteLength !== buffer.byteLength || !(buffer instanceof ArrayBuffer)) return
  nowhere.postMessage(undefined, [buffer])
}

/** freeRead gives back what was read, and held so many commands or copies, where that is worth it. */
export function freeRead(chunk: Uint8Array, things: number): void {
  if (chunk.length > bytesPerThingMin * things) free(chunk)
}

/** isFromWire tells whether what is read of a request was allocated for it: where one is injected, it is the caller's. */
export function isFromWire({ socket }: IncomingMessage): boolean {
  return socket instanceof Socket
}
