/**
 * The least that a client and five servers in Node can take: a Map behind frames, one write for all of a turn, a promise
 * for each call. No ring, versions, expiry, deadlines, limits, copies or statistics, and no frame is checked. It is no
 * cache that anybody could use, but a measure of what Node and this machine leave room for.
 *
 *      frame   | length 4 | id 4 | type 1 | key length 1 | key | value |
 */
import { once } from 'node:events'
import { connect } from 'node:net'

export const frames = { get: 0, set: 1, miss: 2, hit: 3, done: 4 }
const lengthBytes = 4
const headBytes = 10
const host = '127.0.0.1'
const bufferBytes = 2 ** 20

/** writeHead writes the head of a frame, and returns where its key or value begins. */
export function writeHead(out, at, { id, type, keyBytes, valueBytes }) {
  out.writeUInt32LE(headBytes - lengthBytes + keyBytes + valueBytes, at)
  out.writeUInt32LE(id, at + 4)
  out[at + 8] = type
  out[at + 9] = keyBytes
  return at + headBytes
}

/** eachFrame returns what takes chunks, and calls `visit` for each whole frame with what the call before returned, at first 0. */
export function eachFrame(visit) {
  let rest
  return (chunk) => {
    const bytes = rest === undefined ? chunk : Buffer.concat([rest, chunk])
    let at = 0
    let result = 0
    while (at + lengthBytes <= bytes.length) {
      const end = at + lengthBytes + bytes.readUInt32LE(at)
      if (end > bytes.length) break
      const frame = {
        id: bytes.readUInt32LE(at + 4),
        type: bytes[at + 8],
        keyBytes: bytes[at + 9],
        at: at + headBytes,
        end,
      }
      result = visit(bytes, frame, result)
      at = end
    }
    rest = at === bytes.length ? undefined : Buffer.from(bytes.subarray(at))
    return result
  }
}

/** BareAnswers is what a server does with the chunks of a connection: a Map behind frames. */
export class BareAnswers {
  out = Buffer.allocUnsafe(bufferBytes)
  /** take puts the answers to a chunk into `out`, and returns how long they are. */
  take

  constructor(entries) {
    this.take = eachFrame((bytes, { id, type, keyBytes, at, end }, length) => {
      const { out } = this
      const key = bytes.latin1Slice(at, at + keyBytes)
      if (type === frames.set) {
        entries.set(key, Buffer.from(bytes.subarray(at + keyBytes, end)))
        return writeHead(out, length, { id, type: frames.done, keyBytes: 0, valueBytes: 0 })
      }
      const value = entries.get(key)
      if (value === undefined) return writeHead(out, length, { id, type: frames.miss, keyBytes: 0, valueBytes: 0 })
      const valueAt = writeHead(out, length, { id, type: frames.hit, keyBytes: 0, valueBytes: value.length })
      value.copy(out, valueAt)
      return valueAt + value.length
    })
  }

  /** takeNew goes on with another buffer: what is in the present one has not left. */
  takeNew() {
    this.out = Buffer.allocUnsafe(bufferBytes)
  }
}

class Lane {
  #socket
  #out = Buffer.allocUnsafe(bufferBytes)
  #length = 0
  #isScheduled = false
  #resolves = []
  #free = []

  constructor(port) {
    const take = eachFrame((bytes, { id, type, at, end }) => {
      const resolve = this.#resolves[id]
      this.#free.push(id)
      resolve(type === frames.hit ? bytes.utf8Slice(at, end) : undefined)
      return 0
    })
    const buffer = Buffer.allocUnsafeSlow(65_536)
    const callback = (length) => {
      take(buffer.subarray(0, length))
      return true
    }
    this.#socket = connect({ host, port, noDelay: true, onread: { buffer, callback } })
    this.connected = once(this.#socket, 'connect')
  }

  send(type, key, value = '') {
    return new Promise((resolve) => {
      const id = this.#free.pop() ?? this.#resolves.length
      this.#resolves[id] = resolve
      const at = writeHead(this.#out, this.#length, { id, type, keyBytes: key.length, valueBytes: value.length })
      this.#out.latin1Write(key, at)
      if (value !== '') this.#out.latin1Write(value, at + key.length)
      this.#length = at + key.length + value.length
      if (this.#length > bufferBytes / 2) this.#flush()
      if (this.#isScheduled) return
      this.#isScheduled = true
      if (this.#resolves.length - this.#free.length === 1) this.#flush()
      else setImmediate(() => this.#flush())
    })
  }

  close() {
    this.#socket.destroy()
  }

  #flush() {
    this.#isScheduled = false
    if (this.#length === 0) return
    this.#socket.write(this.#out.subarray(0, this.#length))
    if (this.#socket.writableLength > 0) this.#out = Buffer.allocUnsafe(bufferBytes)
    this.#length = 0
  }
}

/** connectBare connects to the servers at these ports. Keys and values are ASCII. */
export async function connectBare(ports) {
  const lanes = ports.map((port) => new Lane(port))
  await Promise.all(lanes.map(({ connected }) => connected))
  const laneOf = (key) => lanes[hashOf(key) % lanes.length]
  const get = (key) => laneOf(key).send(frames.get, key)
  return {
    get,
    set: (key, value) => laneOf(key).send(frames.set, key, value),
    getMany: (keys) => Promise.all(keys.map(get)),
    close: () => {
      for (const lane of lanes) lane.close()
    },
  }
}

/** FNV-1a. */
function hashOf(key) {
  let hash = 0x811c9dc5
  for (let index = 0; index < key.length; index++) hash = Math.imul(hash ^ key.charCodeAt(index), 0x01000193) >>> 0
  return hash
}
