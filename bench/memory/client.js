/** The process that drives the nodes: workers that write, read and delete values of all sizes, and compare what they read. */
import { randomFillSync } from 'node:crypto'
import { Ringhold } from '@ringhold/sdk'
import { restCache } from './rest-cache.js'

const valueBytesMax = 1_048_576
/** Values are pieces of it: which piece is told by their key, so that a read needs to know no more to find a wrong byte. */
const pattern = randomFillSync(Buffer.allocUnsafe(2 * valueBytesMax))

process.on('disconnect', () => process.exit())
process.once('message', async ({ urls, clients: count, inFlight, transport, seconds, keysMax }) => {
  const clients = await Promise.all(
    Array.from({ length: count }, () =>
      transport === 'rest' ? restCache(urls) : Ringhold.connect({ nodes: urls, transport, timeoutMs: 10_000 }),
    ),
  )
  const counts = { operations: 0, hits: 0, wrong: 0, failed: 0 }
  const endMs = performance.now() + seconds * 1_000
  const workers = clients.flatMap((cache) =>
    Array.from({ length: inFlight }, () => work(cache, { endMs, counts, keysMax })),
  )
  await Promise.all(workers)
  process.send(counts)
})

async function work(cache, { endMs, counts, keysMax }) {
  while (performance.now() < endMs) {
    const number = Math.floor(Math.random() * keysMax)
    try {
      await operate(cache, number, counts)
      counts.operations++
    } catch (error) {
      if (counts.failed++ === 0) console.error(error)
    }
  }
}

async function operate(cache, number, counts) {
  const key = `key:${number}`
  const at = (number * 7_919) % valueBytesMax
  const draw = Math.random()
  if (draw < 0.5) {
    const options = Math.random() < 0.2 ? { ttlMs: 1 + Math.floor(Math.random() * 3_000) } : {}
    await cache.set(key, pattern.subarray(at, at + sizeOf()), options)
  } else if (draw < 0.92) {
    const value = await cache.get(key)
    if (value === undefined) return
    counts.hits++
    if (!pattern.subarray(at, at + value.length).equals(value)) counts.wrong++
  } else await cache.delete(key)
}

/** Half of the values are of any magnitude, the others of any size; every sixteenth is as large as can be. */
function sizeOf() {
  if (Math.random() < 1 / 16) return valueBytesMax
  const share = Math.random()
  return Math.random() < 0.5 ? Math.floor(valueBytesMax ** share) : 1 + Math.floor(share * valueBytesMax)
}
