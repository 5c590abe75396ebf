/**
 * Role change: a full store of which a fifth of the tokens change hands, as when a node joins or dies. Their entries move to
 * the log of their new role in slices, between which a node serves; compaction has to win the room for each of them.
 */
import { ByteStore } from '#node/store/byte-store.js'
import { random } from './random.ts'
import { Request } from './requests.ts'

const valueBytesMax = 200
/** A value of mean size with key and header. */
const entryBytes = 140
const isMovedEvery = 5

export interface RoleChangeResult {
  readonly entries: number
  readonly slices: number
  /** Processor time of slices, in milliseconds: what of the delay is the store's own. */
  readonly p50CpuMs: number
  readonly p99CpuMs: number
  readonly longestCpuMs: number
  readonly allCpuMs: number
  readonly compactedBytes: number
}

export function roleChange({ bytesMax }: { bytesMax: number }): RoleChangeResult {
  const store = new ByteStore({ bytesMax, secret: [1, 2], now: 0 })
  const request = new Request()
  const value = new Uint8Array(valueBytesMax).fill(3)
  const next = random(9)
  const keys = Math.floor((bytesMax / entryBytes) * 1.6)
  // Squared: some keys are written again and again, so that entries of all ages have holes between them.
  for (let version = 1; version <= keys * 2.5; version++) {
    request.ask(Math.floor(next() ** 2 * keys))
    const place = { token: request.token, cache: request.cache, key: request.key }
    const bytes = value.subarray(0, Math.floor(next() * valueBytesMax))
    store.write(place, { value: bytes, contentType: 'a/b', version, expiresAt: undefined }, 0)
  }
  const { entries, compactedBytes: before } = store.stats(0)
  store.coordinate((token) => token % isMovedEvery !== 0)
  const slices: number[] = []
  for (let isMore = true; isMore; ) {
    const begun = process.cpuUsage()
    isMore = store.settle()
    const { user, system } = process.cpuUsage(begun)
    slices.push((user + system) / 1_000)
  }
  slices.sort((a, b) => a - b)
  const at = (share: number) => slices[Math.floor((slices.length - 1) * share)] as number
  return {
    ...{ entries, slices: slices.length, p50CpuMs: at(0.5), p99CpuMs: at(0.99), longestCpuMs: at(1) },
    allCpuMs: slices.reduce((sum, ms) => sum + ms, 0),
    compactedBytes: store.stats(0).compactedBytes - before,
  }
}
