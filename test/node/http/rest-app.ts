import { type ByteCommand, defaultLimits } from '@ringhold/sdk/protocol'
import { Ring } from '@ringhold/sdk/ring'
import type { FastifyInstance } from 'fastify'
import { pino } from 'pino'
import type { Test } from 'tap'
import { HybridClock } from '#node/clock/hybrid-clock.js'
import { Copies } from '#node/copies/copies.js'
import { newCounters } from '#node/core/counters.js'
import type { Answers, Origin } from '#node/core/decide.js'
import { Executor } from '#node/core/executor.js'
import type { HitSink } from '#node/core/hit-sink.js'
import { keyRoutes } from '#node/http/key-routes.js'
import { newListener } from '#node/http/listener.js'
import type { Store } from '#node/store/store.js'
import { Rooms } from '#node/stream/rooms.js'
import { smallStore } from '../store/small-store.ts'

export interface RestApp {
  readonly execute: Executor['execute']
  readonly get: Executor['get']
  readonly set: Executor['set']
  readonly app: FastifyInstance
  readonly store: Store
  readonly ring: Ring
  /** The monotonic clock, in milliseconds; set it to let time pass. */
  now: number
  answers: Answers
  readonly rooms: Rooms
}

/** restApp makes the key routes of a node `n1` on a virtual clock. With more members it owns only some of the keys. */
export function restApp(t: Test, members: readonly string[] = ['n1']): RestApp {
  const store = smallStore()
  const ring = new Ring({ members: members.map((name) => ({ name })), seed: 1, copies: 1 })
  const app = newListener({ self: 'n1', logger: pino({ level: 'silent' }) })
  const rest: RestApp = {
    app,
    store,
    ring,
    now: 0,
    answers: 'yes',
    rooms: new Rooms(0),
    execute: ((command: ByteCommand, origin: Origin, sink: HitSink, heardAt?: number) =>
      executor.execute(command, origin, sink, heardAt)) as Executor['execute'],
    get: (key, sink, heardAt) => executor.get(key, sink, heardAt),
    set: (key, set) => executor.set(key, set),
  }
  const moment = () => ({ now: rest.now, wallMs: 1_700_000_000_000 + rest.now })
  const copies = new Copies({
    self: 'n1',
    fleet: { seed: 1, copies: 1 },
    store,
    clock: new HybridClock(),
    limits: defaultLimits,
    counters: newCounters(),
    random: () => 0.5,
    answers: () => rest.answers,
  })
  copies.viewChanged({ view: new Map(), ring, incarnation: 1 }, moment())
  const executor = new Executor({
    copies,
    store,
    limits: defaultLimits,
    now: () => moment().now,
    wallMs: () => moment().wallMs,
    onEffects: () => {},
  })
  app.register(keyRoutes, {
    self: 'n1',
    execute: executor.execute.bind(executor),
    originOf: ({ headers }) => (headers['ringhold-route'] === 'direct' ? 'direct' : 'plain'),
    ringChecksum: () => ring.checksum,
    valueBytesMax: defaultLimits.valueBytesMax,
    rooms: rest.rooms,
  })
  t.teardown(() => app.close())
  return rest
}
