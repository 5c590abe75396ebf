import { test } from 'tap'
import { restApp } from './rest-app.ts'

const url = '/v1/caches/default/keys/k'
const code = (body: string): unknown => JSON.parse(body).code

test('a value comes back with its bytes, its content type and its version', async (t) => {
  const { app, ring } = restApp(t)
  const payload = Buffer.from([0, 255, 13, 10, 128])
  const put = await app.inject({ method: 'PUT', url, payload, headers: { 'content-type': 'image/x; a="b c"' } })
  t.equal(put.statusCode, 201)
  t.equal(put.body, '')
  t.match(put.headers, {
    etag: /^"\d+"$/,
    'ringhold-copies': '1',
    'cache-status': '"n1"',
    'ringhold-ring': ring.checksum,
  })
  const get = await app.inject({ url })
  t.equal(get.statusCode, 200)
  t.same(get.rawPayload, payload)
  t.match(get.headers, {
    etag: put.headers.etag,
    'content-type': 'image/x; a="b c"',
    'cache-status': '"n1"; hit',
    'cache-control': 'no-store',
    'ringhold-ring': ring.checksum,
    'ttl-ms': undefined,
  })
  const head = await app.inject({ method: 'HEAD', url })
  t.equal(head.statusCode, 200)
  t.equal(head.body, '')
  t.match(head.headers, { etag: put.headers.etag, 'content-type': 'image/x; a="b c"', 'content-length': '5' })
})

test('any content type is stored as it came, and none becomes application/octet-stream', async (t) => {
  const { app } = restApp(t)
  for (const type of [
    'application/json',
    'text/plain',
    'text/html; charset=latin1',
    'application/x-www-form-urlencoded',
  ]) {
    await app.inject({ method: 'PUT', url, payload: 'no json {', headers: { 'content-type': type } })
    const get = await app.inject({ url })
    t.equal(get.headers['content-type'], type)
    t.equal(get.body, 'no json {')
  }
  await app.inject({ method: 'PUT', url, payload: Buffer.from('x') })
  t.equal((await app.inject({ url })).headers['content-type'], 'application/octet-stream')
})

test('an empty value is a value', async (t) => {
  const { app } = restApp(t)
  for (const headers of [{}, { 'content-type': 'text/plain' }, { 'content-length': '0' }]) {
    const put = await app.inject({ method: 'PUT', url, headers })
    t.ok([201, 204].includes(put.statusCode))
    const get = await app.inject({ url })
    t.equal(get.statusCode, 200)
    t.equal(get.headers['content-length'], '0')
  }
})

test('a miss is 404 with its own code, and so is the deletion of what is absent', async (t) => {
  const { app } = restApp(t)
  for (const method of ['GET', 'DELETE'] as const) {
    const reply = await app.inject({ method, url })
    t.equal(reply.statusCode, 404)
    t.equal(code(reply.body), 'RINGHOLD_KEY_NOT_FOUND')
    t.match(reply.headers, { 'content-type': 'application/problem+json', 'cache-control': 'no-store' })
  }
  const head = await app.inject({ method: 'HEAD', url })
  t.equal(head.statusCode, 404)
  t.equal(head.body, '')
})

test('a miss says why the key is missing: in the problem, and for HEAD in Cache-Status', async (t) => {
  const { app } = restApp(t)
  const never = await app.inject({ url })
  t.equal(never.headers['cache-status'], '"n1"; fwd=uri-miss')
  t.notOk('reason' in JSON.parse(never.body))
  await app.inject({ method: 'PUT', url, payload: 'a' })
  await app.inject({ method: 'DELETE', url })
  t.match(JSON.parse((await app.inject({ url })).body), { code: 'RINGHOLD_KEY_NOT_FOUND', reason: 'deleted' })
  t.equal((await app.inject({ method: 'HEAD', url })).headers['cache-status'], '"n1"; fwd=uri-miss; detail=deleted')
})

test('created is 201, replaced is 204, deleted is 204, and each write has a higher version', async (t) => {
  const { app } = restApp(t)
  const first = await app.inject({ method: 'PUT', url, payload: 'a' })
  const second = await app.inject({ method: 'PUT', url, payload: 'b' })
  t.strictSame([first.statusCode, second.statusCode], [201, 204])
  t.ok(Number(JSON.parse(String(second.headers.etag))) > Number(JSON.parse(String(first.headers.etag))))
  t.equal((await app.inject({ method: 'DELETE', url })).statusCode, 204)
  t.equal((await app.inject({ url })).statusCode, 404)
})

