import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { type Test, test } from 'tap'
import { cutSilent, letBeSilent, silenceMsOf } from '#node/http/silence.js'

/** More than the system takes of what nobody reads. */
const large = Buffer.alloc(32 * 1_048_576)
/** So long that nobody is taken for silent where it is this process that stood still. */
const patientMs = 1_000
/**
 * By the clock, so that a busy machine does not make the reader slower: the system tells what it has sent in pieces of
 * some 1.5 MiB, and who takes longer than the silence for one of them is cut.
 */
const slowBytesPerMs = large.length / (5 * patientMs)
const asked = 'GET / HTTP/1.1\r\nHost: x\r\n\r\n'

async function started(t: Test, silenceMs: number): Promise<{ server: Server; connection: Socket }> {
  const server = createServer((_, response) => response.end(large))
  cutSilent(server, { silenceMs, checkMs: 20 })
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const connection = connect((server.address() as AddressInfo).port, '127.0.0.1')
  connection.on('error', () => {})
  t.teardown(() => connection.destroy())
  return { server, connection }
}

test('who says nothing is cut, and not before', async (t) => {
  const { server, connection } = await started(t, 300)
  t.equal(silenceMsOf(server), 300)
  const begun = performance.now()
  await once(connection.resume(), 'close')
  t.ok(performance.now() - begun > 250)
})

test('who does not read its reply is cut', async (t) => {
  const { server, connection } = await started(t, patientMs)
  const [theirs] = (await Promise.all([once(server, 'connection'), connection.write(asked)]))[0] as [Socket]
  connection.pause()
  await once(theirs, 'close')
  t.ok(theirs.bytesWritten > 0 && connection.bytesRead < large.length)
})

test('who reads slowly gets all of its reply, which takes several times the silence', async (t) => {
  const { connection } = await started(t, patientMs)
  const begun = performance.now()
  let bytes = 0
  connection.on('data', (chunk) => {
    bytes += chunk.length
    if (bytes >= large.length) return connection.destroy()
    const dueMs = begun + bytes / slowBytesPerMs - performance.now()
    if (dueMs <= 0) return
    connection.pause()
    setTimeout(() => connection.resume(), dueMs)
  })
  connection.write(asked)
  await once(connection, 'close')
  t.ok(bytes >= large.length, `${bytes} bytes`)
  t.ok(performance.now() - begun > 3 * patientMs)
})

test('who may be silent is not cut', async (t) => {
  const { server, connection } = await started(t, 50)
  const [theirs] = (await once(server, 'connection')) as [Socket]
  letBeSilent(theirs)
  const other = connect((server.address() as AddressInfo).port, '127.0.0.1').resume()
  await once(other, 'close')
  t.notOk(connection.destroyed || theirs.destroyed)
})
