import { connect } from 'node:net'
import { test } from 'tap'
import type { PeerReply } from '#node/copies/peer-request.js'
import { TokenSet } from '#node/copies/token-set.js'
import { asker, envelope, peerListener, room } from './peer-listener.ts'

const noted: PeerReply = { type: 'noted' }
const recall = (token: number) => ({ type: 'recall' as const, tokens: TokenSet.of([token]) })

test('each request gets its own reply, whatever their order, and the envelope of who spoke', async (t) => {
  const held: ((reply: PeerReply) => void)[] = []
  const { url } = await peerListener(t, (request, reply) => {
    if (request.type === 'compare') held.push(reply)
    else for (const late of [reply, ...held.reverse()]) late({ type: 'other-ring', ring: String(request.type) })
  })
  const { ask } = asker(t, url)
  const compare = ask({ type: 'compare', digests: [] })
  const last = ask({ type: 'claim', ring: 'x', tokens: new TokenSet() })
  const expected = { type: 'reply', envelope: { from: 'b', incarnation: 2, clock: 9 }, reply: { type: 'other-ring' } }
  t.match(await last, expected)
  t.match(await compare, expected)
})

test('all that is asked in one turn leaves in one write', async (t) => {
  const { url, server } = await peerListener(t, (_request, reply) => reply(noted))
  let reads = 0
  server.prependListener('upgrade', (_request, socket) => socket.on('data', () => reads++))
  const { ask } = asker(t, url)
  await ask(recall(0))
  reads = 0
  await Promise.all([1, 2, 3, 4, 5].map((token) => ask(recall(token))))
  t.equal(reads, 1)
})

test('where nobody listens, what was not sent is refused at once', async (t) => {
  const listener = await peerListener(t, (_request, reply) => reply(noted))
  await listener.close()
  const { ask, problems } = asker(t, listener.url)
  const outcomes = await Promise.all([ask(recall(1)), ask(recall(2))])
  t.same(outcomes, [{ type: 'refused' }, { type: 'refused' }])
  t.same(await ask(recall(3)), { type: 'refused' })
  t.same(problems, [], 'that is nothing to write home about')
})

test('when the connection breaks, what was sent fails; once the peer listens again it is reached again', async (t) => {
  const silent = await peerListener(t, () => {
    for (const socket of silent.sockets) socket.destroy()
  })
  const { ask } = asker(t, silent.url)
  t.same(await ask(recall(1)), { type: 'failed' })
  await silent.close()
  t.same(await ask(recall(2)), { type: 'refused' })
  await peerListener(t, (_request, reply) => reply(noted), silent.port)
  let outcome = await ask(recall(3))
  while (outcome.type === 'refused') outcome = await ask(recall(3))
  t.match(outcome, { type: 'reply', reply: noted })
})

test('what is not sent yet outlives a broken connection', async (t) => {
  let breaks = 1
  const listener = await peerListener(t, (_request, reply) => {
    if (breaks-- > 0) for (const socket of listener.sockets) socket.destroy()
    else reply(noted)
  })
  const outcomes: [number, string][] = []
  const settled = new Promise<void>((resolve) => {
    const { link } = asker(t, listener.url, {
      onSettled: (id, { type }) => {
        outcomes.push([id, type])
        // Asked while the link deals with the loss of its connection.
        if (id === 1) link.ask(2, envelope, recall(2))
        else resolve()
      },
    })
    link.ask(1, envelope, recall(1))
  })
  await settled
  t.same(outcomes, [
    [1, 'failed'],
    [2, 'reply'],
  ])
})

test('a node of another name or fleet at the address is not the one that was meant', async (t) => {
  const { url } = await peerListener(t, (_request, reply) => reply(noted))
  const other = asker(t, url, { peer: { name: 'c', url } })
  t.same(await other.ask(recall(1)), { type: 'refused' })
  const foreign = asker(t, url, { fleet: 'g' })
  t.same(await foreign.ask(recall(1)), { type: 'refused' })
  t.equal(foreign.problems.length, 1)
})

test('a peer that owes replies and says nothing any more is cut off', async (t) => {
  const { url } = await peerListener(t, () => {})
  const { link, ask } = asker(t, url)
  const outcome = ask(recall(1))
  let looks = 0
  const timer = setInterval(() => {
    link.look()
    looks++
  }, 1)
  t.same(await outcome, { type: 'failed' })
  clearInterval(timer)
  t.ok(looks > 5, `${looks} looks`)
})

