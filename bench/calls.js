#!/usr/bin/env node
/**
 * npm run bench:calls prints what a call costs an application without its sockets: checks, ring, deadline, frames both ways
 * and the promise, with a thousand calls under way to five nodes that answer in the next turn of the event loop. Beside it
 * a promise alone that is settled in the next turn. What the answers take to make is not counted.
 */
import { performance } from 'node:perf_hooks'
import { defaultLimits, FrameReader, FrameWriter, frameTypes, writeHello, writeOutcome } from '@ringhold/sdk/protocol'
import { Ring } from '@ringhold/sdk/ring'
import { Cache } from '#sdk/cache.js'
import { Engine } from '#sdk/engine.js'
import { Executor } from '#sdk/executor.js'
import { Fleet } from '#sdk/fleet.js'
import { Stream } from '#sdk/lane/stream.js'
import { settingsOf } from '#sdk/options.js'

const inFlight = 1_024
const keyCount = 10_000
const rounds = 5
const warmMs = 3_000
const roundMs = 1_000
const contentType = 'text/plain; charset=utf-8'
const value = 'x'.repeat(100)

/** A socket behind which every command is answered in the next turn. */
class AnsweringNode {
  writableLength = 0
  errored = null
  #reader = new FrameReader({ frameBytesMax: 2 ** 20, fault: 'RINGHOLD_BAD_REQUEST' })
  #writer = new FrameWriter()
  #receive
  #hit = { type: 'hit', value: Buffer.from(value), contentType, version: 2 ** 50, ttlMs: undefined }
  #stored = { type: 'replaced', version: 2 ** 50, copies: 1 }

  on() {}

  hello() {
    writeHello(this.#writer, { limits: defaultLimits, name: 'node', ring: '' })
    return this.#written()
  }

  answerTo(receive) {
    this.#receive = receive
  }

  write(bytes) {
    const begunMs = performance.now()
    const reader = this.#reader
    reader.feed(bytes)
    while (reader.next()) {
      if (reader.type === frameTypes.get) writeOutcome(this.#writer, reader.id, this.#hit)
      else if (reader.type === frameTypes.set) writeOutcome(this.#writer, reader.id, this.#stored)
    }
    const answers = this.#written()
    if (answers.length > 0) setImmediate(() => this.#receive(answers))
    othersMs += performance.now() - begunMs
  }

  #written() {
    const bytes = Buffer.from(this.#writer.bytes)
    this.#writer.clear()
    return bytes
  }
}

const keys = Array.from({ length: keyCount }, (_, index) => `100:${String(index).padStart(6, '0')}`)
/** What the other side took of the time. */
let othersMs = 0

const cache = new Cache(newEngine(), 'default')
const calls = {
  get: (key) => cache.get(key),
  set: (key) => cache.set(key, value),
  'a promise alone': () => new Promise((resolve) => setImmediate(resolve)),
}
const rows = []
for (const [name, call] of Object.entries(calls)) {
  await nsOf(call, warmMs)
  const each = []
  for (let round = 0; round < rounds; round++) each.push(await nsOf(call, roundMs))
  each.sort((a, b) => a - b)
  rows.push({ call: name, 'ns, median': each[rounds >> 1], least: each[0], most: each[rounds - 1] })
}
console.log(`Node ${process.version}; ${inFlight} calls under way, values of ${value.length} bytes`)
console.table(rows)
process.exit()

/** Nanoseconds a call. */
async function nsOf(call, ms) {
  let count = 0
  const endAt = performance.now() + ms
  const work = async () => {
    while (performance.now() < endAt) {
      // The clock is no part of a call.
      for (let left = 16; left > 0; left--) await call(keys[Math.floor(Math.random() * keyCount)])
      count += 16
    }
  }
  othersMs = 0
  const begunMs = performance.now()
  await Promise.all(Array.from({ length: inFlight }, work))
  return Math.round(((performance.now() - begunMs - othersMs) * 1e6) / count)
}

/** An engine whose streams end in this process. */
function newEngine() {
  const settings = settingsOf({ nodes: ['http://node-1'], awakeUs: 0 })
  const engine = new Engine(settings)
  const fleet = new Fleet({ seeds: settings.seeds, addressMap: {}, open: openConnection })
  const names = [1, 2, 3, 4, 5].map((number) => `node-${number}`)
  const members = names.map((name) => ({
    ...{ name, url: `http://${name}`, status: 'alive', incarnation: 1, zone: '', weight: 1 },
  }))
  const { checksum } = new Ring({ members, seed: 1, copies: 1 })
  fleet.adopt({ fleet: 'bench', ringSeed: 1, copies: 1, tokens: 16_384, ring: checksum, node: 'node-1', members })
  const { admission } = engine.executor
  return Object.assign(engine, { fleet, executor: new Executor({ fleet, watch: undefined, admission }) })
}

function openConnection(url) {
  const node = new AnsweringNode()
  const listen = (receive) => node.answerTo(receive)
  const opened = { socket: node, head: node.hello(), listen }
  const stream = new Stream(opened, { url, limits: defaultLimits, underWay: () => inFlight, onRing() {}, onGone() {} })
  return { url, submit: (attempt) => stream.submit(attempt) }
}