test('a time to live runs down on the monotonic clock and ends the entry', async (t) => {
  const rest = restApp(t)
  await rest.app.inject({ method: 'PUT', url, payload: 'a', headers: { 'ttl-ms': '1000' } })
  t.equal((await rest.app.inject({ url })).headers['ttl-ms'], '1000')
  rest.now = 999
  t.equal((await rest.app.inject({ url })).headers['ttl-ms'], '1')
  rest.now = 1000
  t.equal((await rest.app.inject({ url })).statusCode, 404)
})

test('reads are conditional by RFC 9110 §13: If-Match strongly, then If-None-Match weakly', async (t) => {
  const { app } = restApp(t)
  const put = await app.inject({ method: 'PUT', url, payload: 'a' })
  const etag = String(put.headers.etag)
  const rows: [headers: Record<string, string>, status: number][] = [
    [{ 'if-none-match': etag }, 304],
    [{ 'if-none-match': `W/${etag}` }, 304],
    [{ 'if-none-match': '*' }, 304],
    [{ 'if-none-match': `"x", ${etag} ,"y"` }, 304],
    [{ 'if-none-match': '"1"' }, 200],
    [{ 'if-match': etag }, 200],
    [{ 'if-match': '*' }, 200],
    [{ 'if-match': `"1", ${etag}` }, 200],
    [{ 'if-match': `W/${etag}` }, 412],
    [{ 'if-match': '"1"' }, 412],
    [{ 'if-match': etag, 'if-none-match': etag }, 304],
    [{ 'if-match': '"1"', 'if-none-match': etag }, 412],
    [{ 'if-match': 'bare' }, 400],
    [{ 'if-none-match': '"open' }, 400],
  ]
  for (const [headers, status] of rows) {
    const reply = await app.inject({ url, headers })
    t.equal(reply.statusCode, status, JSON.stringify(headers))
    if (status === 304) t.match(reply.headers, { etag, 'content-type': undefined, 'content-length': undefined })
    if (status === 412) t.equal(reply.headers.etag, etag, 'a 412 tells the present version')
    if (status === 400) t.equal(code(reply.body), 'RINGHOLD_BAD_CONDITION')
  }
  const absent = { url: '/v1/caches/default/keys/absent' }
  for (const headers of [{ 'if-match': '*' }, { 'if-none-match': '*' }, { 'if-none-match': etag }]) {
    t.equal((await app.inject({ ...absent, headers })).statusCode, 404, 'without an entry there is nothing to compare')
  }
})

test('writes are conditional by RFC 9110 §13', async (t) => {
  const rows: [method: 'PUT' | 'DELETE', headers: Record<string, string>, present: number, absent: number][] = [
    // ETAG stands for the present version.
    ['PUT', { 'if-match': 'ETAG' }, 204, 412],
    ['PUT', { 'if-match': '"1", ETAG' }, 204, 412],
    ['PUT', { 'if-match': 'W/ETAG' }, 412, 412],
    ['PUT', { 'if-match': '"1"' }, 412, 412],
    ['PUT', { 'if-match': '*' }, 204, 412],
    ['PUT', { 'if-none-match': '*' }, 412, 201],
    ['PUT', { 'if-none-match': 'ETAG' }, 412, 201],
    ['PUT', { 'if-none-match': 'W/ETAG' }, 412, 201],
    ['PUT', { 'if-none-match': '"1"' }, 204, 201],
    ['PUT', { 'if-match': 'ETAG', 'if-none-match': '*' }, 412, 412],
    ['PUT', { 'if-match': 'ETAG', 'if-none-match': 'ETAG' }, 412, 412],
    ['PUT', { 'if-match': 'ETAG', 'if-none-match': '"1"' }, 204, 412],
    ['PUT', { 'if-match': '*', 'if-none-match': 'ETAG' }, 400, 400],
    ['PUT', { 'if-match': 'nonsense' }, 400, 400],
    ['DELETE', { 'if-match': 'ETAG' }, 204, 404],
    ['DELETE', { 'if-match': '"1"' }, 412, 404],
    ['DELETE', { 'if-none-match': 'ETAG' }, 412, 404],
  ]
  for (const [method, template, present, absent] of rows) {
    const { app } = restApp(t)
    const made = await app.inject({ method: 'PUT', url, payload: 'a' })
    const etag = String(made.headers.etag)
    const headers = Object.fromEntries(
      Object.entries(template).map(([name, text]) => [name, text.replaceAll('ETAG', etag)]),
    )
    const whenAbsent = await app.inject({ method, url: `${url}2`, payload: 'b', headers })
    t.equal(whenAbsent.statusCode, absent, `${method} ${JSON.stringify(template)} when absent`)
    const whenPresent = await app.inject({ method, url, payload: 'b', headers })
    t.equal(whenPresent.statusCode, present, `${method} ${JSON.stringify(template)} when present`)
    if (present < 400) continue
    if (present === 412) t.equal(whenPresent.headers.etag, etag)
    t.equal((await app.inject({ url })).body, 'a', 'nothing changed')
  }
})

