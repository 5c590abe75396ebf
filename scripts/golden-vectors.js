#!/usr/bin/env node
/**
 * Writes sdk/golden/ring-vectors.json: keys with their hash, token and owners in several rings. Whoever computes the
 * ring elsewhere (k6, another language, the next release) checks itself against this file.
 *
 *      npm run golden                    refuses if the file exists: a changed vector is a changed ring, and fleets
 *      npm run golden -- --overwrite     of two releases would then disagree on who owns what
 */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { hash32, Ring, seedOfFleet } from '@ringhold/sdk/ring'

const file = fileURLToPath(new URL('../sdk/golden/ring-vectors.json', import.meta.url))

const keys = [
  ...['a', 'ab', 'abc', 'abcd', 'abcde', 'user:42', 'user:43', 'session/2f9c', 'a b', '.', '..', '%2F', '%', '?q=1#x'],
  ...['\u0000', '\r\n', '\t', '\u007f', '\u0080', '\u07ff', '\u0800', '\uffff', '\ufeffbom', 'e\u0301', 'é', 'ß'],
  ...[
    '🧊',
    '👩‍👩‍👧‍👦',
    '𝄞',
    'a🧊',
    'ab🧊',
    'abc🧊',
    '\u{10ffff}',
    '缓存',
    '分散キャッシュ',
    '캐시',
    'ключ',
    'مفتاح',
    'מפתח',
    'คีย์',
  ],
  ...[16, 31, 32, 33, 255, 511, 512].map((bytes) => 'k'.repeat(bytes)),
  ...['é'.repeat(256), '缓'.repeat(170), '🧊'.repeat(128)],
  ...Array.from({ length: 20 }, (_, index) => `key:${index * index * 7919}`),
]

const named = (count, more = () => ({})) =>
  Array.from({ length: count }, (_, index) => ({ name: `node-${index + 1}`, ...more(index) }))

const rings = [
  { title: 'one member', seed: 0, copies: 2, members: named(1) },
  { title: 'two members', seed: 1, copies: 2, members: named(2) },
  { title: 'three members, three copies', seed: 0xffffffff, copies: 3, members: named(3) },
  { title: 'the local fleet', seed: seedOfFleet('ringhold'), copies: 2, members: named(5) },
  {
    title: 'the local fleet without node-2',
    seed: seedOfFleet('ringhold'),
    copies: 2,
    members: named(5).toSpliced(1, 1),
  },
  { title: 'the local fleet and a sixth', seed: seedOfFleet('ringhold'), copies: 2, members: named(6) },
  { title: 'one copy', seed: 0x9747b28c, copies: 1, members: named(8) },
  { title: 'weights', seed: 2, copies: 2, members: named(4, (index) => ({ weight: 1 + (index % 3) })) },
  { title: 'zones', seed: 3, copies: 3, members: named(9, (index) => ({ zone: `zone-${'abc'[index % 3]}` })) },
  {
    title: 'uneven zones and weights',
    seed: 4,
    copies: 2,
    members: named(7, (index) => ({ zone: index < 2 ? 'small' : 'large', weight: index === 0 ? 4 : 1 })),
  },
  {
    title: 'names of all kinds',
    seed: 5,
    copies: 2,
    members: ['a', 'A', '', ' ', '10.0.0.1:7001', 'узел', '緩存', '🧊', 'é', 'e\u0301'].map((name) => ({ name })),
  },
  { title: 'twenty members', seed: 6, copies: 2, members: named(20) },
]

const vectors = {
  about: 'Each ring lists [hash, token, owners] for each of the keys, in their order. `npm run golden` made this file.',
  keys,
  rings: rings.map((input) => {
    const ring = new Ring(input)
    const owners = keys.map((key) => [hash32(key, input.seed), ring.token(key), ring.owners(ring.token(key))])
    return { ...input, checksum: ring.checksum, vectors: owners }
  }),
}

if (existsSync(file) && !process.argv.includes('--overwrite')) {
  console.error(`${file} exists. Its vectors are frozen; --overwrite replaces them when the ring changes on purpose.`)
  process.exit(1)
}
mkdirSync(dirname(file), { recursive: true })
writeFileSync(file, `${ascii(format(vectors))}\n`)
console.error(`${file}: ${keys.length} keys in ${rings.length} rings`)

/** ASCII alone, so that no editor and no terminal changes what a key is made of. */
function ascii(json) {
  return json.replace(/[^ -~\n]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
}

/** JSON with one vector a line, so that a difference can be read. */
function format({ about, keys, rings }) {
  const lines = (items) => items.map((item) => `\n${JSON.stringify(item)}`).join(',')
  const blocks = rings.map(
    ({ vectors, ...ring }) => `${JSON.stringify(ring).slice(0, -1)},"vectors":[${lines(vectors)}\n]}`,
  )
  return `{"about":${JSON.stringify(about)},\n"keys":[${lines(keys)}\n],\n"rings":[\n${blocks.join(',\n')}\n]}`
}
