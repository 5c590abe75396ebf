/** The traffic: operations on random keys by random clients, in an open loop: nobody waits for anybody. */
import type { ByteCommand, Condition } from '@ringhold/sdk/protocol'
import { bytesOf, cacheName, contentType, type SimKey } from './keys.ts'
import type { SimClient } from './sim-client.ts'
import { between, oneOf, type Random, streamOf } from './streams.ts'
import type { World } from './world.ts'

const smallBytes = 24
const largeBytes: readonly [number, number] = [300_000, 1_000_000]

export class Traffic {
  /** How operations ended, by type. */
  readonly endings = new Map<string, number>()
  isSqueezing = false
  underWay = 0
  readonly #world: World
  readonly #random: Random
  readonly #keys: readonly SimKey[]
  /** What was read or written last, for conditions. */
  readonly #seen = new Map<string, number>()
  #isOn = false

  constructor(world: World, keys: readonly SimKey[]) {
    this.#world = world
    this.#keys = keys
    this.#random = streamOf(world.plan.seed, 'traffic')
  }

  start(): void {
    if (this.#isOn) return
    this.#isOn = true
    const next = () => {
      if (!this.#isOn) return
      this.#one()
      this.#world.schedule.after(-Math.log(1 - this.#random()) * this.#world.plan.gapMs, next)
    }
    next()
  }

  stop(): void {
    this.#isOn = false
  }

  /** readAll reads each key once. */
  readAll(): void {
    for (const key of this.#keys) {
      this.#do(key, { type: 'get', cache: cacheName, key: key.bytes }, -1)
    }
  }

  #one() {
    // Half of the traffic goes to a few keys, so that operations meet.
    const random = this.#random
    if (this.isSqueezing) this.#write(oneOf(random, this.#keys), undefined)
    const hot = Math.min(6, this.#keys.length)
    const key = random() < 0.5 ? oneOf(random, this.#keys.slice(0, hot)) : oneOf(random, this.#keys)
    const kind = random()
    const { cache, bytes } = { cache: cacheName, bytes: key.bytes }
    if (kind < 0.5) return this.#do(key, { type: 'get', cache, key: bytes }, -1)
    const condition = random() < 0.2 ? this.#condition(key) : undefined
    if (kind < 0.87) return this.#write(key, condition)
    this.#do(key, { type: 'delete', cache, key: bytes, ...(condition && { condition }), ...this.#ack() }, -1)
  }

  #write(key: SimKey, condition: Condition | undefined): void {
    const { plan, oracle } = this.#world
    const random = this.#random
    const length = Math.floor(this.isSqueezing ? between(random, largeBytes) : smallBytes)
    const ttlMs = random() < plan.expiring ? Math.ceil(between(random, [200, 20_000])) : undefined
    const operation = oracle.newOperation(key, length, ttlMs)
    const value = bytesOf(key, operation, length)
    const set = { type: 'set' as const, cache: cacheName, key: key.bytes, value, contentType, ttlMs }
    this.#do(key, { ...set, ...(condition && { condition }), ...this.#ack() }, operation)
  }

  #ack(): { readonly ack?: 'one' | 'none' } {
    const kind = this.#random()
    if (kind < 0.9) return {}
    return { ack: kind < 0.95 ? 'one' : 'none' }
  }

  #condition(key: SimKey): Condition {
    const seen = this.#seen.get(key.name)
    if (seen !== undefined && this.#random() < 0.7) return { type: 'version', versions: [seen] }
    return { type: this.#random() < 0.5 ? 'absent' : 'present' }
  }

  #do(key: SimKey, command: ByteCommand, operation: number): void {
    const world = this.#world
    const asked = world.oracle.ask(key, command, operation)
    this.underWay++
    oneOf(this.#random, world.clients as SimClient[]).call(key, command, (ending) => {
      this.underWay--
      this.endings.set(ending.type, (this.endings.get(ending.type) ?? 0) + 1)
      world.trace(`end ${ending.type}`, operation)
      if (ending.type === 'failed') return
      world.oracle.answered(asked, ending)
      if ('version' in ending && ending.version !== undefined) this.#seen.set(key.name, ending.version)
    })
  }
}
