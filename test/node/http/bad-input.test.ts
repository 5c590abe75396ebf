import type { InjectOptions } from 'fastify'
import { test } from 'tap'
import { restApp } from './rest-app.ts'

const keys = '/v1/caches/default/keys'
const json = { 'content-type': 'application/json' }
const put = (url: string, headers: Record<string, string> = {}, payload: string | Buffer = 'x'): InjectOptions => {
  return { method: 'PUT', url, headers, payload }
}

test('bad input gets its coded 4xx, and nothing is touched', async (t) => {
  const rest = restApp(t)
  const { app, store } = rest
  await app.inject(put(`${keys}/untouched`))
  const before = store.stats(0)
  const rows: [what: string, request: InjectOptions, status: number, code: string][] = [
    ['empty key', put(`${keys}/`), 400, 'RINGHOLD_BAD_KEY'],
    ['key of 513 bytes', put(`${keys}/${'k'.repeat(513)}`), 400, 'RINGHOLD_BAD_KEY'],
    ['key of 513 bytes, encoded', put(`${keys}/${'%C3%A9'.repeat(256)}k`), 400, 'RINGHOLD_BAD_KEY'],
    ['key of 9,000 bytes', put(`${keys}/${'k'.repeat(9_000)}`), 400, 'RINGHOLD_BAD_KEY'],
    ['lone surrogate', put(`${keys}/%ED%A0%80`), 400, 'RINGHOLD_BAD_KEY'],
    ['invalid UTF-8', put(`${keys}/%FF`), 400, 'RINGHOLD_BAD_KEY'],
    ['overlong UTF-8', put(`${keys}/%C0%AF`), 400, 'RINGHOLD_BAD_KEY'],
    ['cut percent-encoding', put(`${keys}/%4`), 400, 'RINGHOLD_BAD_KEY'],
    ['no percent-encoding', put(`${keys}/%zz`), 400, 'RINGHOLD_BAD_KEY'],
    ['unencoded slash', put(`${keys}/a/b`), 404, 'RINGHOLD_ROUTE_NOT_FOUND'],
    ['upper case cache', put('/v1/caches/Default/keys/k'), 400, 'RINGHOLD_BAD_CACHE'],
    ['empty cache', put('/v1/caches//keys/k'), 400, 'RINGHOLD_BAD_CACHE'],
    ['cache of 65 characters', put(`/v1/caches/${'c'.repeat(65)}/keys/k`), 400, 'RINGHOLD_BAD_CACHE'],
    ['time to live 0', put(`${keys}/k`, { 'ttl-ms': '0' }), 400, 'RINGHOLD_BAD_TTL'],
    ['negative time to live', put(`${keys}/k`, { 'ttl-ms': '-1' }), 400, 'RINGHOLD_BAD_TTL'],
    ['fraction as time to live', put(`${keys}/k`, { 'ttl-ms': '1.5' }), 400, 'RINGHOLD_BAD_TTL'],
    ['exponent in time to live', put(`${keys}/k`, { 'ttl-ms': '1e3' }), 400, 'RINGHOLD_BAD_TTL'],
    ['empty time to live', put(`${keys}/k`, { 'ttl-ms': '' }), 400, 'RINGHOLD_BAD_TTL'],
    ['word as time to live', put(`${keys}/k`, { 'ttl-ms': 'NaN' }), 400, 'RINGHOLD_BAD_TTL'],
    ['time to live above all bounds', put(`${keys}/k`, { 'ttl-ms': '9999999999999999' }), 400, 'RINGHOLD_BAD_TTL'],
    ['value over 1 MiB', put(`${keys}/k`, {}, Buffer.alloc(1_048_577)), 413, 'RINGHOLD_VALUE_TOO_LARGE'],
    ['gzip', put(`${keys}/k`, { 'content-encoding': 'gzip' }), 415, 'RINGHOLD_BAD_CONTENT'],
    ['content type without slash', put(`${keys}/k`, { 'content-type': 'text' }), 415, 'RINGHOLD_BAD_CONTENT'],
    ['empty content type', put(`${keys}/k`, { 'content-type': '' }), 415, 'RINGHOLD_BAD_CONTENT'],
    ['content type beyond ASCII', put(`${keys}/k`, { 'content-type': 'a/b; c=\u00e9' }), 415, 'RINGHOLD_BAD_CONTENT'],
    ['long content type', put(`${keys}/k`, { 'content-type': `a/${'b'.repeat(255)}` }), 415, 'RINGHOLD_BAD_CONTENT'],
    ['unknown query', put(`${keys}/k?ttl=5`), 400, 'RINGHOLD_BAD_REQUEST'],
    ['unknown query on a read', { url: `${keys}/untouched?x` }, 400, 'RINGHOLD_BAD_REQUEST'],
    ['prototype in the query', put(`${keys}/k?__proto__=5`), 400, 'RINGHOLD_BAD_REQUEST'],
    ['unknown route', { url: '/v2/caches' }, 404, 'RINGHOLD_ROUTE_NOT_FOUND'],
    ['path that is no UTF-8', { url: '/%ff' }, 400, 'RINGHOLD_BAD_REQUEST'],
    ['other method', { method: 'POST', url: `${keys}/k`, payload: 'x' }, 405, 'RINGHOLD_METHOD_NOT_ALLOWED'],
    [
      'other method with bad JSON',
      { method: 'PATCH', url: `${keys}/k`, headers: json, payload: '{' },
      405,
      'RINGHOLD_METHOD_NOT_ALLOWED',
    ],
    [
      'bad JSON to no route',
      { method: 'POST', url: '/v1', headers: json, payload: '{' },
      404,
      'RINGHOLD_ROUTE_NOT_FOUND',
    ],
  ]
  for (const [what, request, status, code] of rows) {
    const reply = await app.inject(request)
    t.equal(reply.statusCode, status, what)
    t.match(reply.headers, { 'content-type': 'application/problem+json', 'cache-control': 'no-store' }, what)
    t.match(JSON.parse(reply.body), { code, status, node: 'n1', type: `urn:ringhold:error:${code}` }, what)
    if (status === 405) t.equal(reply.headers.allow, 'DELETE, GET, HEAD, PUT')
  }
  t.same(store.stats(0), before)
})

test('the largest key and the largest value are taken', async (t) => {
  const { app } = restApp(t)
  for (const key of ['k'.repeat(512), '%C3%A9'.repeat(256), '%F0%9F%92%A5'.repeat(128)]) {
    t.equal((await app.inject(put(`${keys}/${key}`, {}, Buffer.alloc(1_048_576, 7)))).statusCode, 201)
    t.equal((await app.inject({ url: `${keys}/${key}` })).rawPayload.length, 1_048_576)
  }
})
