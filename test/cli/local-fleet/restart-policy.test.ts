import { test } from 'tap'
import { RestartPolicy } from '#cli/local-fleet/restart-policy.js'

const options = { delayMsMin: 100, delayMsMax: 500, ranWellMs: 10_000, restartsMax: 5 }

test('delays double up to the largest, then the node is given up', async (t) => {
  const policy = new RestartPolicy(options)
  const decisions = [1, 2, 3, 4, 5, 6].map((now) => {
    policy.started(now)
    return policy.died(now, 1)
  })
  const delays = decisions.map((decision) => (decision.type === 'restart' ? decision.delayMs : decision.type))
  t.same(delays, [100, 200, 400, 500, 500, 'give-up'])
})

test('a node that ran well begins anew', async (t) => {
  const policy = new RestartPolicy(options)
  for (let death = 0; death < 5; death++) policy.died(death, undefined)
  policy.started(1_000)
  t.same(policy.died(11_000, undefined), { type: 'restart', delayMs: 100 }, 'after exactly the time that counts')
  policy.started(12_000)
  t.same(policy.died(21_999, undefined), { type: 'restart', delayMs: 200 }, 'a millisecond less does not')
})

test('a node that refuses its configuration is given up at once', async (t) => {
  t.equal(new RestartPolicy(options).died(0, 2).type, 'give-up')
  t.equal(new RestartPolicy(options).died(0, 1).type, 'restart')
})