test('what is asked beyond the bytes that may wait fails, and nothing else does', async (t) => {
  const { url } = await peerListener(t, (_request, reply) => reply(noted))
  const { ask } = asker(t, url, { queueBytesMax: 4_000 })
  const outcomes = await Promise.all([1, 2, 3, 4].map((token) => ask(recall(token))))
  t.same(
    outcomes.map(({ type }) => type),
    ['reply', 'reply', 'failed', 'failed'],
  )
})

test('what cannot be read ends that connection only, with a coded error', async (t) => {
  const listener = await peerListener(t, (_request, reply) => reply(noted))
  const { ask } = asker(t, listener.url)
  await ask(recall(1))
  const headers = 'Connection: Upgrade\r\nUpgrade: ringhold-peer/1\r\nRinghold-Fleet: f\r\nRinghold-To: b\r\n'
  const received = await new Promise<string>((resolve) => {
    const socket = connect(listener.port, '127.0.0.1')
    let text = ''
    socket.on('data', (chunk) => {
      if (text === '') socket.write(Buffer.alloc(64, 0xff))
      text += chunk.toString('latin1')
    })
    socket.on('close', () => resolve(text))
    socket.write(`GET /v1/peer/stream HTTP/1.1\r\nHost: b\r\n${headers}\r\n`)
  })
  t.match(received, /101 Switching Protocols/)
  t.match(received, /RINGHOLD_BAD_REQUEST/)
  t.match(listener.problems, [{ code: 'RINGHOLD_BAD_REQUEST' }])
  t.match(await ask(recall(2)), { type: 'reply' }, 'the other connection stands')
  t.equal(listener.sockets.size, 1)
})

test('a peer whose replies cannot be read is cut off, and what it owes fails', async (t) => {
  const listener = await peerListener(t, () => {
    for (const socket of listener.sockets) socket.write(Buffer.alloc(64, 0xff))
  })
  const { ask, problems } = asker(t, listener.url)
  t.same(await ask(recall(1)), { type: 'failed' })
  t.match(problems, [{ code: 'RINGHOLD_BAD_REPLY' }])
})

test('when the link is destroyed, what is under way fails', async (t) => {
  const { url } = await peerListener(t, () => {})
  const { link, ask } = asker(t, url)
  const outcome = ask(recall(1))
  link.destroy()
  t.same(await outcome, { type: 'failed' })
  t.same(await ask(recall(1)), { type: 'failed' })
})

const apply = (bytes: number) => ({
  type: 'apply' as const,
  copies: [
    {
      ...{ type: 'entry' as const, cache: 'c', key: new Uint8Array(3).fill(7), version: 1, contentType: 'a/b' },
      ...{ value: new Uint8Array(bytes).fill(bytes % 251), ttlMs: undefined },
    },
  ],
})

test('large values arrive as they were, and no memory stays lent', async (t) => {
  const { url } = await peerListener(t, (request, reply) => {
    const [copy] = request.type === 'apply' ? request.copies : []
    const { value } = copy as { value: Uint8Array }
    reply({ type: 'other-ring', ring: `${value.length} ${value.every((byte) => byte === value.length % 251)}` })
  })
  const { ask } = asker(t, url)
  const sizes = Array.from({ length: 40 }, (_, nth) => 1 + nth * 26_000)
  const outcomes = await Promise.all(sizes.map((bytes) => ask(apply(bytes))))
  t.match(
    outcomes,
    sizes.map((bytes) => ({ reply: { ring: `${bytes} true` } })),
  )
  while (room.lentBytes > 0) await new Promise((resolve) => setImmediate(resolve))
})

test('where a connection breaks in the middle, the memory that its two ends borrowed goes back', async (t) => {
  const listener = await peerListener(t, () => {
    for (const socket of listener.sockets) socket.destroy()
  })
  const { ask, link } = asker(t, listener.url)
  const asked = Array.from({ length: 30 }, () => ask(apply(1_000_000)))
  t.match(await asked[0], { type: 'failed' })
  link.destroy()
  await Promise.all(asked)
  while (room.lentBytes > 0) await new Promise((resolve) => setImmediate(resolve))
})
