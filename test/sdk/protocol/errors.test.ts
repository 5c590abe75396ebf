import { test } from 'tap'
import { type ErrorEntry, errorOf, errorTable, isErrorCode, problemOf, RingholdError } from '#sdk/protocol/index.js'

const entries = Object.entries(errorTable) as [keyof typeof errorTable, ErrorEntry][]

test('every error has a code of the project, a title without a full stop and advice that is a sentence', async (t) => {
  const bad = entries.filter(
    ([code, { title, advice }]) =>
      !/^RINGHOLD_[A-Z]+(_[A-Z]+)*$/.test(code) || !/^[A-Z].*[^.]$/.test(title) || !/^[A-Z].*\.$/.test(advice),
  )
  t.strictSame(bad, [])
})

test('statuses are those of errors, and no two errors look the same', async (t) => {
  t.ok(entries.every(([, { status }]) => status === undefined || (status >= 400 && status < 600)))
  t.equal(new Set(entries.map(([, { title }]) => title)).size, entries.length)
})

test('a mistake of the caller is not retryable and was not executed', async (t) => {
  for (const [code, { status, retryable, executed }] of entries) {
    if (status === undefined || status >= 500 || code === 'RINGHOLD_WRONG_OWNER') continue
    t.same([retryable, executed], [false, 'no'], code)
  }
})

test('where a command may have been executed is said of exactly the errors where it may', async (t) => {
  const unknown = entries.filter(([, { executed }]) => executed === 'unknown').map(([code]) => code)
  t.strictSame(unknown, [
    'RINGHOLD_INTERNAL',
    'RINGHOLD_OWNER_UNREACHABLE',
    'RINGHOLD_OWNER_TIMEOUT',
    'RINGHOLD_TIMEOUT',
    'RINGHOLD_CONNECTION_LOST',
    'RINGHOLD_CLOSED',
    'RINGHOLD_BAD_REPLY',
    'RINGHOLD_PARTIAL',
  ])
})

test('an error says what is wrong and what to do, and facts win over the table', async (t) => {
  const plain = new RingholdError('RINGHOLD_TIMEOUT')
  t.equal(plain.message, 'The deadline of the call passed. Try again, or raise `timeoutMs`.')
  t.same([plain.name, plain.status, plain.retryable, plain.executed], ['RingholdError', 500, true, 'unknown'])
  const cause = new Error('why')
  const error = new RingholdError('RINGHOLD_TIMEOUT', { detail: 'too slow', executed: 'no', cause })
  t.equal(error.message, 'too slow. Try again, or raise `timeoutMs`.')
  t.same([error.executed, error.cause], ['no', cause])
})

test('an error survives the journey as a problem body', async (t) => {
  for (const [code, { status }] of entries) {
    if (status === undefined) continue
    const sent = new RingholdError(code, { detail: 'what', ring: 'r1', owner: 'node-2', retryAfterMs: 2000 })
    const body = Buffer.from(JSON.stringify(problemOf(sent, 'node-1')))
    const read = errorOf({ status, headers: { 'retry-after': '2' }, body })
    t.equal(read.code, code)
    t.strictSame(read.facts, { ...sent.facts, node: 'node-1', executed: sent.executed })
  }
})

test('a reply without a known code is RINGHOLD_BAD_REPLY, whatever it is', async (t) => {
  for (const body of [
    '',
    '{',
    'null',
    '[]',
    '<html>',
    '{"code":"toString"}',
    '{"code":1}',
    '{"code":"RINGHOLD_NEW"}',
  ]) {
    t.equal(errorOf({ status: 503, headers: {}, body: Buffer.from(body) }).code, 'RINGHOLD_BAD_REPLY', body)
  }
  t.notOk(isErrorCode('constructor'))
  t.notOk(isErrorCode(undefined))
})
