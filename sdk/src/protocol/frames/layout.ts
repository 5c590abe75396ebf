/**
 * Frames: commands, answers and news between two parties, as bytes on a stream. All numbers are little-endian.
 *
 *      0         4         8      9       10
 *      │ length  │ id      │ type │ flags │ body …                 length counts what comes after itself
 *
 *      get       ─►  cache chars u8 · content type u8 · key bytes u16 · cache · key
 *      set       ─►  the same · [ttl u53] · [condition] · [content type] · value
 *      delete    ─►  the same · [condition]
 *      hit       ◄─  content type u8 · version u53 · [ttl u53] · [content type] · value
 *      created   ◄─  version u53 · copies u16                          (replaced likewise)
 *      deleted   ◄─  [version u53 · copies u16]                        of the tombstone (absent likewise)
 *      failed    ◄─  [version u53]                                     the condition did not hold
 *      error     ◄─  code and facts as JSON
 *      miss      ◄─  [reason u8]                                       why it is missing, where that is known
 *      accepted, ping, pong, goodbye                                   no body
 *      hello         release of the protocol u16 · limits u32 × 3 · name · checksum of the ring
 *      ring      ◄─  checksum of the ring, which has changed
 *
 * What is in brackets is there when its flag is set. Two flags of a write say when it is acknowledged. An id is chosen by the asker and comes back with the answer;
 * answers may come in any order. A u53 is a whole number up to 2^53 − 1 in eight bytes. A content type is one byte
 * where it is one of the known ones, else its length in one byte and its text in Latin-1 come before the value.
 *
 * A party that gets a frame it cannot read says so with an error frame of id 0 and closes that connection: after one
 * wrong length nothing that follows can be trusted.
 */

/** protocolRelease is what both sides name in their hello. The number behind `ringhold/` in the upgrade is its first part. */
export const protocolRelease = 1

/** upgradeProtocol is what the Upgrade header names. */
export const upgradeProtocol = 'ringhold/1'

/** framesContentType is that of frames as the body of a request or a reply. */
export const framesContentType = 'application/vnd.ringhold.frames'

/** frameTypes are the numbers of the types on the wire. They never change their meaning. */
export const frameTypes = {
  get: 1,
  set: 2,
  delete: 3,
  hit: 16,
  miss: 17,
  created: 18,
  replaced: 19,
  deleted: 20,
  absent: 21,
  conditionFailed: 22,
  error: 23,
  accepted: 24,
  hello: 32,
  ring: 33,
  goodbye: 34,
  ping: 35,
  pong: 36,
} as const

/** frameFlags are the bits of the flags; each type uses some of them. */
export const frameFlags = {
  /** The sender routes itself: a node that is not the coordinator refuses instead of forwarding. */
  direct: 1,
  ttl: 2,
  condition: 4,
  version: 8,
  reason: 16,
  /** A write is acknowledged when one node holds it, or when it was accepted. Neither: when all owners hold it. */
  ackOne: 16,
  ackNone: 32,
} as const

/** lengthBytes is the size of the length field, headBytes that of everything before the body. */
export const lengthBytes = 4
export const headBytes = 10

/** commandHeadBytes is what a command has between its head and its cache name. */
export const commandHeadBytes = 4

/** frameOverheadBytesMax is how much longer a frame can be than the value in it: names, key, condition, content type. */
export const frameOverheadBytesMax = 69_632

/** conditionTypes are the numbers of the conditions on the wire. */
export const conditionTypes = ['absent', 'present', 'version', 'not-version'] as const

/** knownContentTypes travel as their index. */
export const knownContentTypes = ['application/octet-stream', 'application/json', 'text/plain; charset=utf-8'] as const

/** namedContentType says that the content type follows as text. */
export const namedContentType = 255
