import { test } from 'tap'
import { rehearse } from '#node/rehearsal.js'

test('a rehearsal plays a join and what follows from it, without anybody else', async (t) => {
  const { messages, entriesPulled } = rehearse({ now: () => 0 })
  t.ok(messages > 500, 'commands that are passed on, their copies, claims, pulls and comparisons of two nodes')
  t.ok(entriesPulled >= 256, 'the newcomer owns all that was there, and a claim tells what there is')
})

test('a rehearsal that takes too long is broken off before its next part', async (t) => {
  let asked = 0
  t.same(rehearse({ now: () => asked++ * 1_500 }), { messages: 0, entriesPulled: 0 })
})
