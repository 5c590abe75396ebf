import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { test } from 'tap'
import { hash32, Ring, type RingInput } from '#sdk/ring/index.js'

const root = new URL('../../../../', import.meta.url)
const file = new URL('sdk/golden/ring-vectors.json', root)

interface Golden {
  readonly keys: readonly string[]
  readonly rings: readonly (RingInput & {
    readonly title: string
    readonly checksum: string
    readonly vectors: readonly [hash: number, token: number, owners: string[]][]
  })[]
}

const golden = JSON.parse(readFileSync(file, 'utf8')) as Golden

for (const { title, checksum, vectors, ...input } of golden.rings) {
  test(`golden ring: ${title}`, async (t) => {
    const ring = new Ring(input)
    t.equal(ring.checksum, checksum, 'checksum, and with it every owner of every token')
    t.equal(vectors.length, golden.keys.length)
    const computed = golden.keys.map((key) => [hash32(key, input.seed), ring.token(key), ring.owners(ring.token(key))])
    t.strictSame(computed, vectors)
  })
}

test('the golden keys reach from one byte to 512 and from one byte a character to four', async (t) => {
  const sizes = golden.keys.map((key) => Buffer.byteLength(key))
  t.equal(Math.min(...sizes), 1)
  t.equal(Math.max(...sizes), 512)
  const widths = new Set(golden.keys.flatMap((key) => [...key].map((character) => Buffer.byteLength(character))))
  t.strictSame([...widths].sort(), [1, 2, 3, 4])
})

test('golden vectors are not overwritten by accident', async (t) => {
  const script = new URL('scripts/golden-vectors.js', root)
  const { status, stderr } = spawnSync(process.execPath, [script.pathname], { encoding: 'utf8' })
  t.equal(status, 1)
  t.match(stderr, /frozen/)
  t.strictSame(JSON.parse(readFileSync(file, 'utf8')), golden)
})
