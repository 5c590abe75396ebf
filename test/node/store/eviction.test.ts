import { test } from 'tap'
import type { ByteStore } from '#node/store/byte-store.js'
import type { Place } from '#node/store/store.js'
import { seededRandom } from '../../sim/random.ts'
import { smallStore, smallStoreBytes } from './small-store.ts'

const objects = 7_500
const passes = 4
/** The smallest is a hundredth of the largest. */
const sizes = Array.from({ length: objects }, (_, object) =>
  Math.floor(400 * 100 ** (((object * 7_919) % 1_000) / 1_000)),
)
const value = new Uint8Array(40_000)

/** ask reads an object, and writes it where it was missing; it tells whether it was there. */
function ask(store: ByteStore, object: number, version: number): boolean {
  const place: Place = { token: (object * 7_919) & 16_383, cache: 'default', key: Buffer.from(`object:${object}`) }
  if (store.read(place, 0) !== undefined) return true
  const entry = { value: value.subarray(0, sizes[object]), contentType: 'a/b', version, expiresAt: undefined }
  store.write(place, entry, 0)
  return false
}

test('of objects of all sizes that go round and do not all fit, a part stays', async (t) => {
  const store = smallStore()
  const bytes = sizes.reduce((sum, size) => sum + size, 0)
  t.ok(bytes > smallStoreBytes * 3, 'not even a third of them fits')
  let hits = 0
  for (let pass = 0, version = 0; pass < passes; pass++) {
    hits = 0
    for (let object = 0; object < objects; object++) if (ask(store, object, ++version)) hits++
  }
  t.ok(hits / objects > (0.5 * smallStoreBytes) / bytes, `${hits} of ${objects} objects, ${bytes} bytes`)
})

test('objects that are asked for again and again stay through a scan of others', async (t) => {
  const store = smallStore()
  const hot = 200
  const next = seededRandom(1)
  let version = 0
  for (let turn = 0; turn < 20_000; turn++) ask(store, Math.floor(next() * hot), ++version)
  for (let object = hot; object < objects; object++) {
    ask(store, object, ++version)
    ask(store, Math.floor(next() * hot), ++version)
  }
  let stayed = 0
  for (let object = 0; object < hot; object++) if (ask(store, object, ++version)) stayed++
  t.ok(stayed > 0.9 * hot, `${stayed} of ${hot}`)
})
