/**
 * Giving memory back at once. Large pieces that Node allocates for what it reads lie about until the garbage collector
 * comes, which counts the small objects that stand for them: tens of megabytes under load.
 */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

/** Less is not worth the call. */
const bytesMin = 16_384

type Transfer = (this: ArrayBufferLike, bytes: number) => ArrayBuffer

/** Node 20 has it, but does not show it to contexts that are older than the flag. */
function transferOf(): Transfer | undefined {
  const { transfer } = ArrayBuffer.prototype as { transfer?: Transfer }
  if (transfer !== undefined) return transfer
  setFlagsFromString('--harmony-rab-gsab-transfer')
  return runInNewContext('ArrayBuffer.prototype.transfer') as Transfer | undefined
}

const transfer = transferOf()

/** free gives back the memory of bytes that nobody needs any more, if it is large and all theirs; they have no length after that. */
export function free(bytes: Uint8Array): void {
  if (bytes.byteLength < bytesMin || bytes.byteLength !== bytes.buffer.byteLength) return
  transfer?.call(bytes.buffer, 0)
}
