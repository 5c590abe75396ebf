import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { PassThrough } from 'node:stream'
import { type Test, test } from 'tap'
import { lendReads } from '#node/lent-reads.js'
import { until } from './fleet/in-process-fleet.ts'

/** A connection by its accepted end and the one that connected. */
async function connection(t: Test): Promise<{ near: Socket; far: Socket }> {
  const server = createServer({ allowHalfOpen: true })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const far = connect((server.address() as AddressInfo).port, '127.0.0.1')
  const [near] = (await once(server, 'connection')) as [Socket]
  t.teardown(() => {
    near.destroy()
    far.destroy()
    server.close()
  })
  return { near, far }
}

/** All that comes, by how it came. */
function listen(socket: Socket) {
  const heard = { data: '', lent: '', memory: new Set<ArrayBufferLike>(), isEnded: false }
  socket.on('data', (chunk: Buffer) => {
    heard.data += chunk.toString('latin1')
  })
  socket.on('end', () => {
    heard.isEnded = true
  })
  const isLent = lendReads(socket, (chunk) => {
    heard.lent += Buffer.from(chunk).toString('latin1')
    heard.memory.add(chunk.buffer)
  })
  return { heard, isLent }
}

test('what accepted sockets read is lent out of one buffer for all of them', async (t) => {
  const memory = new Set<ArrayBufferLike>()
  for (const name of ['a', 'b']) {
    const { near, far } = await connection(t)
    const { heard, isLent } = listen(near)
    t.equal(isLent, true, 'by this version of Node')
    for (const part of ['1', '2']) {
      far.write(name + part)
      await until(() => heard.lent.endsWith(part), 'what was sent')
    }
    t.match(heard, { lent: `${name}1${name}2`, data: '' })
    for (const each of heard.memory) memory.add(each)
  }
  t.equal(memory.size, 1)
})

test('what was read before still comes as data, and nothing is lost or out of order', async (t) => {
  const { near, far } = await connection(t)
  far.write('before')
  near.read(0)
  await until(() => near.readableLength === 6, 'a read')
  const { heard } = listen(near)
  far.write('after')
  await until(() => heard.lent.length === 5, 'what was sent')
  t.match(heard, { data: 'before', lent: 'after' })
})

test('a socket that is paused lends nothing until it is resumed, and its end comes last', async (t) => {
  const { near, far } = await connection(t)
  const { heard } = listen(near)
  far.write('first')
  await until(() => heard.lent === 'first', 'what was sent')
  near.pause()
  far.end('x'.repeat(100_000))
  const other = await connection(t)
  const { heard: otherHeard } = listen(other.near)
  other.far.write('later')
  await until(() => otherHeard.lent === 'later', 'what was sent after it, elsewhere')
  t.match(heard, { lent: 'first', isEnded: false })
  near.resume()
  await until(() => heard.isEnded, 'the end')
  t.equal(heard.lent.length, 100_005)
})

test('what is no socket lends nothing, and its data come as before', async (t) => {
  const stream = new PassThrough()
  t.equal(
    lendReads(stream, () => t.fail('nothing is lent')),
    false,
  )
  stream.end('all')
  t.equal(String(await once(stream, 'data')), 'all')
})
