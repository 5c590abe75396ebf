import { test } from 'tap'
import { PeerRoom } from '#node/peers/peer-room.js'

const mebibyte = 2 ** 20

test('what fits into the block comes from it, and what does not has memory of its own: nobody waits', async (t) => {
  const room = new PeerRoom(0)
  const pieces = Array.from({ length: 10 }, () => room.take(mebibyte))
  t.equal(room.bytes, 8 * mebibyte)
  t.equal(room.lentBytes, 10 * mebibyte)
  t.equal(new Set(pieces.map(({ buffer }) => buffer)).size, 3)
  for (const piece of pieces) room.give(piece)
  t.equal(room.lentBytes, 0)
  t.equal(pieces.filter(({ length }) => length === 0).length, 2, 'memory of their own went back at once')
  t.throws(() => room.give(pieces[0] as Uint8Array), TypeError)
  t.throws(() => room.give(new Uint8Array(mebibyte)), TypeError)
})

test('the block grows with the memory for entries, up to 64 MiB', async (t) => {
  const sizes = [64 * mebibyte, 1_024 * mebibyte, 100_000 * mebibyte].map((bytes) => new PeerRoom(bytes).bytes)
  t.strictSame(sizes, [8 * mebibyte, 32 * mebibyte, 64 * mebibyte])
})

test('copies of values are what they were made of; small ones are left to the collector', async (t) => {
  const room = new PeerRoom(0)
  for (const [bytes, lent] of [
    [0, 0],
    [32_767, 0],
    [32_768, 32_768],
    [100_000, 102_400],
  ] as const) {
    const value = new Uint8Array(bytes).fill(bytes)
    const copy = room.copy(value)
    t.strictSame(copy, value)
    t.not(copy.buffer, value.buffer)
    t.equal(room.lentBytes, lent)
    room.release(copy)
    t.equal(room.lentBytes, 0)
  }
})

test('what a writer borrows doubles while it is little, and grows in steps then', async (t) => {
  const { writers } = new PeerRoom(0)
  t.strictSame(
    [1, 32_769, 200_000, 262_145, 1_100_000].map((bytes) => writers.take(bytes).length),
    [32_768, 65_536, 262_144, 524_288, 1_310_720],
  )
})
