/**
 * The store's benchmark: every figure that it is judged by, as ratios from one run.
 *
 *      npm run bench:store                    all of it: about ten minutes, 12 GiB of memory
 *      npm run bench:store -- --quick         a million entries, short runs: about two minutes
 *      npm run bench:store -- --only=memory,hits,pauses,roles,fuzz,flood     some of it
 *      npm run bench:store -- --traces=<folder>     with the traces there: gzipped 32-bit big-endian object numbers
 */
import { readdirSync } from 'node:fs'
import { giveUp, optionsOf } from '#chaos/options.js'
import { alone } from './alone.ts'
import { flood } from './flood.ts'
import { hitRatios } from './hit-ratios.ts'
import { sideBySide } from './sides.ts'
import { fileTrace, syntheticTraces } from './traces.ts'

const usage = 'npm run bench:store [-- --quick] [--only=memory,hits,pauses,roles,fuzz,flood] [--traces=<folder>]'
const options = optionsOf(usage, {
  quick: { type: 'boolean', default: false },
  only: { type: 'string', default: 'memory,flood,hits,fuzz,pauses,roles' },
  traces: { type: 'string' },
})
const isQuick = options.quick
const parts: Record<string, () => void | Promise<void>> = {
  memory,
  flood: floods,
  hits,
  fuzz: fuzzing,
  pauses: delays,
  roles,
}
for (const name of options.only.split(',')) {
  const part = parts[name]
  await (part ?? giveUp(usage, `there is no part ${name}`))()
}

async function memory(): Promise<void> {
  for (const entries of isQuick ? [1e6] : [1e6, 1e7]) {
    const sides = await sideBySide(['ringhold', 'map', 'lru-cache'], entries)
    const [ours, map] = sides
    if (ours === undefined || map === undefined) throw new Error('nothing was measured')
    heading(`${entries / 1e6} M entries, 19-byte keys, 100-byte values, from request bytes to response bytes`)
    console.table(
      Object.fromEntries(
        sides.map(({ name, bytesPerEntry, getNs, batchNs, setNs, collectionMs }) => [
          name,
          {
            'bytes an entry': Math.round(bytesPerEntry),
            'get, ns': Math.round(getNs),
            'get ÷ map': round(getNs / map.getNs),
            'batched get, ns': Math.round(batchNs),
            'batched ÷ map': round(batchNs / map.batchNs),
            'set, ns': Math.round(setNs),
            'set ÷ map': round(setNs / map.setNs),
            'full collection, ms': round(collectionMs),
          },
        ]),
      ),
    )
    bar('bytes an entry', ours.bytesPerEntry, 165)
    bar('full collection, ms', ours.collectionMs, 20)
    if (entries < 1e7) continue
    bar('get ÷ map, alone', ours.getNs / map.getNs, 1 / 3)
    bar('get ÷ map, of a batch of 32', ours.batchNs / map.batchNs, 1 / 3)
    bar('set ÷ map', ours.setNs / map.setNs, 1 / 2)
  }
}

function floods(): void {
  heading('100,000 keys that collide under the ring hash')
  const { randomProbes, floodProbes, randomNs, floodNs } = flood(100_000)
  console.log(`most slots a look-up reads: ${floodProbes}, random keys ${randomProbes}`)
  console.log(`read: ${Math.round(floodNs)} ns, random keys ${Math.round(randomNs)} ns`)
  bar('longest chain ÷ random', floodProbes / randomProbes, 1.25)
}

function hits(): void {
  heading('hit ratio in per cent, with room for a share of the objects')
  const accessesMax = isQuick ? 500_000 : Number.POSITIVE_INFINITY
  const names = options.traces === undefined ? [] : readdirSync(options.traces)
  const files = names.filter((name) => name.endsWith('.u32be.gz')).map((name) => name.slice(0, -'.u32be.gz'.length))
  const real = files.flatMap((name) => fileTrace(options.traces as string, name, accessesMax) ?? [])
  const rows = [...real, ...syntheticTraces(isQuick ? 200_000 : 400_000)].flatMap(hitRatios)
  console.table(
    rows.map(({ trace, share, ratios, lead, isGood }) => ({
      trace,
      'room, %': share * 100,
      ...Object.fromEntries(Object.entries(ratios).map(([name, ratio]) => [name, round(ratio)])),
      'lead on the best': round(lead),
      good: isGood,
    })),
  )
  bar('rows too far below the best', rows.filter(({ isGood }) => !isGood).length, 0)
}

async function fuzzing(): Promise<void> {
  heading('sizes of 1 byte to 1 MiB in a full store, every value checked')
  const bytesMax = 64 * 2 ** 20
  const result = await alone('fuzz', { bytesMax, forMs: isQuick ? 10_000 : 60_000, seed: Date.now() & 0xffff })
  console.log(result)
  bar('resident set, MiB', result.rssMaxBytes / 2 ** 20, (bytesMax * 1.15) / 2 ** 20 + 100)
}

async function delays(): Promise<void> {
  const entries = isQuick ? 1e6 : 1e7
  heading(`event loop with ${entries / 1e6} M entries, 80 % reads, eviction all the time`)
  const result = await alone('pauses', { entries, forMs: isQuick ? 10_000 : 60_000 })
  console.log(result)
  bar('event-loop delay p99.9, ms', result.p999Ms, 10)
  bar('event-loop delay max, ms', result.maxMs, 30)
  bar('longest turn of the store, ms of CPU', result.longestCpuMs, 30)
  bar('full collection, ms', result.collectionMs, 20)
}

async function roles(): Promise<void> {
  const bytesMax = (isQuick ? 64 : 256) * 1_048_576
  heading(`a fifth of the tokens of a full store of ${bytesMax / 1_048_576} MiB change hands`)
  const result = await alone('roleChange', { bytesMax })
  console.log(result)
  bar('99 % of the slices, ms of CPU', result.p99CpuMs, 5)
  bar('longest slice, ms of CPU', result.longestCpuMs, 30)
}

function heading(text: string): void {
  console.log(`\n${text}`)
}

function bar(what: string, figure: number, wanted: number): void {
  console.log(`${figure <= wanted ? 'ok    ' : 'MISSED'} ${what}: ${round(figure)} (wanted: at most ${round(wanted)})`)
}

function round(figure: number): number {
  return Math.round(figure * 1_000) / 1_000
}
