import { test } from 'tap'
import { rehearse } from '#node/rehearsal.js'

test('a rehearsal plays a join and what follows from it, without anybody else', async (t) => {
  // Commands that are passed on, their copies, claims, pulls and comparisons of three nodes.
  t.ok(rehearse({ now: () => 0 }) > 500)
})

test('a rehearsal that takes too long is broken off before its next part', async (t) => {
  let asked = 0
  t.equal(rehearse({ now: () => asked++ * 1_000 }), 0)
})
