import type { AddressInfo } from 'node:net'
import type { Member } from '@ringhold/sdk/membership'
import { defaultLimits } from '@ringhold/sdk/protocol'
import { Ring } from '@ringhold/sdk/ring'
import { pino } from 'pino'
import type { Test } from 'tap'
import { HybridClock } from '#node/clock/hybrid-clock.js'
import { newCounters } from '#node/core/counters.js'
import type { Origin } from '#node/core/decide.js'
import { Executor } from '#node/core/executor.js'
import { PeerForwarder } from '#node/forward/peer-forwarder.js'
import { keyRoutes } from '#node/http/key-routes.js'
import { newListener } from '#node/http/listener.js'
import type { Face } from '#node/stream/conversation.js'
import { Streams } from '#node/stream/streams.js'
import { commandsOffer, upgradeTo } from '#node/stream/upgrade.js'
import { smallStore } from '../store/small-store.ts'
import { noLookAhead } from '../stream/no-look-ahead.ts'

/** fleet maps the names of all nodes to their peer URLs. */
export type Fleet = Map<string, string>

export interface PeerNodeOptions {
  readonly name: string
  readonly fleet: Fleet
  /** Whom this node believes to be on the ring. */
  readonly ring: readonly string[]
  readonly deadlineMs?: number
  readonly inFlightMax?: number
}

/** peerNode is a node with both listeners and real forwarding, but with a ring of the test's choice instead of membership. */
export async function peerNode(t: Test, { name, fleet, ring: names, ...limits }: PeerNodeOptions) {
  const ring = new Ring({ members: names.map((member) => ({ name: member })), seed: 1, copies: 1 })
  const counters = newCounters()
  const forwarder = new PeerForwarder({ limits: defaultLimits, ...limits })
  const suspected: string[] = []
  const executor = new Executor({
    self: name,
    store: smallStore(),
    clock: new HybridClock(),
    counters,
    forwarder,
    limits: defaultLimits,
    ring: () => ring,
    view: () => new Map([...fleet].map(([member, url]) => [member, memberAt(member, url)])),
    answers: () => 'yes',
    now: () => performance.now(),
    wallMs: () => Date.now(),
    onRingSuspect: (peerUrl) => suspected.push(peerUrl),
  })
  let forwardedRequests = 0
  const listen = async (origin: Origin): Promise<string> => {
    const app = newListener({ self: name, logger: pino({ level: 'silent' }) })
    const face: Face = {
      self: name,
      limits: defaultLimits,
      execute: (command, from) => {
        if (from === 'forwarded') forwardedRequests++
        return executor.execute(command, from)
      },
      originOf: () => origin,
      ringChecksum: () => ring.checksum,
      ahead: noLookAhead,
      onFault: (error) => t.fail(String(error)),
    }
    const streams = new Streams({ face })
    upgradeTo(app.server, commandsOffer(streams), name)
    app.register(keyRoutes, {
      self: name,
      execute: (command, from) => executor.execute(command, from),
      originOf: () => origin,
      ringChecksum: () => ring.checksum,
      valueBytesMax: defaultLimits.valueBytesMax,
    })
    await app.listen({ host: '127.0.0.1', port: 0 })
    t.teardown(async () => {
      app.server.closeAllConnections()
      streams.destroy()
      await app.close()
    })
    return `http://127.0.0.1:${(app.server.address() as AddressInfo).port}`
  }
  const clientUrl = await listen('plain')
  const peerUrl = await listen('forwarded')
  fleet.set(name, peerUrl)
  t.teardown(() => forwarder.destroy())
  return { name, ring, counters, suspected, clientUrl, peerUrl, forwardedRequests: () => forwardedRequests }
}

/** keysOf lists keys that a member coordinates. */
export function keysOf(ring: Ring, name: string, count: number): string[] {
  const keys: string[] = []
  for (let at = 0; keys.length < count; at++)
    if (ring.coordinator(ring.token(`key-${at}`)) === name) keys.push(`key-${at}`)
  return keys
}

function memberAt(name: string, peer: string): Member {
  return { name, urls: { client: '', peer }, incarnation: 1, status: 'alive', zone: '', weight: 1, instance: name }
}
