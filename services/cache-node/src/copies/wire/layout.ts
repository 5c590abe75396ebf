/**
 * What nodes say to each other about copies, as frames on a stream (sdk/src/protocol/frames has their head). All numbers
 * are little-endian; a u53 is a whole number up to 2^53 − 1 in eight bytes.
 *
 *      every frame   envelope · body             envelope   name chars u8 · incarnation u53 · clock u53 · name
 *
 *      command, answer      the frame of a client, whole: what is asked (flag: failover), and its outcome or error
 *      apply, copies        [cursor u53] · copy …
 *      fetch, evict, stamps [cursor u53] · stamp …            a spot is a stamp of version 0
 *      claim, recall        [checksum chars u8 · checksum] · token set
 *      list, pull           [cursor u53] · bytes at most u32 · token set
 *      compare              digest …
 *      compared             differing u16 · digest … · digest …     so many that differ, then those that are known
 *      compare-blocks       checksum chars u8 · checksum · width u16 · (block u16 · low u32 · high u32) …
 *      compared-blocks      block u16 …
 *      released             token set · digest …
 *      applied              result u8 …
 *      other-ring           checksum chars u8 · checksum
 *      noted                nothing
 *
 *      copy       flags u8 · cache chars u8 · content type chars u8 · key bytes u16 · value bytes u32 · version u53 ·
 *                 [ttl u53] · cache · key · content type · value
 *      stamp      cache chars u8 · key bytes u16 · version u53 · cache · key
 *      digest     token u16 · entries u32 · low u32 · high u32
 *      token set  bitmap of 2,048 bytes
 *
 * What is in brackets is there when its flag is set. Lists end with their frame. The id is the asker's and comes back with
 * the reply; replies come in any order.
 */

/** messageBytesMax is the longest frame: the stamps of all that a node may have evicted since it told last, and room to spare. */
export const messageBytesMax = 16_777_216

/** peerFrames are the numbers of the types on the wire. They never change their meaning. */
export const peerFrames = {
  command: 64,
  apply: 65,
  claim: 66,
  recall: 67,
  compare: 68,
  list: 69,
  pull: 70,
  fetch: 71,
  evict: 72,
  'compare-blocks': 73,
  answer: 96,
  applied: 97,
  released: 98,
  'other-ring': 99,
  compared: 100,
  stamps: 101,
  copies: 102,
  noted: 103,
  'compared-blocks': 104,
} as const

/** Of frames: the flags of what is in brackets, or of what is asked. */
export const frameFlags = { cursor: 1, failover: 2 } as const

/** Of copies. */
export const copyFlags = { tombstone: 1, ttl: 2 } as const

/** results are the numbers of what became of a copy. */
export const results = ['held', 'too-large', 'full'] as const

/** Bytes of what has a fixed size. */
export const envelopeHeadBytes = 17
export const copyHeadBytes = 17
export const stampHeadBytes = 11
export const digestBytes = 14
export const blockBytes = 2
export const blockSumBytes = 10
export const u53Bytes = 8