test('of many writers that race to create a key exactly one does', async (t) => {
  const { app } = restApp(t)
  const headers = { 'if-none-match': '*' }
  const replies = await Promise.all(
    Array.from({ length: 50 }, (_, at) => app.inject({ method: 'PUT', url, payload: String(at), headers })),
  )
  const winners = replies.filter(({ statusCode }) => statusCode === 201)
  t.equal(winners.length, 1)
  t.ok(replies.every((reply) => reply === winners[0] || reply.statusCode === 412))
  t.equal((await app.inject({ url })).body, String(replies.indexOf(winners[0] as (typeof replies)[0])))
})

test('a node that is joining or fenced answers 503, and asks to try again', async (t) => {
  const rest = restApp(t)
  for (const answers of ['joining', 'fenced'] as const) {
    rest.answers = answers
    const reply = await rest.app.inject({ url })
    t.equal(reply.statusCode, 503)
    t.equal(code(reply.body), 'RINGHOLD_NOT_READY')
    t.equal(reply.headers['retry-after'], '1')
  }
})

test('a caller that routes itself to the wrong node gets 421 with the owner and the ring', async (t) => {
  const { app, ring } = restApp(t, ['n1', 'n2'])
  const theirs = Array.from({ length: 100 }, (_, at) => `k${at}`).find(
    (key) => ring.coordinator(ring.token(key)) === 'n2',
  )
  const headers = { 'ringhold-route': 'direct' }
  for (const method of ['GET', 'PUT', 'DELETE'] as const) {
    const reply = await app.inject({ method, url: `/v1/caches/default/keys/${theirs}`, headers })
    t.equal(reply.statusCode, 421)
    t.match(JSON.parse(reply.body), { code: 'RINGHOLD_WRONG_OWNER', owner: 'n2', ring: ring.checksum, executed: 'no' })
    t.equal(reply.headers['ringhold-ring'], ring.checksum)
  }
})

test('a write may say when it counts as done: ack=none is answered 202, anything unknown 400', async (t) => {
  const { app } = restApp(t)
  t.match(await app.inject({ method: 'PUT', url: `${url}?ack=one`, payload: 'a' }), { statusCode: 201 })
  const taken = await app.inject({ method: 'PUT', url: `${url}?ack=none`, payload: 'b' })
  t.match(taken, { statusCode: 202, body: '' })
  t.notOk('etag' in taken.headers, 'it has no version yet')
  t.equal((await app.inject({ url })).body, 'b')
  t.match(await app.inject({ method: 'PUT', url: `${url}?ack=all`, payload: 'c' }), { statusCode: 204 })
  for (const query of ['ack=two', 'ack=', 'ack=one&ack=none', 'ack']) {
    t.match(await app.inject({ method: 'PUT', url: `${url}?${query}`, payload: 'd' }), { statusCode: 400 }, query)
  }
  t.match(await app.inject({ method: 'DELETE', url: `${url}?ack=none` }), { statusCode: 202 })
  t.match(await app.inject({ url }), { statusCode: 404 })
})

test('a body gives back the room that it was lent, also where it is refused', async (t) => {
  const { app, rooms } = restApp(t)
  const payload = Buffer.alloc(100_000, 7)
  let most = 0
  const take = rooms.commands.take.bind(rooms.commands)
  rooms.commands.take = (bytes, tenant) => {
    const piece = take(bytes, tenant)
    most = Math.max(most, rooms.commands.lentBytes)
    return piece
  }
  for (const [query, statusCode] of [
    ['', 201],
    ['?ack=two', 400],
    ['?ack=one', 204],
  ] as const) {
    t.match(await app.inject({ method: 'PUT', url: url + query, payload }), { statusCode })
    t.ok(most >= 100_000, 'it was lent some')
    t.equal(rooms.commands.lentBytes, 0)
    most = 0
  }
  t.match(await app.inject({ method: 'DELETE', url, payload }), { statusCode: 204 })
  t.match(await app.inject({ method: 'PUT', url, payload: Buffer.alloc(1_048_577) }), { statusCode: 413 })
  t.strictSame([rooms.commands.lentBytes, rooms.commands.waiting], [0, 0])
})
