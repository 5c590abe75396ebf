#!/usr/bin/env node
/**
 * npm run bench:commands prints what a command costs a node without its socket: a conversation, execution and the store,
 * in batches of a hundred and compiled as in a node that has started, beside a Map behind frames (peers/bare-stream.js)
 * that answers as many. `after others` is with the caches of the processor emptied before every batch, as they are where
 * other processes take turns.
 */
import { defaultLimits, FrameWriter, writeCommand, writeHello } from '@ringhold/sdk/protocol'
import { Ring, seedOfFleet } from '@ringhold/sdk/ring'
import { HybridClock } from '#node/clock/hybrid-clock.js'
import { Copies } from '#node/copies/copies.js'
import { newCounters } from '#node/core/counters.js'
import { Executor } from '#node/core/executor.js'
import { inlineMore } from '#node/inlining.js'
import { ByteStore } from '#node/store/byte-store.js'
import { Conversation } from '#node/stream/conversation.js'
import { Rooms } from '#node/stream/rooms.js'
import { TurnClock } from '#node/stream/turn-clock.js'
import { BareAnswers, frames, writeHead } from './peers/bare-stream.js'

const memoryBytes = 64 * 2 ** 20
const keyCount = 2_000
const batchCommands = 100
const batchCount = 200
/** Every so many batches the event loop turns, so that a conversation has a new slice of it. */
const batchesInTurn = 4
/** Virtual ticks until the node holds all tokens, at most. */
const ticksMax = 1_000
const contentType = 'text/plain; charset=utf-8'
/** Larger than the second cache of a processor. */
const evicting = new Uint8Array(8 * 2 ** 20)

inlineMore()
const rows = []
for (const valueBytes of [100, 1_024]) {
  const keys = Array.from({ length: keyCount }, (_, index) => `${valueBytes}:${String(index).padStart(6, '0')}`)
  const sides = { node: nodeSide(valueBytes), bare: bareSide(valueBytes) }
  for (const side of Object.values(sides))
    for (let at = 0; at < keyCount; at += batchCommands)
      await side.run([side.batch('set', keys.slice(at, at + batchCommands))], 1)
  for (const type of ['get', 'set'])
    for (const isCold of [false, true]) {
      const ns = {}
      for (const [name, { batch, run }] of Object.entries(sides)) {
        const batches = Array.from({ length: batchCount }, () => batch(type, someOf(keys)))
        await run(batches, 4_000)
        ns[name] = await run(batches, isCold ? 1_000 : 4_000, isCold ? evict : undefined)
      }
      rows.push({
        command: `${type}, ${valueBytes} bytes${isCold ? ', after others' : ''}`,
        'node ns': Math.round(ns.node),
        'bare ns': Math.round(ns.bare),
        ratio: Number((ns.node / ns.bare).toFixed(2)),
      })
    }
}
console.log(`Node ${process.version}; ${keyCount} keys of 10 to 11 bytes, ${batchCommands} commands in a batch`)
console.table(rows)

/** A node with one copy of each key, alone in its fleet. */
function nodeSide(valueBytes) {
  const now = () => performance.now() + 1_000
  const store = new ByteStore({ bytesMax: memoryBytes, secret: [1, 2], now: 0 })
  const fleet = { seed: seedOfFleet('bench'), copies: 1 }
  const answers = () => 'yes'
  const core = { self: 'a', fleet, store, limits: defaultLimits, random: Math.random, answers }
  const copies = new Copies({ ...core, clock: new HybridClock('a'), counters: newCounters() })
  const urls = { client: 'http://a', peer: 'http://a' }
  const member = { name: 'a', urls, incarnation: 1, status: 'alive', zone: '', weight: 1, instance: 'a' }
  const ring = new Ring({ ...fleet, members: [member] })
  copies.viewChanged({ view: new Map([['a', member]]), ring, incarnation: 1 }, { now: 0, wallMs: 0 })
  for (let tick = 1; !holdsAll(copies); tick++) {
    if (tick > ticksMax) throw new Error('the node did not take over its tokens')
    copies.tick({ now: tick * 20, wallMs: tick * 20 })
  }
  const onEffects = () => copies.takeEffects()
  const executor = new Executor({ copies, store, limits: defaultLimits, now, wallMs: Date.now, onEffects })
  const fail = (error) => {
    throw error
  }
  const face = {
    self: 'a',
    limits: defaultLimits,
    rooms: new Rooms(memoryBytes),
    execute: (command, origin, sink, heardAt) => executor.execute(command, origin, sink, heardAt),
    get: (key, sink, heardAt) => executor.get(key, sink, heardAt),
    set: (key, set) => executor.set(key, set),
    ahead: executor,
    originOf: (isDirect) => (isDirect ? 'direct' : 'plain'),
    ringChecksum: () => ring.checksum,
    onFault: fail,
  }
  const port = {
    send: () => true,
    isFull: () => false,
    pause() {},
    resume() {},
    end: () => fail(new Error('ended')),
    destroy() {},
  }
  const conversation = new Conversation({ face, port, turns: new TurnClock(), now })
  const writer = new FrameWriter()
  const value = new Uint8Array(valueBytes).fill(0x78)
  const written = () => {
    const bytes = new Uint8Array(writer.bytes)
    writer.clear()
    return Buffer.from(bytes.buffer)
  }
  writeHello(writer, { limits: defaultLimits, name: '', ring: '' })
  conversation.receive(written())
  return {
    run: (batches, count, before) => timed(batches, count, { take: (chunk) => conversation.receive(chunk), before }),
    batch: (type, keys) => {
      for (const [id, key] of keys.entries()) {
        const command = { type, cache: 'default', key, ...(type === 'set' && { value, contentType, ttlMs: undefined }) }
        writeCommand(writer, command, { id: id + 1, isDirect: true })
      }
      return written()
    },
  }
}

function holdsAll(copies) {
  return copies.status.tokens.claiming === 0 && copies.status.tokens.held > 0
}

function bareSide(valueBytes) {
  const answers = new BareAnswers(new Map())
  const value = 'x'.repeat(valueBytes)
  return {
    run: (batches, count, before) => timed(batches, count, { take: (chunk) => answers.take(chunk), before }),
    batch: (type, keys) => {
      const out = Buffer.allocUnsafe(2 ** 18)
      let length = 0
      for (const [id, key] of keys.entries()) {
        const body = type === 'set' ? key + value : key
        const head = { id, type: frames[type], keyBytes: key.length, valueBytes: body.length - key.length }
        length = writeHead(out, length, head)
        length += out.latin1Write(body, length)
      }
      return Buffer.from(out.subarray(0, length))
    },
  }
}

/** Nanoseconds a command. */
async function timed(batches, count, { take, before }) {
  let tookMs = 0
  for (let index = 0; index < count; index++) {
    before?.()
    const begunMs = performance.now()
    take(batches[index % batches.length])
    tookMs += performance.now() - begunMs
    if (index % batchesInTurn === 0) await new Promise((resolve) => setImmediate(resolve))
  }
  return (tookMs * 1e6) / count / batchCommands
}

function evict() {
  for (let at = 0; at < evicting.length; at += 64) evicting[at]++
}

function someOf(keys) {
  return Array.from({ length: batchCommands }, () => keys[Math.floor(Math.random() * keys.length)])
}
