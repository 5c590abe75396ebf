import type { AddressInfo } from 'node:net'
import { pino } from 'pino'
import { type Test, test } from 'tap'
import { newListener, type Patience } from '#node/http/listener.js'
import { sendBytes } from './wire.ts'

const patience: Patience = { headMs: 150, requestMs: 300, silenceMs: 60_000, checkMs: 20 }

async function impatient(t: Test, more: Partial<Patience> = {}): Promise<string> {
  const app = newListener({ self: 'n1', logger: pino({ level: 'silent' }), patience: { ...patience, ...more } })
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, parsed) => parsed(null, body))
  app.put('/', async () => 'done')
  app.get('/fails', async () => {
    throw new Error('a secret of the inside')
  })
  await app.listen({ host: '127.0.0.1', port: 0 })
  t.teardown(async () => {
    app.server.closeAllConnections()
    await app.close()
  })
  return `http://127.0.0.1:${(app.server.address() as AddressInfo).port}`
}

test('who says nothing, or stops in the middle of a request, is cut off in bounded time', async (t) => {
  const url = await impatient(t)
  const rows: [what: string, bytes: string][] = [
    ['nothing at all', ''],
    ['half a head', 'PUT / HTTP/1.1\r\nHost: x\r\nX-Slow: '],
    ['half a body', 'PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nhalf'],
  ]
  for (const [what, bytes] of rows) {
    const reply = await sendBytes(url, bytes)
    t.match(reply, /^(HTTP\/1\.1 400 .*RINGHOLD_BAD_REQUEST.*)?$/s, what)
  }
})

test('replies say how long a connection without requests stays, and it is closed then', async (t) => {
  const url = await impatient(t, { silenceMs: 1_000 })
  const asked = 'PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\n1'
  const begun = performance.now()
  t.match(await sendBytes(url, asked), /^HTTP\/1\.1 200 OK\r\n.*keep-alive: timeout=1\r\n/is)
  t.ok(performance.now() - begun > 900, 'not before')
  const last = await sendBytes(url, asked.replace('Host', 'Connection: close\r\nHost'))
  t.notMatch(last, /keep-alive/i, 'but for one that ends')
})

test('an error of ours tells nothing of the inside', async (t) => {
  const url = await impatient(t)
  const reply = await fetch(`${url}/fails`)
  t.equal(reply.status, 500)
  const body = await reply.text()
  t.match(JSON.parse(body), { code: 'RINGHOLD_INTERNAL', executed: 'unknown', node: 'n1' })
  t.notMatch(body, /secret/)
})
