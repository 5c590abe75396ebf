/** Requests that come one behind the other on a connection that breaks before they are answered. */
import { connect } from 'node:net'
import { test } from 'tap'
import type { CacheNode } from '#node/node.js'
import { startFleet, until } from '../fleet/in-process-fleet.ts'
import { bytesOf, commands, helloBytes } from '../stream/frames.ts'
import { send } from './wire.ts'

const path = '/v1/caches/default/keys/large'
const get = `GET ${path} HTTP/1.1\r\nhost: a\r\n\r\n`
const frames = Buffer.concat([helloBytes(), bytesOf([commands.get('large')])])
const posted = `POST /v1/commands HTTP/1.1\r\nhost: a\r\ncontent-type: application/vnd.ringhold.frames\r\ncontent-length: ${frames.length}\r\n\r\n${frames.toString('latin1')}`

const rows: [name: string, requests: string][] = [
  ['plain reads', get.repeat(100)],
  ['frames', `${get}${posted.repeat(20)}`],
]

for (const [name, requests] of rows) {
  test(`what answers hold comes back when the connection breaks, also of those that were queued: ${name}`, async (t) => {
    const [node] = (await startFleet(t, 1)) as [CacheNode]
    const { answers } = node.rooms
    await send(node.clientUrl, { method: 'PUT', path, body: Buffer.alloc(500_000, 'x') })
    const socket = connect(Number(new URL(node.clientUrl).port), '127.0.0.1')
    socket.on('error', () => {})
    t.teardown(() => socket.destroy())
    let heard = 0
    socket.on('data', (chunk) => {
      heard += chunk.length
      socket.pause()
    })
    socket.write(Buffer.from(requests, 'latin1'))
    await until(() => heard > 0 && answers.lentBytes > 0, 'answers that are not sent yet')
    socket.destroy()
    await until(() => answers.lentBytes === 0 && answers.waiting === 0, 'room that came back')
    const { status, body } = await send(node.clientUrl, { path })
    t.equal(status, 200)
    t.equal(body.length, 500_000)
  })
}
