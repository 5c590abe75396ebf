import { test } from 'tap'
import { Bygones } from '#node/store/bygones.js'

test('the highest version that expired is remembered, until too many others have expired', async (t) => {
  const bygones = new Bygones(0)
  const sign = { hash: 0xfedcba98 | 0, mark: -1 }
  t.equal(bygones.isEmpty, true)
  t.equal(bygones.versionOf(sign), undefined)
  bygones.note(sign, 2 ** 50 + 1)
  bygones.note(sign, 7)
  t.equal(bygones.isEmpty, false)
  t.equal(bygones.versionOf(sign), 2 ** 50 + 1)
  t.equal(bygones.versionOf({ ...sign, mark: 1 }), undefined, 'one half of a sign is not enough')
  for (let mark = 1; mark <= 8; mark++) bygones.note({ ...sign, mark }, mark)
  t.equal(bygones.versionOf(sign), undefined)
  t.equal(bygones.versionOf({ ...sign, mark: 8 }), 8)
})
