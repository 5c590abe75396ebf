/** Any command, answer and greeting that the protocol can express. */
import fc from 'fast-check'
import {
  type ByteCommand,
  type Condition,
  errorTable,
  type Hello,
  missReasons,
  type Outcome,
  RingholdError,
} from '#sdk/protocol/index.js'

const whole = fc.maxSafeNat()
const bytes = (maxLength: number) => fc.uint8Array({ maxLength })
const contentType = fc.oneof(
  fc.constantFrom('application/octet-stream', 'application/json', 'text/plain; charset=utf-8', 'text/plain', 'x/ÿ'),
  fc.string({ unit: fc.integer({ min: 32, max: 255 }).map((code) => String.fromCharCode(code)), maxLength: 255 }),
)
const versions = fc.array(fc.oneof(whole, fc.constant(Number.NaN)), { maxLength: 5 })
const condition: fc.Arbitrary<Condition> = fc.oneof(
  fc.record({ type: fc.constantFrom('absent' as const, 'present' as const) }),
  fc.record({ type: fc.constantFrom('version' as const, 'not-version' as const), versions }),
)
const maybe = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined })
const ack = fc.constantFrom('one' as const, 'none' as const, undefined)
const cache = fc.stringMatching(/^[a-z0-9][a-z0-9_-]{0,63}$/)

/** anyKey is a key as text. */
export const anyKey = fc.string({ unit: 'binary', minLength: 1, maxLength: 128 })

export const anyCommand: fc.Arbitrary<ByteCommand> = fc.oneof(
  fc.record({ type: fc.constant('get' as const), cache, key: bytes(512) }),
  fc.record({
    type: fc.constant('set' as const),
    cache,
    key: bytes(512),
    value: bytes(2_000),
    contentType,
    ttlMs: maybe(whole),
    condition: maybe(condition),
    ack,
  }),
  fc.record({ type: fc.constant('delete' as const), cache, key: bytes(512), condition: maybe(condition), ack }),
)

export const anyOutcome: fc.Arbitrary<Outcome> = fc.oneof(
  fc.record({
    type: fc.constant('hit' as const),
    value: bytes(2_000),
    contentType,
    version: whole,
    ttlMs: maybe(whole),
  }),
  fc.record({ type: fc.constantFrom('miss' as const, 'accepted' as const) }),
  fc.record({ type: fc.constant('miss' as const), reason: fc.constantFrom(...missReasons) }),
  fc.record({ type: fc.constantFrom('deleted' as const, 'absent' as const) }),
  fc.record({
    type: fc.constantFrom('deleted' as const, 'absent' as const),
    version: whole,
    copies: fc.integer({ min: 0, max: 65_535 }),
  }),
  fc.record({
    type: fc.constantFrom('created' as const, 'replaced' as const),
    version: whole,
    copies: fc.integer({ min: 0, max: 65_535 }),
  }),
  fc.record({ type: fc.constant('condition-failed' as const), version: maybe(whole) }),
)

const text = fc.string({ unit: 'binary', maxLength: 40 })

export const anyError: fc.Arbitrary<RingholdError> = fc
  .record(
    {
      detail: text,
      node: text,
      ring: text,
      owner: text,
      version: whole,
      retryAfterMs: fc.nat(),
      executed: fc.constantFrom('no' as const, 'unknown' as const),
    },
    { requiredKeys: [] },
  )
  .chain((facts) =>
    fc
      .constantFrom(...(Object.keys(errorTable) as (keyof typeof errorTable)[]))
      .map((code) => new RingholdError(code, facts)),
  )

export const anyHello: fc.Arbitrary<Omit<Hello, 'release'>> = fc.record({
  limits: fc.record({
    keyBytesMax: fc.nat({ max: 0xffff_ffff }),
    valueBytesMax: fc.nat({ max: 0xffff_ffff }),
    contentTypeCharsMax: fc.nat({ max: 0xffff_ffff }),
  }),
  name: fc.stringMatching(/^[A-Za-z0-9._-]{0,64}$/),
  ring: fc.stringMatching(/^[0-9a-f]{0,16}$/),
})
