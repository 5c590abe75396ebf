import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import { test } from 'tap'
import {
  type Command,
  type Condition,
  etagOf,
  type HttpReply,
  type HttpRequest,
  keyPath,
  type MissReason,
  missReasons,
  type Outcome,
  outcomeOf,
  parseEtags,
  problemOf,
  RingholdError,
  requestOf,
} from '#sdk/protocol/index.js'
import { holds } from '../../property.ts'

const cache = fc.stringMatching(/^[a-z0-9][a-z0-9_-]{0,63}$/)
const key = fc.oneof(
  fc.string({ unit: 'grapheme', minLength: 1, maxLength: 60 }),
  fc.constantFrom('.', '..', '/', '%2F', '%', '\0', 'a\r\nb', '?x=1', '#', ' ', '~', '😀', 'ключ', '../../topology'),
)
const version = fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER })
const versions = fc.array(version, { minLength: 1, maxLength: 3 })
const condition: fc.Arbitrary<Condition | undefined> = fc.oneof(
  fc.constant(undefined),
  fc.constantFrom<Condition>({ type: 'absent' }, { type: 'present' }),
  versions.map((list): Condition => ({ type: 'version', versions: list })),
)
const ttlMs = fc.option(fc.integer({ min: 1, max: 1e12 }), { nil: undefined })
const plain = { noNullPrototype: true } as const
const value = fc.uint8Array({ maxLength: 40 })
const contentType = fc.constantFrom('application/json', 'text/plain; charset=utf-8', 'application/octet-stream')

const command: fc.Arbitrary<Command> = fc.oneof(
  fc.record({ type: fc.constant('get' as const), cache, key }, plain),
  fc.record({ type: fc.constant('set' as const), cache, key, value, contentType, ttlMs, condition }, plain),
  fc.record({ type: fc.constant('delete' as const), cache, key, condition }, plain),
)

/** What a server that knows nothing of our code reads from a request. */
function parse({ method, path, headers, body }: HttpRequest): Command {
  const [, , , name, , segment, ...rest] = path.split('/')
  if (rest.length > 0 || !/^[\x21-\x7e]+$/.test(path)) throw new Error(`not one path segment: ${path}`)
  const at = { cache: name as string, key: decodeURIComponent(segment as string) }
  if (method === 'GET') return { type: 'get', ...at }
  const read = (list: string) => (list === '*' ? '*' : list.split(', ').map((tag) => Number(tag.slice(1, -1))))
  const match = headers['if-match'] === undefined ? undefined : read(headers['if-match'])
  const parsed: Condition | undefined =
    match === '*'
      ? { type: 'present' }
      : match
        ? { type: 'version', versions: match }
        : headers['if-none-match'] === '*'
          ? { type: 'absent' }
          : undefined
  if (method === 'DELETE') return { type: 'delete', ...at, condition: parsed }
  const ttl = headers['ttl-ms'] === undefined ? undefined : Number(headers['ttl-ms'])
  const type = headers['content-type'] as string
  return { type: 'set', ...at, value: body as Uint8Array, contentType: type, ttlMs: ttl, condition: parsed }
}

test('a server reads from the request exactly the command that was sent', async (t) => {
  holds(
    t,
    'requests',
    fc.property(command, (sent) => isDeepStrictEqual(parse(requestOf(sent)), sent)),
  )
})

test('any key is one path segment, also where a URL parser would leave the route', async (t) => {
  t.equal(keyPath('default', '..'), '/v1/caches/default/keys/..')
  t.equal(keyPath('default', '%2F/?#'), '/v1/caches/default/keys/%252F%2F%3F%23')
  t.equal(keyPath('default', 'a\0\r\n'), '/v1/caches/default/keys/a%00%0D%0A')
  t.equal(keyPath('default', 'é😀'), '/v1/caches/default/keys/%C3%A9%F0%9F%98%80')
})

