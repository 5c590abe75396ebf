import { test } from 'tap'
import { readTopology, ringOf, type Topology } from '#sdk/protocol/index.js'

const member = { name: 'node-1', url: 'http://127.0.0.1:7001', status: 'alive', incarnation: 1, zone: '', weight: 1 }
const topology = {
  fleet: 'ringhold',
  ringSeed: 7,
  copies: 2,
  tokens: 16_384,
  ring: '',
  node: 'node-1',
  members: [member],
}

function read(value: unknown): Topology {
  return readTopology(Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)))
}

test('alive and suspect members make the ring, the others do not', async (t) => {
  const statuses = ['joining', 'alive', 'suspect', 'leaving', 'dead', 'left']
  const members = statuses.map((status) => ({ ...member, name: status, status }))
  const ring = ringOf(read({ ...topology, members }))
  t.strictSame(
    ring.members.map(({ name }) => name),
    ['alive', 'suspect'],
  )
})

test('fields that a later release adds do no harm', async (t) => {
  t.match(read({ ...topology, more: 1, members: [{ ...member, more: 2 }] }), { node: 'node-1' })
})

test('what is no topology is RINGHOLD_BAD_REPLY', async (t) => {
  const wrong: unknown[] = [
    '',
    '<html>',
    'null',
    '[]',
    '7',
    { ...topology, members: undefined },
    { ...topology, members: {} },
    { ...topology, members: [null] },
    { ...topology, members: Array.from({ length: 16_385 }, (_, index) => ({ ...member, name: `node-${index}` })) },
    { ...topology, members: [member, member] },
    { ...topology, members: [{ ...member, name: 1 }] },
    { ...topology, members: [{ ...member, url: undefined }] },
    { ...topology, members: [{ ...member, status: 'fine' }] },
    { ...topology, members: [{ ...member, weight: 0 }] },
    { ...topology, members: [{ ...member, weight: 101 }] },
    { ...topology, ringSeed: 'x' },
    { ...topology, copies: 0 },
    { ...topology, fleet: undefined },
  ]
  for (const value of wrong)
    t.throws(() => read(value), { code: 'RINGHOLD_BAD_REPLY' }, JSON.stringify(value).slice(0, 200))
})
