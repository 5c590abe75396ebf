import { test } from 'tap'
import { Tuner } from '#node/store/tuner.js'

const hashes = Array.from({ length: 4_096 }, (_, index) => Math.imul(index + 1, 0x9e3779b1))

test('nothing is sampled before the tuner is woken; then all keys are, and ever fewer as they become many', async (t) => {
  const tuner = new Tuner()
  const sampled = () => hashes.filter((hash) => tuner.isSampled(hash)).length
  t.equal(sampled(), 0)
  tuner.wake()
  t.equal(sampled(), hashes.length)
  for (const hash of hashes) if (tuner.isSampled(hash)) tuner.write(hash, 100, 1e9)
  t.ok(sampled() > 256 && sampled() <= 1_024, `${sampled()} of ${hashes.length}`)
  tuner.wake()
  t.ok(sampled() <= 1_024, 'to be woken again changes nothing')
})
