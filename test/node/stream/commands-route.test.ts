import { test } from 'tap'
import { send } from '../http/wire.ts'
import { bytesOf, commands, helloBytes, Listener } from './frames.ts'
import { streamNode } from './stream-node.ts'

const headers = { 'content-type': 'application/vnd.ringhold.frames' }
const path = '/v1/commands'

function heardIn(body: Uint8Array) {
  const listener = new Listener()
  listener.receive(body)
  return listener.heard
}

test('the frames of a stream as the body of a request are answered by those of the reply', async (t) => {
  const { url, rest } = await streamNode(t)
  const body = Buffer.concat([helloBytes(), bytesOf([commands.set('a', 'v'), commands.get('a'), commands.get('b')])])
  const reply = await send(url, { method: 'POST', path, headers, body })
  t.match(reply, {
    status: 200,
    headers: {
      ...headers,
      'ringhold-ring': rest.ring.checksum,
      'cache-control': 'no-store',
      'keep-alive': 'timeout=72',
    },
  })
  t.match(heardIn(reply.body), [{ said: /^hello/ }, { said: 'created' }, { said: 'hit', value: 'v' }, { said: 'miss' }])
})

test('a reply larger than what is held back comes whole', async (t) => {
  const { url } = await streamNode(t)
  const value = 'x'.repeat(1_000_000)
  const list = [commands.set('a', value), ...Array.from({ length: 20 }, () => commands.get('a'))]
  const reply = await send(url, { method: 'POST', path, headers, body: Buffer.concat([helloBytes(), bytesOf(list)]) })
  t.equal(heardIn(reply.body).filter((heard) => heard.value === value).length, 20)
})

test('what is no conversation is refused: another content type, too much, cut off, too many commands', async (t) => {
  const { url } = await streamNode(t)
  const post = (body: Uint8Array, more = {}) =>
    send(url, { method: 'POST', path, headers: { ...headers, ...more }, body })
  for (const type of ['text/plain', 'application/json']) {
    const other = await post(helloBytes(), { 'content-type': type })
    t.match(
      { status: other.status, ...JSON.parse(String(other.body)) },
      { status: 415, detail: /vnd\.ringhold\.frames/ },
      type,
    )
  }
  t.equal((await post(Buffer.alloc(4_194_305))).status, 413)
  for (const body of [Buffer.alloc(0), helloBytes()]) t.equal((await post(body)).status, 200)
  const cut = await post(Buffer.concat([helloBytes(), bytesOf([commands.get('a')]).subarray(0, 8)]))
  t.match(heardIn(cut.body), [{}, { said: 'RINGHOLD_BAD_REQUEST', detail: /ends within a frame/ }])
  const many = await post(
    Buffer.concat([helloBytes(), bytesOf(Array.from({ length: 1_001 }, () => commands.get('a')))]),
  )
  t.match(heardIn(many.body).at(-1), { said: 'RINGHOLD_BAD_REQUEST', detail: /1000 commands/ })
})
