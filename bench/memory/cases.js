/** What a node is driven with: how many clients, how many calls each has under way, and how commands travel. */

/** @typedef {{ name: string, clients: number, inFlight: number, transport: 'stream' | 'post' | 'rest', nodes: number }} Case */

/** @type {readonly Case[]} */
export const cases = [
  { name: '64 calls over 4 streams', clients: 4, inFlight: 16, transport: 'stream', nodes: 1 },
  { name: '64 calls over 64 streams', clients: 64, inFlight: 1, transport: 'stream', nodes: 1 },
  { name: '512 calls over 64 streams', clients: 64, inFlight: 8, transport: 'stream', nodes: 1 },
  { name: '64 calls by POST', clients: 4, inFlight: 16, transport: 'post', nodes: 1 },
  { name: '64 calls by PUT, GET, DELETE', clients: 1, inFlight: 64, transport: 'rest', nodes: 1 },
  { name: '64 calls, three nodes, two copies', clients: 4, inFlight: 16, transport: 'stream', nodes: 3 },
]
