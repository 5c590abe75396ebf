import fc from 'fast-check'
import { test } from 'tap'
import { portionMax, portionMin, portionOf } from '#sdk/lane/portion.js'

test('a portion is worth a write, waits for no more than its bound, and grows with what is under way', async () => {
  fc.assert(
    fc.property(fc.nat(100_000), fc.nat(100_000), (underWay, more) => {
      const portion = portionOf(underWay)
      return portion >= portionMin && portion <= portionMax && portionOf(underWay + more) >= portion
    }),
  )
})

test('what is under way is cut into two portions at least as soon as there is enough for two', async (t) => {
  t.equal(portionOf(2 * portionMin), portionMin)
  fc.assert(
    fc.property(fc.integer({ min: 2 * portionMin, max: 100_000 }), (underWay) => portionOf(underWay) * 2 <= underWay),
  )
})
