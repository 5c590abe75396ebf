import { once } from 'node:events'
import { createServer, type RequestListener, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { type Test, test } from 'tap'
import { isRefused, PeerLinks, type PeerLinksOptions } from '#node/peer-links.js'

interface Peer {
  readonly url: string
  readonly sockets: Set<Socket>
  /** How many connections it has ever had. */
  connections(): number
}

async function peerOf(t: Test, answer: RequestListener): Promise<Peer> {
  const server = createServer(answer)
  const sockets = new Set<Socket>()
  let connections = 0
  server.on('connection', (socket) => {
    connections++
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => {
    server.close()
    server.closeAllConnections()
  })
  const { port } = server.address() as AddressInfo
  return { url: `http://127.0.0.1:${port}`, sockets, connections: () => connections }
}

function linksOf(t: Test, options: Partial<PeerLinksOptions> = {}) {
  const lost: string[] = []
  let tell = () => {}
  const onLost = (peerUrl: string) => {
    lost.push(peerUrl)
    tell()
  }
  const links = new PeerLinks({
    connectionsMax: 8,
    connectTimeoutMs: 5_000,
    replyBytesMax: 1_000,
    onLost,
    ...options,
  })
  t.teardown(() => links.destroy())
  const post = (url: string, body = '{}', signal = new AbortController().signal) =>
    links.post(url, { path: '/ask', body, signal })
  const loss = () =>
    lost.length > 0
      ? Promise.resolve()
      : new Promise<void>((resolve) => {
          tell = resolve
        })
  return { links, post, lost, loss }
}

const echo: RequestListener = (request, response) => {
  const chunks: Buffer[] = []
  request.on('data', (chunk) => chunks.push(chunk))
  request.on('end', () => response.end(`${request.method} ${request.url} ${Buffer.concat(chunks)}`))
}

test('a peer is asked over a connection that stays open for the next request', async (t) => {
  const peer = await peerOf(t, echo)
  const { post } = linksOf(t)
  t.strictSame(await post(peer.url, '{"é":1}'), { status: 200, body: 'POST /ask {"é":1}' })
  await post(peer.url)
  await post(peer.url)
  t.equal(peer.connections(), 1)
})

test('one peer has no more connections than allowed, and what is asked beyond waits', async (t) => {
  const held: ServerResponse[] = []
  const peer = await peerOf(t, (request, response) => {
    request.resume()
    held.push(response)
    if (held.length === 2) for (const each of held.splice(0)) each.end('both')
  })
  const { post } = linksOf(t, { connectionsMax: 2 })
  const replies = await Promise.all([post(peer.url), post(peer.url), post(peer.url), post(peer.url)])
  t.strictSame(
    replies.map(({ body }) => body),
    ['both', 'both', 'both', 'both'],
  )
  t.equal(peer.connections(), 2)
})

test('a peer that does not listen is told from one that fails', async (t) => {
  const { post } = linksOf(t)
  const gone = createServer()
  await new Promise<void>((resolve) => gone.listen(0, '127.0.0.1', resolve))
  const { port } = gone.address() as AddressInfo
  gone.close()
  await once(gone, 'close')
  const refused = await post(`http://127.0.0.1:${port}`).catch((error: unknown) => error)
  t.ok(isRefused(refused))
  const peer = await peerOf(t, (request) => request.socket.destroy())
  const broken = await post(peer.url).catch((error: unknown) => error)
  t.ok(broken instanceof Error && !isRefused(broken))
})

test('a reply that is longer than allowed, or cut off, is none', async (t) => {
  const long = await peerOf(t, (_request, response) => response.end('x'.repeat(1_001)))
  const cut = await peerOf(t, (_request, response) => {
    response.writeHead(200, { 'content-length': '10' })
    response.write('x')
    setImmediate(() => response.destroy())
  })
  const { post } = linksOf(t)
  await t.rejects(post(long.url))
  await t.rejects(post(cut.url))
})

test('the loss of a connection is told, whether it is busy or idle', async (t) => {
  for (const isBusy of [true, false]) {
    let asked = () => {}
    const begun = new Promise<void>((resolve) => {
      asked = resolve
    })
    const peer = await peerOf(t, (_request, response) => {
      if (!isBusy) response.end()
      asked()
    })
    const { post, loss, lost } = linksOf(t)
    const reply = post(peer.url).catch((error: unknown) => error)
    await begun
    if (!isBusy) await reply
    for (const socket of peer.sockets) socket.end()
    await loss()
    t.strictSame(lost, [peer.url])
    t.equal((await reply) instanceof Error, isBusy)
  }
})

test('giving up a request, or links to who is no peer any more, is no loss', async (t) => {
  const answers: ServerResponse[] = []
  const peer = await peerOf(t, (request, response) => {
    request.resume()
    answers.push(response)
    if (answers.length > 1) response.end('late')
  })
  const { links, post, lost } = linksOf(t)
  const abort = new AbortController()
  const given = post(peer.url, '{}', abort.signal)
  while (answers.length === 0) await new Promise((resolve) => setImmediate(resolve))
  abort.abort()
  await t.rejects(given, { name: 'AbortError' })
  await post(peer.url)
  links.keepOnly(new Set())
  while (peer.sockets.size > 0) await new Promise((resolve) => setImmediate(resolve))
  t.strictSame(lost, [])
})

test('links to who is no peer any more serve what is under way, and are closed then', async (t) => {
  const answers: ServerResponse[] = []
  const peer = await peerOf(t, (request, response) => {
    request.resume()
    answers.push(response)
  })
  const { links, post } = linksOf(t)
  const reply = post(peer.url)
  while (answers.length === 0) await new Promise((resolve) => setImmediate(resolve))
  links.keepOnly(new Set())
  answers[0]?.end('done')
  t.equal((await reply).body, 'done')
  while (peer.sockets.size > 0) await new Promise((resolve) => setImmediate(resolve))
})

test('when links are cut, what is under way fails, and what waits for a connection', async (t) => {
  const peer = await peerOf(t, () => {})
  const { links, post } = linksOf(t, { connectionsMax: 1 })
  const replies = [post(peer.url), post(peer.url)]
  while (peer.sockets.size === 0) await new Promise((resolve) => setImmediate(resolve))
  links.destroy()
  for (const reply of replies) await t.rejects(reply)
  while (peer.sockets.size > 0) await new Promise((resolve) => setImmediate(resolve))
})

test('a connection that does not stand in time is given up', async (t) => {
  const { post } = linksOf(t, { connectTimeoutMs: 50 })
  // TEST-NET-1, RFC 5737: nobody is there; where the system knows that at once, this fails at once.
  await t.rejects(post('http://192.0.2.1:9'))
})
