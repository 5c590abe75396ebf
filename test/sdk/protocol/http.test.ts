import { test } from 'tap'
import { errorOf, etagOf, keyPath, parseEtags, problemOf, RingholdError } from '#sdk/protocol/index.js'

test('any key is one path segment, also where a URL parser would leave the route', async (t) => {
  t.equal(keyPath('default', '..'), '/v1/caches/default/keys/..')
  t.equal(keyPath('default', '%2F/?#'), '/v1/caches/default/keys/%252F%2F%3F%23')
  t.equal(keyPath('default', 'a\0\r\n'), '/v1/caches/default/keys/a%00%0D%0A')
  t.equal(keyPath('default', 'é😀'), '/v1/caches/default/keys/%C3%A9%F0%9F%98%80')
})

test('the problem of an error reply is read as the error that it names, with what it tells', async (t) => {
  const sent = new RingholdError('RINGHOLD_OVERLOADED', { detail: 'full', node: 'n1', retryAfterMs: 2_000 })
  const body = Buffer.from(JSON.stringify(problemOf(sent)))
  const read = errorOf({ status: sent.status, headers: { 'retry-after': '2' }, body })
  t.equal(read.code, sent.code)
  t.match(read.facts, { detail: 'full', retryAfterMs: 2_000 })
})

test('an error reply without a problem of ours is a bad reply', async (t) => {
  for (const body of ['', '<html>', '[]', 'null', '{"code":"OTHER"}', '{"code":7}']) {
    t.equal(errorOf({ status: 502, headers: {}, body: Buffer.from(body) }).code, 'RINGHOLD_BAD_REPLY', body)
  }
})

test('the entity tag of a version is read as that version', async (t) => {
  for (const version of [0, 1, 445_218_096_906_240, Number.MAX_SAFE_INTEGER]) {
    t.strictSame(parseEtags(etagOf(version), 'strong'), [version])
  }
})

test('entity tags are read by RFC 9110: lists, weak tags, the star, and tags of others as no version', async (t) => {
  const other = Number.NaN
  const rows: [text: string, strong: '*' | number[] | undefined, weak: '*' | number[] | undefined][] = [
    ['*', '*', '*'],
    [' * ', '*', '*'],
    ['"1"', [1], [1]],
    ['"1", "22" ,"333"', [1, 22, 333], [1, 22, 333]],
    ['W/"7"', [other], [7]],
    ['"1", W/"7"', [1, other], [1, 7]],
    ['"abc"', [other], [other]],
    ['""', [other], [other]],
    ['"12345678901234567"', [other], [other]],
    ['w/"1"', undefined, undefined],
    ['1', undefined, undefined],
    ['"1', undefined, undefined],
    ['"1" "2"', undefined, undefined],
    ['"1",', [1], [1]],
    [', "1",,W/"2" ,', [1, other], [1, 2]],
    ['"a,b", "1"', [other, 1], [other, 1]],
    [',', undefined, undefined],
    ['"1""2"', undefined, undefined],
    ['*, "1"', undefined, undefined],
    ['', undefined, undefined],
  ]
  for (const [text, strong, weak] of rows) {
    t.strictSame(parseEtags(text, 'strong'), strong, `strong ${text}`)
    t.strictSame(parseEtags(text, 'weak'), weak, `weak ${text}`)
  }
})
