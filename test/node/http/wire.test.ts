import fc from 'fast-check'
import { type Test, test } from 'tap'
import { startNode } from '#node/index.js'
import { firstReply, send, sendBytes } from './wire.ts'

const pathOf = (key: string): string => `/v1/caches/default/keys/${encodeURIComponent(key)}`

async function loneNode(t: Test): Promise<string> {
  const node = await startNode({ name: 'n1', port: 0, peerPort: 0, logLevel: 'silent' })
  t.teardown(() => node.cut())
  return node.clientUrl
}

test('every key round-trips byte for byte and meets no other', async (t) => {
  const url = await loneNode(t)
  const keys = [
    ...[
      '.',
      '..',
      '...',
      '%2e',
      '/',
      '//',
      'a/b',
      '../x',
      '%2F',
      '%2f',
      '%25',
      '%252F',
      '%',
      '\0',
      'a\0b',
      '\r\n',
      '\r\nx: y',
    ],
    ...[
      '\t',
      ' ',
      '+',
      '%20',
      ';',
      '?',
      '#',
      '?#',
      ';?#/%+ ',
      '&=',
      "'",
      '"',
      '\\',
      '*',
      ':',
      '@',
      '~',
      '|',
      '[]',
      '__proto__',
    ],
    ...[
      'constructor',
      'toString',
      'keys',
      '💥',
      '👩‍👩‍👧',
      'é',
      'e\u0301',
      'ÿ',
      '\u{10ffff}',
      '\ufeff',
      '\uffff',
      'ß',
      'ẞ',
      'A',
      'a',
    ],
  ]
  for (const key of keys) {
    const put = await send(url, { method: 'PUT', path: pathOf(key), body: `value of ${key}` })
    t.equal(put.status, 201, `${JSON.stringify(key)} is new`)
    t.notMatch(JSON.stringify(put.headers), /x: y/)
  }
  for (const key of keys) {
    const get = await send(url, { path: pathOf(key) })
    t.equal(get.body.toString(), `value of ${key}`)
    const explained = await send(url, { path: `/v1/explain/default/${encodeURIComponent(key)}` })
    t.equal(JSON.parse(explained.body.toString()).key, key)
  }
  for (const key of keys) t.equal((await send(url, { method: 'DELETE', path: pathOf(key) })).status, 204)
})

test('dots are keys also where clients leave them bare, and never another route', async (t) => {
  const url = await loneNode(t)
  for (const key of ['.', '..', '%2e', '%2E%2e']) {
    const path = `/v1/caches/default/keys/${key}`
    t.ok([201, 204].includes((await send(url, { method: 'PUT', path, body: 'x' })).status), key)
  }
  const stats = await send(url, { path: '/v1/stats' })
  t.equal(JSON.parse(stats.body.toString()).entries, 2, '. and .., whichever way they are written')
  const bad = await send(url, { path: '/v1/caches/%2e%2e/keys/k' })
  t.equal(JSON.parse(bad.body.toString()).code, 'RINGHOLD_BAD_CACHE')
})

test('any text of 1 to 512 bytes is a key that round-trips', async (t) => {
  const url = await loneNode(t)
  const key = fc.string({ unit: 'binary', minLength: 1, maxLength: 100 })
  const property = fc.asyncProperty(key, fc.uint8Array(), async (text, value) => {
    const path = pathOf(text)
    const put = await send(url, { method: 'PUT', path, body: value })
    const get = await send(url, { path })
    return put.status < 300 && get.status === 200 && get.body.equals(value)
  })
  await fc.assert(property, { numRuns: 200 })
})

