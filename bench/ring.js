#!/usr/bin/env node
/**
 * npm run bench:ring prints what the ring costs: building it, and finding the owner of a key. Best of many warm runs,
 * since whatever else the machine does only ever makes a run slower.
 */
import { Ring } from '@ringhold/sdk/ring'

const keys = Array.from({ length: 4096 }, (_, index) => `session:${String(index * 7919).padStart(12, '0')}`)

const rows = [5, 20, 100, 1000].map((size) => {
  const members = Array.from({ length: size }, (_, index) => ({ name: `node-${index + 1}` }))
  const runs = size === 1000 ? 5 : 30
  const buildMs = fastest(runs, () => new Ring({ members, seed: 1 }))
  const ring = new Ring({ members, seed: 1 })
  const lookUpMs = fastest(300, () => lookUp(ring))
  return {
    members: size,
    'build ms': Number(buildMs.toFixed(2)),
    'owner ns': Number(((lookUpMs * 1e6) / keys.length).toFixed(1)),
    'table KiB': ring.table.byteLength / 1024,
  }
})

console.log(`Node ${process.version}; keys of ${keys[0].length} bytes; two owners a token`)
console.table(rows)

/** Finds the owner of every key; the sum of the names' lengths keeps the work from being optimised away. */
function lookUp(ring) {
  let sum = 0
  for (const key of keys) sum += ring.coordinator(ring.token(key)).length
  return sum
}

function fastest(runs, task) {
  let best = Number.POSITIVE_INFINITY
  for (let run = 0; run < runs; run++) {
    const startedAt = performance.now()
    task()
    best = Math.min(best, performance.now() - startedAt)
  }
  return best
}
