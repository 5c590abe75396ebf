/** A fleet that is full stays calm: what is evicted is not sent back and forth, and what is in use survives a death. */
import type { Fleet } from '../fleet.ts'
import type { Scenario } from '../scenario.ts'
import { keysOf, wait } from './play.ts'

const valueChars = 1_000
const writesPerSecond = 2_000
const repairShareMax = 0.02
const survivalMin = 0.99

export const fullMemory: Scenario = {
  name: 'full-memory',
  title: 'a fleet at 100 % of its memory is written to, then one node is killed',
  async play(stage) {
    const fleet = await stage.fleet({ size: 5, memory: '16MiB' })
    const client = await stage.client(fleet.urls)
    const value = 'v'.repeat(valueChars)
    // Twice what five times 16 MiB hold of two copies.
    await stage.fill(client, keysOf(80_000, 'old'), value)
    const before = await repairBytes(fleet)
    const hot = keysOf(2_000, 'hot')
    await stage.fill(client, hot, value)
    client.operations.length = 0
    const load = stage.load({
      clients: [client],
      keys: keysOf(80_000, 'new'),
      perSecond: writesPerSecond,
      reads: 0,
      writer: value,
    })
    const reading = stage.load({ clients: [client], keys: hot, perSecond: 400, reads: 1 })
    await wait(stage, 15, 600)
    await Promise.all([load.stop(), reading.stop()])
    const writes = client.operations.filter(({ kind, result }) => kind === 'set' && result === 'done')
    const written = writes.reduce((sum, write) => sum + (write.value?.length ?? 0), 0)
    const repaired = (await repairBytes(fleet)) - before
    stage.check('repair sends at most 2 % of what is written', repaired <= written * repairShareMax, {
      ...{ repaired, written, share: Math.round((repaired / written) * 10_000) / 10_000 },
      evictions: (await fleet.reports()).map((report) => (report as { evictions?: number }).evictions),
    })
    const lately = performance.now() - 60_000
    const reads = client.operations.filter(
      ({ kind, value: found, endedMs }) => kind === 'get' && found && endedMs > lately,
    )
    const used = [...new Set(reads.map(({ key }) => key))]
    await fleet.kill(2)
    await fleet.agree()
    // A read that times out on a busy machine says nothing of what survived.
    const reader = await stage.client(fleet.urls, { timeoutMs: 20_000 })
    const read = await stage.readAll(reader, used)
    const found = read.filter(({ value }) => value !== undefined).length
    const failed = read.filter(({ result }) => result !== 'done').length
    const share = found / used.length
    stage.check('99 % of what was read within a minute survives the kill', share >= survivalMin, {
      ...{ found, failed, of: used.length, share: Math.round(share * 10_000) / 10_000 },
    })
  },
}

async function repairBytes(fleet: Fleet): Promise<number> {
  return (await fleet.reports()).reduce((sum, { copies }) => sum + copies.repairBytesSent, 0)
}
