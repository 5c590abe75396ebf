/** Any request and reply that nodes can say to each other. */
import fc from 'fast-check'
import type { Copy, Envelope, PeerReply, PeerRequest, Stamp, TokenDigest } from '#node/copies/peer-request.js'
import { TokenSet } from '#node/copies/token-set.js'
import { anyCommand, anyError, anyOutcome } from '../../../sdk/protocol/frames/arbitraries.ts'

const whole = fc.maxSafeNat()
const u32 = fc.nat({ max: 0xffff_ffff })
const cache = fc.stringMatching(/^[a-z0-9][a-z0-9_-]{0,63}$/)
const key = fc.uint8Array({ minLength: 1, maxLength: 512 })
const token = fc.nat({ max: 16_383 })
const maybe = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined })
const list = <T>(arbitrary: fc.Arbitrary<T>) => fc.array(arbitrary, { maxLength: 6 })
const type = <T extends string>(name: T) => fc.constant(name)

const anyCopy: fc.Arbitrary<Copy> = fc.oneof(
  fc.record({
    type: type('entry'),
    cache,
    key,
    version: whole,
    value: fc.uint8Array({ maxLength: 2_000 }),
    contentType: fc.constantFrom('application/octet-stream', 'application/json', 'text/plain', 'a/b'),
    ttlMs: maybe(whole),
  }),
  fc.record({ type: type('tombstone'), cache, key, version: whole, ttlMs: whole }),
)
const anySpot = fc.record({ cache, key })
const anyStamp: fc.Arbitrary<Stamp> = fc.record({ cache, key, version: whole })
const anyDigest: fc.Arbitrary<TokenDigest> = fc.record({ token, entries: u32, low: u32, high: u32 })
const anyTokens = fc.array(token, { maxLength: 20 }).map((tokens) => TokenSet.of(tokens))
const ring = fc.stringMatching(/^[0-9a-f]{0,16}$/)

export const anyEnvelope: fc.Arbitrary<Envelope> = fc.record({
  from: fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/),
  incarnation: whole,
  clock: whole,
})

export const anyRequest: fc.Arbitrary<PeerRequest> = fc.oneof(
  fc.record({ type: type('command'), command: anyCommand }),
  fc.record({ type: type('command'), command: anyCommand, failover: fc.constant(true) }),
  fc.record({ type: type('apply'), copies: list(anyCopy) }),
  fc.record({ type: type('claim'), ring, tokens: anyTokens }),
  fc.record({ type: type('recall'), tokens: anyTokens }),
  fc.record({ type: type('compare'), digests: list(anyDigest) }),
  fc.record({
    type: type('compare-blocks'),
    ring,
    width: fc.nat({ max: 14 }).map((power) => 2 ** power),
    sums: list(fc.record({ block: token, low: u32, high: u32 })),
  }),
  fc.record({
    type: fc.constantFrom('list' as const, 'pull' as const),
    tokens: anyTokens,
    cursor: maybe(whole),
    bytesMax: u32,
  }),
  fc.record({ type: type('fetch'), spots: list(anySpot) }),
  fc.record({ type: type('evict'), stamps: list(anyStamp) }),
)

export const anyReply: fc.Arbitrary<PeerReply> = fc.oneof(
  fc.record({ type: type('outcome'), outcome: anyOutcome }),
  fc.record({
    type: type('applied'),
    results: list(fc.constantFrom('held' as const, 'too-large' as const, 'full' as const)),
  }),
  fc.record({ type: type('released'), held: anyTokens, digests: list(anyDigest) }),
  fc.record({ type: type('other-ring'), ring }),
  fc.record({ type: type('compared'), differing: list(anyDigest), known: list(anyDigest) }),
  fc.record({ type: type('compared-blocks'), differing: list(token) }),
  fc.record({ type: type('stamps'), stamps: list(anyStamp), cursor: maybe(whole) }),
  fc.record({ type: type('copies'), copies: list(anyCopy), cursor: maybe(whole) }),
  fc.record({ type: type('noted') }),
)

export const anyRefusal = anyError
