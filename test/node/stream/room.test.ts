import fc from 'fast-check'
import { test } from 'tap'
import { Room, type Tenant } from '#node/stream/room.js'
import { holds } from '../../property.ts'

const kib = 1_024

/** A tenant that notes what it is told. */
class Guest implements Tenant {
  /** What it wants, and what it has of it. */
  wanted = 0
  piece: Uint8Array | undefined
  isTold = false
  isEvicted = false
  readonly roomy = () => {
    this.isTold = true
  }
  readonly evicted = () => {
    this.isEvicted = true
  }
}

test('what is lent stays within the room, never overlaps, and whoever waits gets it in the order of coming', async (t) => {
  const step = fc.tuple(fc.constantFrom('ask', 'give', 'leave'), fc.nat(7), fc.integer({ min: 1, max: 100 * kib }))
  const property = fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
    const room = new Room({ bytes: 100 * kib, patienceMs: 1 })
    const guests = Array.from({ length: 8 }, () => new Guest())
    const queue: Guest[] = []
    for (const [what, number, bytes] of steps) {
      const guest = guests[number] as Guest
      if (what === 'give' && guest.piece !== undefined) giveBack(room, guest)
      else if (what === 'leave' && queue.includes(guest)) {
        queue.splice(queue.indexOf(guest), 1)
        room.leave(guest)
      } else if (what === 'ask' && guest.piece === undefined && !queue.includes(guest)) {
        guest.wanted = bytes
        if (!ask(room, guest)) queue.push(guest)
      }
      // Whoever is told takes at once; nobody is told before it is first.
      for (
        let told = guests.find(({ isTold }) => isTold);
        told !== undefined;
        told = guests.find((each) => each.isTold)
      ) {
        told.isTold = false
        if (told !== queue[0] || !ask(room, told)) return false
        queue.shift()
      }
      if (room.waiting !== queue.length || !isSound(room, guests)) return false
    }
    // All that is given back lets all go on: there is no deadlock.
    for (let rounds = 0; rounds < 100 && room.lentBytes + queue.length > 0; rounds++) {
      for (const guest of guests) if (guest.piece !== undefined) giveBack(room, guest)
      while (queue[0]?.isTold) {
        const first = queue.shift() as Guest
        first.isTold = false
        if (!ask(room, first)) return false
      }
    }
    return room.lentBytes === 0 && room.waiting === 0
  })
  holds(t, 'a room under any interleaving', property)
})

test('who could have it does not overtake who waits for more, not even without waiting', async (t) => {
  const room = new Room({ bytes: 100 * kib, patienceMs: 1 })
  const [holder, large, small] = [new Guest(), new Guest(), new Guest()]
  const piece = room.take(60 * kib, holder) as Uint8Array
  t.equal(room.take(80 * kib, large), undefined)
  t.equal(room.take(4 * kib, small), undefined)
  t.equal(room.takeNow(4 * kib, small), undefined)
  room.give(piece)
  t.ok(large.isTold)
  t.notOk(small.isTold)
  room.take(80 * kib, large)
  t.ok(small.isTold, 'and then it is its turn')
  t.equal(room.take(4 * kib, small)?.length, 4 * kib)
})

test('who holds room for too long is evicted when others wait, and not before', async (t) => {
  const room = new Room({ bytes: 100 * kib, patienceMs: 3_000 })
  const [holder, other] = [new Guest(), new Guest()]
  const piece = room.take(100 * kib, holder) as Uint8Array
  for (const now of [0, 10_000, 20_000]) room.look(now)
  t.notOk(holder.isEvicted, 'nobody wants it')
  room.take(1, other)
  room.look(21_000)
  room.look(23_999)
  t.notOk(holder.isEvicted)
  room.look(24_000)
  t.ok(holder.isEvicted)
  room.give(piece)
  t.ok(other.isTold)
})

test('what cannot be lent is a mistake of the caller: more than there is, nothing, what was not lent', async (t) => {
  const room = new Room({ bytes: 100 * kib, patienceMs: 1 })
  const guest = new Guest()
  for (const bytes of [0, -1, Number.NaN, 100 * kib + 1]) t.throws(() => room.take(bytes, guest), TypeError)
  const piece = room.take(10, guest) as Uint8Array
  room.give(piece)
  t.throws(() => room.give(piece), TypeError)
  t.throws(() => room.give(new Uint8Array(1)), TypeError)
})

function ask(room: Room, guest: Guest): boolean {
  guest.piece = room.take(guest.wanted, guest)
  return guest.piece !== undefined
}

function giveBack(room: Room, guest: Guest): void {
  room.give(guest.piece as Uint8Array)
  guest.piece = undefined
}

function isSound(room: Room, guests: readonly Guest[]): boolean {
  const pieces = guests.flatMap(({ piece }) => piece ?? []).sort((a, b) => a.byteOffset - b.byteOffset)
  const areApart = pieces.every(({ byteOffset }, index) => {
    const before = pieces[index - 1]
    return before === undefined || before.byteOffset + before.length <= byteOffset
  })
  return areApart && room.lentBytes <= room.bytes
}
