/** The process of one contestant: runs the scenarios that it is sent, and answers with what it measured. */
import { contestants } from './contestants.js'
import { keyCount } from './scenarios.js'

const writeShare = 0.2
/** Latencies are kept of so many operations at most, spread over the run. */
const samplesMax = 200_000

const [, , name, ports] = process.argv
const { connect } = contestants.find((contestant) => contestant.name === name)
const client = await connect(ports.split(',').map(Number))
/** Those that are filled, by the bytes of their values. */
const keysOfSize = new Map()

process.on('disconnect', () => process.exit())
process.on('message', async (scenario) => process.send(await run(scenario)))
process.send('ready')

async function run({ inFlight, valueBytes, keysPerCall, runMs }) {
  const value = 'x'.repeat(valueBytes)
  const keys = keysOfSize.get(valueBytes) ?? (await fill(value))
  const samples = new Float64Array(samplesMax)
  let operations = 0
  let sampled = 0
  // A lone worker times every operation; of many, each times every eighth.
  const timed = inFlight === 1 ? 1 : 8
  const begunMs = performance.now()
  const endMs = begunMs + runMs
  const cpu = process.cpuUsage()
  const random = randomNumbers()
  const worker = async (number) => {
    for (let turn = number; ; turn++) {
      const isTimed = turn % timed === 0
      const startMs = isTimed ? performance.now() : 0
      if (isTimed && startMs >= endMs) return
      if (keysPerCall > 1)
        await client.getMany(Array.from({ length: keysPerCall }, () => keys[Math.floor(random() * keyCount)]))
      else {
        const key = keys[Math.floor(random() * keyCount)]
        await (random() < writeShare ? client.set(key, value) : client.get(key))
      }
      operations += keysPerCall
      if (isTimed) samples[sampled++ % samplesMax] = performance.now() - startMs
    }
  }
  await Promise.all(Array.from({ length: inFlight }, (_, number) => worker(number)))
  const tookMs = performance.now() - begunMs
  const { user, system } = process.cpuUsage(cpu)
  const sorted = samples.subarray(0, Math.min(sampled, samplesMax)).sort()
  const at = (share) => sorted[Math.floor((sorted.length - 1) * share)]
  return {
    operations,
    perSecond: (operations / tookMs) * 1_000,
    clientUs: (user + system) / operations,
    p50Ms: at(0.5),
    p99Ms: at(0.99),
  }
}

async function fill(value) {
  const keys = Array.from({ length: keyCount }, (_, index) => `${value.length}:${String(index).padStart(6, '0')}`)
  for (let at = 0; at < keyCount; at += 500)
    await Promise.all(keys.slice(at, at + 500).map((key) => client.set(key, value)))
  if (String((await client.get(keys[0]))?.value ?? (await client.get(keys[0]))) !== value)
    throw new Error('it does not return what was stored')
  keysOfSize.set(value.length, keys)
  return keys
}

/** Numbers from 0 to 1, the same for every contestant. One state for all workers: a thousand of them measure the memory. */
function randomNumbers() {
  const state = Uint32Array.of(0x9e3779b9)
  return () => {
    state[0] = Math.imul(state[0], 1_664_525) + 1_013_904_223
    return state[0] / 4_294_967_296
  }
}
