/** The smallest store there is, for tests that need one. */
import { ByteStore, bytesMaxMin } from '#node/store/byte-store.js'

export const smallStoreBytes = bytesMaxMin

export function smallStore(now = 0): ByteStore {
  return new ByteStore({ bytesMax: smallStoreBytes, secret: [0x5ec1e7, 0x0f1e1d], now })
}