test('what HTTP forbids gets 400, once, and the connection is closed', async (t) => {
  const url = await loneNode(t)
  const chunkedPut = 'PUT /v1/caches/c/keys/k HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: '
  const rows: [what: string, bytes: string][] = [
    ['two hosts', 'GET /livez HTTP/1.1\r\nHost: a\r\nhOST: b\r\nConnection: close\r\n\r\n'],
    [
      'two hosts, far apart',
      `GET /livez HTTP/1.1\r\nHost: a\r\n${'a:\r\n'.repeat(2_500)}Host: b\r\nConnection: close\r\n\r\n`,
    ],
    ['no host', 'GET /livez HTTP/1.1\r\nConnection: close\r\n\r\n'],
    ['an expectation that nobody knows', 'GET /livez HTTP/1.1\r\nHost: a\r\nExpect: tea\r\nConnection: close\r\n\r\n'],
    ['gzip in chunks', `${chunkedPut}gzip, chunked\r\nConnection: close\r\n\r\n1\r\nx\r\n0\r\n\r\n`],
    ['no chunks at all', `${chunkedPut}gzip\r\nConnection: close\r\n\r\nx`],
    ['no HTTP', 'hello\r\n\r\n'],
    [
      'length and chunks',
      'PUT /v1/caches/c/keys/k HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    ],
    ['two lengths', 'PUT /v1/caches/c/keys/k HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx'],
    ['a key in bare UTF-8', 'GET /v1/caches/c/keys/\xc3\xa9 HTTP/1.1\r\nHost: a\r\n\r\n'],
    ['a key with a bare #', 'GET /v1/caches/c/keys/a#b HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n'],
    ['a head over 16 KiB', `GET /v1/caches/c/keys/${'k'.repeat(20_000)} HTTP/1.1\r\nHost: a\r\n\r\n`],
  ]
  for (const [what, bytes] of rows) {
    const reply = await sendBytes(url, Buffer.from(bytes, 'latin1'))
    t.match(reply, /^HTTP\/1\.1 400 /, what)
    t.match(reply, /content-type: application\/problem\+json\r\n/, what)
    t.equal(reply.split('HTTP/1.1 ').length - 1, 1, `${what}: one reply`)
  }
})

test('a condition counts however many fields stand before it', async (t) => {
  const url = await loneNode(t)
  await send(url, { method: 'PUT', path: '/v1/caches/c/keys/k', body: 'first' })
  const head = `PUT /v1/caches/c/keys/k HTTP/1.1\r\nHost: a\r\n${'a:\r\n'.repeat(2_500)}`
  const reply = await sendBytes(url, `${head}If-None-Match: *\r\nContent-Length: 1\r\nConnection: close\r\n\r\n2`)
  t.match(reply, /^HTTP\/1\.1 412 /)
})

test('a value over the limit is refused by its announced length, or as soon as its chunks exceed it', async (t) => {
  const url = await loneNode(t)
  const announced = 'PUT /v1/caches/c/keys/k HTTP/1.1\r\nHost: a\r\nContent-Length: 10000000000\r\n\r\n'
  t.match(await firstReply(url, announced), /^HTTP\/1\.1 413 .*RINGHOLD_VALUE_TOO_LARGE/s)
  const chunk = `80000\r\n${'v'.repeat(0x80000)}\r\n`
  const chunked = `PUT /v1/caches/c/keys/k HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n${chunk.repeat(3)}`
  t.match(await firstReply(url, chunked), /^HTTP\/1\.1 413 .*RINGHOLD_VALUE_TOO_LARGE/s)
  t.equal((await send(url, { path: '/v1/caches/c/keys/k' })).status, 404)
})

test('who sends far too much is heard out and reads the 413, and the connection serves on', async (t) => {
  const url = await loneNode(t)
  const put = `PUT /v1/caches/c/keys/k HTTP/1.1\r\nHost: a\r\nContent-Length: ${0x800000}\r\n\r\n${'v'.repeat(0x800000)}`
  const reply = await sendBytes(url, `${put}GET /livez HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`)
  t.match(reply, /^HTTP\/1\.1 413 .*RINGHOLD_VALUE_TOO_LARGE.*HTTP\/1\.1 200 /s)
})

test('a client that offers h2c with everything it sends is served as if it had not', async (t) => {
  const url = await loneNode(t)
  const offer = 'Host: a\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQ\r\n'
  const put = `PUT /v1/caches/c/keys/k HTTP/1.1\r\n${offer}Content-Length: 5\r\n\r\nvalue`
  const requests = Array.from({ length: 20 }, () => `GET /v1/caches/c/keys/other HTTP/1.1\r\n${offer}\r\n`)
  const last = `GET /livez HTTP/1.1\r\n${offer.replace('Upgrade,', 'close, Upgrade,')}\r\n`
  const reply = await sendBytes(url, [put, ...requests, last].join(''))
  const statuses = [...reply.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status]) => status)
  t.strictSame(statuses, ['201', ...requests.map(() => '404'), '200'], 'one after the other, on one connection')
  t.equal((await send(url, { path: '/v1/caches/c/keys/k' })).body.toString(), 'value')
})

test('an upgrade that is pipelined behind other requests waits for their replies', async (t) => {
  const url = await loneNode(t)
  const put = 'PUT /v1/caches/c/keys/k HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx'
  const upgrade = (path: string, to: string) =>
    `GET ${path} HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, close\r\nUpgrade: ${to}\r\n\r\n`
  t.match(await sendBytes(url, `${put}${put}${upgrade('/livez', 'h2c')}`), /^HTTP.* 201 .*HTTP.* 204 .*HTTP.* 200 /s)
  t.match(await sendBytes(url, `${put}${upgrade('/livez', 'ringhold/1')}`), /^HTTP.* 204 .*HTTP.* 400 /s)
  t.match(
    await sendBytes(url, `${put}${upgrade('/v1/stream', 'ringhold/1')}no frame at all`),
    /^HTTP.* 204 .*HTTP.* 101 /s,
  )
})
