/** Hit ratios of the engine and of simulated policies on the same traces with the same room in bytes. */
import { bytesMaxMin } from '#node/store/byte-store.js'
import { Engine, engineOverheadBytes } from './policies/engine.ts'
import { Lru } from './policies/lru.ts'
import type { Policy } from './policies/policy.ts'
import { S3Fifo } from './policies/s3-fifo.ts'
import { Sieve } from './policies/sieve.ts'
import { WTinyLfu } from './policies/w-tiny-lfu.ts'
import type { Trace } from './traces.ts'

const shares = [0.01, 0.05, 0.1, 0.2]
const valueBytesMin = 100
const valueBytesMax = 1_048_576
/** At 1 % of the objects three points of difference are allowed, else one. */
const toleranceOf = (share: number): number => (share < 0.05 ? 3 : 1)

export interface HitRatioRow {
  readonly trace: string
  readonly share: number
  /** Per cent of the accesses. */
  readonly ratios: { readonly [policy: string]: number }
  /** Engine minus the best of the simulated ones, in points. */
  readonly lead: number
  readonly isGood: boolean
}

/** hitRatios runs a trace with room for four shares of its objects. Values are sized so that the smallest budget fits. */
export function hitRatios(trace: Trace): HitRatioRow[] {
  const meanBytes = Math.max(valueBytesMin, Math.ceil(bytesMaxMin / (trace.objects * (shares[0] as number))))
  const sizes = Uint32Array.from({ length: trace.objects }, (_, object) => {
    const bytes = Math.round(meanBytes * trace.weight(object))
    return Math.min(valueBytesMax, Math.max(2 * engineOverheadBytes, (bytes + 3) & ~3))
  })
  const total = sizes.reduce((sum, bytes) => sum + bytes, 0)
  const largest = sizes.reduce((max, bytes) => Math.max(max, bytes), 0)
  return shares.map((share) => {
    const bytesMax = Math.max(bytesMaxMin, Math.floor(total * share))
    const run = (policy: Policy): number => percentOf(policy, trace, sizes)
    const ratios = {
      lru: run(new Lru(bytesMax)),
      sieve: run(new Sieve(bytesMax, trace.objects)),
      's3-fifo': run(new S3Fifo(bytesMax, trace.objects)),
      'w-tinylfu': run(new WTinyLfu(bytesMax, trace.objects * share * 4)),
      engine: run(new Engine(bytesMax, largest)),
    }
    const lead = ratios.engine - Math.max(ratios.lru, ratios.sieve, ratios['s3-fifo'], ratios['w-tinylfu'])
    return { trace: trace.name, share, ratios, lead, isGood: lead >= -toleranceOf(share) }
  })
}

function percentOf(policy: Policy, { accesses }: Trace, sizes: Uint32Array): number {
  let hits = 0
  for (const object of accesses) if (policy.access(object, sizes[object] as number)) hits++
  return (100 * hits) / accesses.length
}
