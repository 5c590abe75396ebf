/** The keys and values of the traffic. A value says which key it was written to, and by which operation. */
import { hash32, Ring, seedOfFleet } from '@ringhold/sdk/ring'

export const fleetName = 'simulated'
export const cacheName = 'default'
export const contentType = 'application/x-simulated'

export interface SimKey {
  readonly index: number
  readonly name: string
  readonly bytes: Uint8Array
  readonly token: number
}

const headerBytes = 12
const keysMax = 200
const encoder = new TextEncoder()
let all: SimKey[] | undefined

/** keysOf returns so many keys, which share some twenty tokens. */
export function keysOf(count: number): SimKey[] {
  all ??= manyKeys()
  return all.slice(0, count)
}

function manyKeys(): SimKey[] {
  const ring = new Ring({ members: [], seed: seedOfFleet(fleetName) })
  const keys: SimKey[] = []
  for (let number = 0; keys.length < keysMax; number++) {
    const name = `key-${number}`
    const token = ring.token(name)
    if (hash32(`${token}`, 0) % 800 === 0) keys.push({ index: keys.length, name, bytes: encoder.encode(name), token })
  }
  return keys
}

/** bytesOf returns the value that an operation writes to a key. */
export function bytesOf(key: SimKey, operation: number, length: number): Uint8Array {
  const value = new Uint8Array(Math.max(length, headerBytes))
  const view = new DataView(value.buffer)
  view.setUint32(0, key.index)
  view.setUint32(4, operation)
  view.setUint32(8, value.length)
  return value
}

/** readValue tells what a value says of itself; undefined when it is damaged. */
export function readValue(value: Uint8Array): { readonly key: number; readonly operation: number } | undefined {
  if (value.length < headerBytes) return undefined
  const view = new DataView(value.buffer, value.byteOffset, value.byteLength)
  if (view.getUint32(8) !== value.length) return undefined
  return { key: view.getUint32(0), operation: view.getUint32(4) }
}
