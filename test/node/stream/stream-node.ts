/** One node with the stream and the commands route, on real sockets, with a ring of the test's choice. */

import type { AddressInfo } from 'node:net'
import { connect, type Socket } from 'node:net'
import { pino } from 'pino'
import type { Test } from 'tap'
import { healthRoutes } from '#node/http/health-routes.js'
import { newListener } from '#node/http/listener.js'
import { commandsRoute } from '#node/stream/commands-route.js'
import type { Face } from '#node/stream/face.js'
import { Rooms } from '#node/stream/rooms.js'
import { type StreamPatience, Streams } from '#node/stream/streams.js'
import { commandsOffer, upgradeTo } from '#node/stream/upgrade.js'
import { defaultLimits } from '#sdk/protocol/index.js'
import { until } from '../fleet/in-process-fleet.ts'
import { restApp } from '../http/rest-app.ts'
import { helloBytes, Listener } from './frames.ts'
import { noLookAhead } from './no-look-ahead.ts'

export async function streamNode(
  t: Test,
  { patience, members }: { patience?: StreamPatience; members?: string[] } = {},
) {
  const rest = restApp(t, members)
  const rooms = new Rooms(0)
  const face: Face = {
    self: 'n1',
    limits: defaultLimits,
    rooms,
    execute: (command, origin, sink, heardAt) => rest.execute(command, origin, sink, heardAt),
    get: (key, sink, heardAt) => rest.get(key, sink, heardAt),
    set: (key, set) => rest.set(key, set),
    originOf: (isDirect) => (isDirect ? 'direct' : 'plain'),
    ringChecksum: () => rest.ring.checksum,
    ahead: noLookAhead,
    onFault: (error) => t.fail(String(error)),
  }
  const streams = new Streams({ face, ...(patience && { patience }) })
  const app = newListener({ self: 'n1', logger: pino({ level: 'silent' }) })
  upgradeTo(app.server, [commandsOffer(streams)], 'n1')
  app.register(commandsRoute, { face, isClosing: () => false })
  app.register(healthRoutes, { unreadiness: () => undefined })
  await app.listen({ host: '127.0.0.1', port: 0 })
  t.teardown(async () => {
    streams.destroy()
    app.server.closeAllConnections()
    await app.close()
  })
  const { port } = app.server.address() as AddressInfo
  return { streams, rooms, app, port, url: `http://127.0.0.1:${port}`, rest }
}

export const upgradeRequest =
  'GET /v1/stream HTTP/1.1\r\nhost: n1\r\nconnection: Upgrade\r\nupgrade: ringhold/1\r\n\r\n'

export interface RawStream {
  readonly socket: Socket
  readonly listener: Listener
  readonly isClosed: () => boolean
}

/** openStream upgrades a connection by hand. Without `greet` it says nothing after that. */
export async function openStream(t: Test, port: number, { greet = true } = {}): Promise<RawStream> {
  const listener = new Listener()
  const socket = connect(port, '127.0.0.1')
  let isClosed = false
  let head = ''
  socket.on('error', () => {})
  socket.on('close', () => {
    isClosed = true
  })
  socket.on('data', (chunk: Buffer) => {
    if (head.endsWith('\r\n\r\n')) return listener.receive(chunk)
    const end = chunk.indexOf('\r\n\r\n')
    head += chunk.subarray(0, end < 0 ? chunk.length : end + 4).toString('latin1')
    if (end >= 0 && chunk.length > end + 4) listener.receive(chunk.subarray(end + 4))
  })
  t.teardown(() => socket.destroy())
  socket.write(upgradeRequest)
  if (greet) socket.write(helloBytes())
  await until(() => listener.heard.length > 0 || isClosed, 'the greeting of the node')
  return { socket, listener, isClosed: () => isClosed }
}
