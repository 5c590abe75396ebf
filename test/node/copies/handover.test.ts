/** When a node that leaves may go. */
import type { Status, View } from '@ringhold/sdk/membership'
import { test } from 'tap'
import { isHandedOver } from '#node/copies/handover.js'

const urls = { client: 'http://x', peer: 'http://x' }
const viewOf = (statuses: Record<string, Status>): View =>
  new Map(
    Object.entries(statuses).map(([name, status]) => [
      name,
      { name, urls, incarnation: 1, status, zone: '', weight: 1, instance: name },
    ]),
  )
const nothing = { held: 0, claiming: 0, provisional: 0 }
const none = { coordinated: 0, replicas: 0, strays: 0 }
const all = { tokens: { ...nothing, held: 16_384 }, entries: { ...none, coordinated: 5 }, strayTokens: 0 }
const free = { tokens: nothing, entries: none, strayTokens: 0 }

test('a node goes when others coordinate its tokens and nothing lies here that they may lack', async (t) => {
  for (const status of ['alive', 'suspect', 'joining'] as const) {
    const view = viewOf({ a: 'leaving', b: status })
    t.equal(isHandedOver('a', view, all), false, status)
    t.equal(isHandedOver('a', view, { ...free, tokens: { ...nothing, claiming: 1 } }), false)
    t.equal(isHandedOver('a', view, { ...free, tokens: { ...nothing, provisional: 1 } }), false)
    t.equal(isHandedOver('a', view, { ...free, entries: { ...none, strays: 1 } }), false)
    t.equal(isHandedOver('a', view, { ...free, strayTokens: 1 }), false, 'tombstones too')
    t.equal(isHandedOver('a', view, free), true)
  }
})

test('a node goes at once when nobody is left who could take over', async (t) => {
  for (const status of ['leaving', 'left', 'dead'] as const) {
    t.equal(isHandedOver('a', viewOf({ a: 'leaving', b: status }), all), true, status)
  }
  t.equal(isHandedOver('a', viewOf({ a: 'leaving' }), all), true)
})
