/** Traces: sequences of object numbers, from files and made up, with a size for each object. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { random } from './random.ts'

export interface Trace {
  readonly name: string
  /** Objects numbered from 0 without gaps. */
  readonly accesses: Int32Array
  readonly objects: number
  /** Size of an object as a multiple of the mean. */
  readonly weight: (object: number) => number
}

const evenly = (_object: number): number => 1

/** fileTrace reads gzipped 32-bit big-endian numbers, the first `accessesMax` of them. */
export function fileTrace(folder: string, name: string, accessesMax: number): Trace | undefined {
  const path = join(folder, `${name}.u32be.gz`)
  if (!existsSync(path)) return undefined
  const bytes = gunzipSync(readFileSync(path))
  const accesses = new Float64Array(Math.min(accessesMax, bytes.length / 4))
  for (let index = 0; index < accesses.length; index++) accesses[index] = bytes.readUInt32BE(4 * index)
  return numbered(name, accesses, evenly)
}

/** syntheticTraces are patterns that policies tell apart by: what is popular, a scan, a loop, a drift, phases. */
export function syntheticTraces(accesses: number): Trace[] {
  const next = random(42)
  const zipf = zipfian(15_000, 0.9, next)
  const narrow = zipfian(3_000, 0.8, next)
  const make = (name: string, object: (index: number) => number, weight = evenly): Trace =>
    numbered(
      name,
      Float64Array.from({ length: accesses }, (_, index) => object(index)),
      weight,
    )
  let scanned = 1e6
  let scanLeft = 0
  return [
    make('scan-polluted', () => {
      if (scanLeft === 0 && next() < 0.0005) scanLeft = 1_000
      if (scanLeft === 0) return zipf()
      scanLeft--
      return scanned++
    }),
    // Most objects small, a few up to sixty times as large as the median.
    make('size-mixed', zipf, (object) => 0.25 * 2 ** (6 * ((Math.imul(object, 0x9e3779b1) >>> 8) / 2 ** 24) ** 2)),
    make('loop and zipf', (index) => (index % 2 === 0 ? narrow() : 1e6 + ((index >>> 1) % 4_000))),
    make('drift', (index) => 1e6 + Math.floor(index / 40) - narrow()),
    make('phases', (index) => narrow() + 3_000 * Math.floor((index * 5) / accesses)),
  ]
}

/** zipfian draws numbers from 0 to below `count` with the probability of rank to the power of −`skew`. */
export function zipfian(count: number, skew: number, next: () => number): () => number {
  const sums = new Float64Array(count)
  let sum = 0
  for (let rank = 0; rank < count; rank++) {
    sum += (rank + 1) ** -skew
    sums[rank] = sum
  }
  return () => {
    const wanted = next() * sum
    let [low, high] = [0, count - 1]
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((sums[middle] as number) < wanted) low = middle + 1
      else high = middle
    }
    return low
  }
}

function numbered(name: string, raw: Float64Array, weight: (object: number) => number): Trace {
  const numbers = new Map<number, number>()
  const accesses = new Int32Array(raw.length)
  for (const [index, object] of raw.entries()) {
    const number = numbers.get(object) ?? numbers.size
    if (number === numbers.size) numbers.set(object, number)
    accesses[index] = number
  }
  return { name, accesses, objects: numbers.size, weight }
}
