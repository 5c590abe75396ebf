import { test } from 'tap'
import { startNode } from '#node/index.js'
import { send } from '../http/wire.ts'

test('what is no gossip is refused with a coded 4xx, and changes nothing', async (t) => {
  const node = await startNode({ name: 'n1', port: 0, peerPort: 0, logLevel: 'silent' })
  t.teardown(() => node.cut())
  const before = node.view
  const json = { 'content-type': 'application/json' }
  const rows: [what: string, headers: Record<string, string>, body: string, status: number][] = [
    ['no JSON', json, '{', 400],
    ['nothing', json, '', 400],
    ['another shape', json, '{"type":"gossip"}', 400],
    ['a prototype', json, '{"__proto__":{"type":"gossip"},"constructor":{"prototype":{}}}', 400],
    ['a number', json, '42', 400],
    ['deep nesting', json, '['.repeat(8_000), 400],
    ['too much', json, `"${'x'.repeat(20_000)}"`, 413],
    ['another content type', { 'content-type': 'text/plain' }, '{}', 415],
    ['no content type', {}, '{}', 415],
  ]
  for (const [what, headers, body, status] of rows) {
    const reply = await send(node.peerUrl, { method: 'POST', path: '/v1/peer/gossip', headers, body })
    t.equal(reply.status, status, what)
    t.match(JSON.parse(reply.body.toString()).code, /^RINGHOLD_/, what)
  }
  t.equal(node.view, before)
  t.equal((await send(node.peerUrl, { path: '/v1/peer/gossip' })).status, 405)
  t.equal(
    (await send(node.clientUrl, { method: 'POST', path: '/v1/peer/gossip', headers: json, body: '{}' })).status,
    404,
  )
})
