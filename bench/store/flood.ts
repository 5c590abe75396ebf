/** Flood: as many keys with one and the same token as a store can be sent, against keys of all tokens. */
import { ByteStore } from '#node/store/byte-store.js'
import { Request } from './requests.ts'

const bytesMax = 256 * 2 ** 20
const rounds = 5

export interface FloodResult {
  readonly randomProbes: number
  readonly floodProbes: number
  readonly randomNs: number
  readonly floodNs: number
}

export function flood(keys: number): FloodResult {
  const request = new Request()
  const value = new Uint8Array(16)
  const [random, flooded] = [fill(() => request.token), fill(() => 4_711)]
  return {
    randomProbes: random.longestProbe,
    floodProbes: flooded.longestProbe,
    randomNs: random.readNs,
    floodNs: flooded.readNs,
  }

  function fill(tokenOf: () => number): { longestProbe: number; readNs: number } {
    const store = new ByteStore({ bytesMax, secret: [11, 12], now: 0 })
    const place = () => ({ token: tokenOf(), cache: 'default', key: request.key })
    for (let key = 0; key < keys; key++) {
      request.ask(key)
      store.write(place(), { value, contentType: 'a/b', version: key + 1, expiresAt: undefined }, 0)
    }
    let readNs = Number.POSITIVE_INFINITY
    for (let round = 0; round < rounds; round++) {
      const started = performance.now()
      for (let key = 0; key < keys; key++) {
        request.ask(key)
        if (store.read(place(), 0) === undefined) throw new Error(`key ${key} is lost`)
      }
      readNs = Math.min(readNs, ((performance.now() - started) * 1e6) / keys)
    }
    return { longestProbe: store.longestProbe(), readNs }
  }
}
