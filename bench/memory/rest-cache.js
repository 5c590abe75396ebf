/** A cache by plain requests, as any HTTP client would use a node. */
import { Agent, request } from 'node:http'

/** restCache makes one that asks the first node. */
export function restCache([url]) {
  const agent = new Agent({ keepAlive: true })
  const ask = (method, key, { headers, body } = {}) =>
    new Promise((resolve, reject) => {
      const target = `${url}/v1/caches/default/keys/${encodeURIComponent(key)}`
      const sent = request(target, { agent, method, headers }, (reply) => {
        const chunks = []
        reply.on('data', (chunk) => chunks.push(chunk))
        reply.on('error', reject)
        reply.on('end', () => resolve({ status: reply.statusCode, body: Buffer.concat(chunks) }))
      })
      sent.on('error', reject)
      sent.end(body)
    })
  return {
    async set(key, body, { ttlMs } = {}) {
      const headers = ttlMs === undefined ? {} : { 'ttl-ms': String(ttlMs) }
      expect(await ask('PUT', key, { headers, body }), [201, 204])
    },
    async get(key) {
      const reply = await ask('GET', key)
      return expect(reply, [200, 404]).status === 200 ? reply.body : undefined
    },
    async delete(key) {
      expect(await ask('DELETE', key), [204, 404])
    },
  }
}

function expect(reply, statuses) {
  if (!statuses.includes(reply.status)) throw new Error(`answered ${reply.status}: ${reply.body}`)
  return reply
}
