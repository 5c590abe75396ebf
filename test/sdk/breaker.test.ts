import { test } from 'tap'
import { Breaker, openMs } from '#sdk/breaker.js'
import { RetryBudget, tokensMax } from '#sdk/retry-budget.js'

test('a breaker opens after three failures in a row and not after three with a success between', async (t) => {
  const breaker = new Breaker()
  for (const step of ['fail', 'fail', 'succeed', 'fail', 'fail'])
    step === 'fail' ? breaker.failed(0, 0) : breaker.succeeded()
  t.equal(breaker.state(0), 'closed')
  breaker.failed(0, 0)
  t.equal(breaker.state(0), 'open')
  t.notOk(breaker.allows(openMs - 1))
})

test('after a second one probe goes through, and what becomes of it decides', async (t) => {
  for (const probe of ['succeed', 'fail', 'no answer'] as const) {
    const breaker = new Breaker()
    for (let count = 0; count < 3; count++) breaker.failed(0, 0)
    t.equal(breaker.state(openMs), 'half-open')
    t.ok(breaker.allows(openMs))
    breaker.sent(openMs)
    t.notOk(breaker.allows(openMs), 'one at a time')
    if (probe === 'succeed') breaker.succeeded()
    if (probe === 'fail') breaker.failed(openMs, openMs + 10)
    t.equal(breaker.state(openMs + 20), probe === 'succeed' ? 'closed' : 'open')
    t.ok(breaker.allows(2 * openMs + 10), 'a probe that never reports does not shut a node for ever')
  }
})

test('retries are paid for by successes: a hundred from the full budget, then one for five successes', async (t) => {
  const budget = new RetryBudget()
  let retries = 0
  while (budget.take()) retries++
  t.equal(retries, 100)
  for (let count = 0; count < 4; count++) budget.succeeded()
  t.notOk(budget.take())
  budget.succeeded()
  t.ok(budget.take())
  budget.timedOut()
  t.equal(budget.tokens, 0)
  for (let count = 0; count < 2 * tokensMax; count++) budget.succeeded()
  t.equal(budget.tokens, tokensMax)
})

test('failures of attempts that were under way together count as one', async (t) => {
  const breaker = new Breaker()
  for (let attempt = 0; attempt < 100; attempt++) breaker.failed(attempt, 200)
  t.equal(breaker.state(200), 'closed')
  for (const begunMs of [200, 300]) breaker.failed(begunMs, begunMs + 50)
  t.equal(breaker.state(350), 'open')
})
