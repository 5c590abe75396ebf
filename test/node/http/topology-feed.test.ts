import type { Topology } from '@ringhold/sdk/protocol'
import { test } from 'tap'
import { TopologyFeed, waitersMax } from '#node/http/topology-feed.js'

function feedOf() {
  let copies = 1
  const topology = (): Topology => ({ fleet: 'f', ringSeed: 0, copies, tokens: 0, ring: '', node: 'n', members: [] })
  const feed = new TopologyFeed(topology)
  const change = (): void => {
    copies++
    feed.changed()
  }
  return { feed, change }
}

const never = new AbortController().signal
const hourMs = 3_600_000

test('the ETag changes with the topology and only with it', async (t) => {
  const { feed, change } = feedOf()
  const { etag } = feed.current()
  feed.changed()
  t.equal(feed.current().etag, etag)
  change()
  t.not(feed.current().etag, etag)
})

test('a change wakes all who wait, and no change wakes nobody', async (t) => {
  const { feed, change } = feedOf()
  feed.current()
  const waits = [feed.nextChange(hourMs, never), feed.nextChange(hourMs, never)]
  feed.changed()
  t.equal(feed.waiting, 2)
  change()
  t.equal(feed.waiting, 0)
  await Promise.all(waits)
})

test('a caller that goes away waits no more', async (t) => {
  const { feed } = feedOf()
  const caller = new AbortController()
  const wait = feed.nextChange(hourMs, caller.signal)
  caller.abort()
  await wait
  t.equal(feed.waiting, 0)
})

test('only so many wait; one more is answered at once, and after close nobody waits', async (t) => {
  const { feed } = feedOf()
  const waits = Array.from({ length: waitersMax }, () => feed.nextChange(hourMs, never))
  await feed.nextChange(hourMs, never)
  t.equal(feed.waiting, waitersMax)
  feed.close()
  await Promise.all(waits)
  await feed.nextChange(hourMs, never)
  t.equal(feed.waiting, 0)
})
