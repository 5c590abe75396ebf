import { test } from 'tap'
import { agreementOf, isSettled } from '#cli/fleet/agreement.js'
import { mergeMembers } from '#cli/fleet/survey.js'
import { topologyOf } from './topologies.ts'

test('views with the same statuses and the same ring agree', async (t) => {
  const statuses = { a: 'alive', b: 'alive', c: 'dead' } as const
  const agreement = agreementOf([topologyOf('a', statuses), topologyOf('b', statuses)])
  t.match(agreement, { agree: true, differences: [] })
  t.equal(agreement.ring, topologyOf('a', statuses).ring)
})

test('no view is no agreement', async (t) => {
  t.match(agreementOf([]), { agree: false, ring: undefined })
})

test('who is gone may be dead, left or unknown: the ring is the same', async (t) => {
  const views = [
    topologyOf('a', { a: 'alive', b: 'alive', c: 'dead' }),
    topologyOf('b', { a: 'alive', b: 'alive', c: 'left' }),
    topologyOf('b', { a: 'alive', b: 'alive' }),
  ]
  t.equal(agreementOf(views).agree, true)
})

test('differences say who sees what', async (t) => {
  const views = [topologyOf('a', { a: 'alive', b: 'suspect' }), topologyOf('b', { a: 'alive', b: 'alive' })]
  t.match(agreementOf(views), { agree: false, differences: ['b is suspect to a; alive to b'] })
  const [one, other] = [topologyOf('a', { a: 'alive', b: 'dead' }), topologyOf('b', { a: 'alive', b: 'alive' })]
  t.match(agreementOf([one, other]), {
    ring: undefined,
    differences: [`the rings differ: ${one.ring} at a; ${other.ring} at b`, 'b is gone to a; alive to b'],
  })
})

test('a fleet is settled when all expected nodes answer, hold each other alive and share the ring', async (t) => {
  const both = { a: 'alive', b: 'alive' } as const
  const rows: [name: string, settled: boolean, views: ReturnType<typeof topologyOf>[]][] = [
    ['all well', true, [topologyOf('a', both), topologyOf('b', both)]],
    ['one silent', false, [topologyOf('a', both)]],
    ['one joining', false, [topologyOf('a', both), topologyOf('b', { a: 'alive', b: 'joining' })]],
    ['one suspected', false, [topologyOf('a', { a: 'alive', b: 'suspect' }), topologyOf('b', both)]],
    ['two rings', false, [topologyOf('a', { ...both, c: 'alive' }), topologyOf('b', both)]],
    ['others dead', true, [topologyOf('a', { ...both, c: 'dead' }), topologyOf('b', both)]],
  ]
  for (const [name, settled, views] of rows) t.equal(isSettled(['a', 'b'], views), settled, name)
})

test('of two records of a name the higher incarnation wins, then the later status', async (t) => {
  const early = topologyOf('a', { x: 'dead', y: 'suspect' })
  const late = topologyOf('b', { x: 'alive', y: 'alive' })
  const raised = {
    ...late,
    members: late.members.map((member) => ({ ...member, incarnation: member.name === 'x' ? 2 : 1 })),
  }
  const merged = mergeMembers([early, raised])
  t.match(merged, [
    { name: 'x', status: 'alive' },
    { name: 'y', status: 'suspect' },
  ])
  t.same(mergeMembers([raised, early]), merged, 'in any order')
})