const outcome: fc.Arbitrary<[Command['type'], Outcome]> = fc.oneof(
  fc.record({ type: fc.constant('hit' as const), value, contentType, version, ttlMs }, plain).map(pair('get')),
  fc
    .record(
      { type: fc.constant('miss' as const), reason: fc.constantFrom(...missReasons) },
      { requiredKeys: ['type'], ...plain },
    )
    .map(pair('get')),
  fc
    .record(
      { type: fc.constantFrom('created' as const, 'replaced' as const), version, copies: fc.integer({ min: 1 }) },
      plain,
    )
    .map(pair('set')),
  fc.record({ type: fc.constantFrom('deleted' as const, 'absent' as const) }, plain).map(pair('delete')),
  fc
    .record({ type: fc.constant('condition-failed' as const), version: fc.option(version, { nil: undefined }) }, plain)
    .chain((failed) => fc.constantFrom('set' as const, 'delete' as const).map((type) => pair(type)(failed))),
)

function pair(type: Command['type']): (outcome: Outcome) => [Command['type'], Outcome] {
  return (outcome) => [type, outcome]
}

function commandOf(type: Command['type']): Command {
  const at = { cache: 'default', key: 'k' }
  return type === 'set' ? { type, ...at, value: new Uint8Array(), contentType: 'text/plain' } : { type, ...at }
}

/** The reply of RFC 9110 to each outcome. */
function reply(outcome: Outcome): HttpReply {
  const empty = new Uint8Array()
  const problem = (
    code: 'RINGHOLD_KEY_NOT_FOUND' | 'RINGHOLD_CONDITION_FAILED',
    headers: HttpReply['headers'],
    reason?: MissReason,
  ) => {
    const error = new RingholdError(code, reason && { reason })
    return { status: error.status, headers, body: Buffer.from(JSON.stringify(problemOf(error))) }
  }
  switch (outcome.type) {
    case 'hit': {
      const ttl = outcome.ttlMs === undefined ? {} : { 'ttl-ms': String(outcome.ttlMs) }
      const headers = { etag: etagOf(outcome.version), 'content-type': outcome.contentType, ...ttl }
      return { status: 200, headers, body: outcome.value }
    }
    case 'created':
    case 'replaced': {
      const headers = { etag: etagOf(outcome.version), 'ringhold-copies': String(outcome.copies) }
      return { status: outcome.type === 'created' ? 201 : 204, headers, body: empty }
    }
    case 'deleted':
      return { status: 204, headers: {}, body: empty }
    case 'condition-failed':
      return problem(
        'RINGHOLD_CONDITION_FAILED',
        outcome.version === undefined ? {} : { etag: etagOf(outcome.version) },
      )
    case 'miss':
      return problem('RINGHOLD_KEY_NOT_FOUND', {}, outcome.reason)
    default:
      return problem('RINGHOLD_KEY_NOT_FOUND', {})
  }
}

test('the reply to a command is read as the outcome that it came to', async (t) => {
  holds(
    t,
    'replies',
    fc.property(outcome, ([type, sent]) => isDeepStrictEqual(outcomeOf(commandOf(type), reply(sent)), sent)),
  )
})

test('a reply that no node gives to the command is refused', async (t) => {
  const rows: [Command['type'], number, HttpReply['headers']][] = [
    ['get', 200, {}],
    ['get', 200, { etag: '"not ours"' }],
    ['get', 204, { etag: '"1"' }],
    ['get', 301, { location: '/' }],
    ['get', 404, {}],
    ['set', 200, { etag: '"1"' }],
    ['set', 201, {}],
    ['delete', 200, {}],
    ['delete', 404, {}],
  ]
  for (const [type, status, headers] of rows) {
    const read = () => outcomeOf(commandOf(type), { status, headers, body: Buffer.from('<html>') })
    t.throws(read, { code: 'RINGHOLD_BAD_REPLY' }, `${type} ${status}`)
  }
  const notFound = reply({ type: 'miss' })
  t.throws(() => outcomeOf(commandOf('set'), notFound), { code: 'RINGHOLD_KEY_NOT_FOUND' })
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
