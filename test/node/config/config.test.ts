import { test } from 'tap'
import { configOf, nameOfHost } from '#node/config.js'
import { helpText } from '#node/help.js'

test('without any variable a node has a working configuration', async (t) => {
  t.match(configOf({}), {
    name: String,
    fleet: 'ringhold',
    host: '127.0.0.1',
    port: 7001,
    peerPort: 7101,
    url: undefined,
    seeds: [],
    copies: 2,
    memoryBytesMax: 268_435_456,
    weight: 1,
    joinTimeoutMs: 15_000,
  })
})

test('values are read in their units', async (t) => {
  const rows: [variables: Record<string, string>, expected: object][] = [
    [{ RINGHOLD_MEMORY: '33554432' }, { memoryBytesMax: 33_554_432 }],
    [{ RINGHOLD_MEMORY: '16384KiB' }, { memoryBytesMax: 16_777_216 }],
    [{ RINGHOLD_MEMORY: '1GiB' }, { memoryBytesMax: 1_073_741_824 }],
    [
      { RINGHOLD_PORT: '0', RINGHOLD_PEER_PORT: '65535' },
      { port: 0, peerPort: 65_535 },
    ],
    [
      { RINGHOLD_SEEDS: 'a:7101, http://b:7102/ ,,[::1]:7103' },
      { seeds: ['http://a:7101', 'http://b:7102', 'http://[::1]:7103'] },
    ],
    [{ RINGHOLD_URL: 'http://cache.example:80/' }, { url: 'http://cache.example' }],
    [
      { RINGHOLD_SEEDS: '', RINGHOLD_PORT: '', RINGHOLD_NAME: '' },
      { seeds: [], port: 7001 },
    ],
    [{ RINGHOLD_NODES: 'http://x', RINGHOLD_STATE_DIR: '/x', PATH: '/bin' }, { port: 7001 }],
  ]
  for (const [variables, expected] of rows) t.match(configOf(variables), expected, JSON.stringify(variables))
})

test('a wrong variable is named, with its value and what it should be', async (t) => {
  const rows: [variables: Record<string, string>, message: RegExp][] = [
    [{ RINGHOLD_PORT: 'abc' }, /RINGHOLD_PORT=abc must be integer/],
    [{ RINGHOLD_PORT: '65536' }, /RINGHOLD_PORT=65536 must be <= 65535/],
    [{ RINGHOLD_PORT: '1.5' }, /RINGHOLD_PORT=1.5/],
    [{ RINGHOLD_NAME: 'a b' }, /RINGHOLD_NAME=a b/],
    [{ RINGHOLD_NAME: 'x\r\ny' }, /RINGHOLD_NAME/],
    [{ RINGHOLD_MEMORY: '256MB' }, /RINGHOLD_MEMORY=256MB/],
    [{ RINGHOLD_MEMORY: '0' }, /RINGHOLD_MEMORY=0/],
    [{ RINGHOLD_MEMORY: '15MiB' }, /RINGHOLD_MEMORY=15MiB is too little/],
    [{ RINGHOLD_MEMORY: '900000GiB' }, /RINGHOLD_MEMORY=900000GiB is more than the \d+MiB of memory/],
    [{ RINGHOLD_MEMORY: '999999999999999GiB' }, /RINGHOLD_MEMORY/],
    [{ RINGHOLD_COPIES: '0' }, /RINGHOLD_COPIES=0/],
    [{ RINGHOLD_WEIGHT: '101' }, /RINGHOLD_WEIGHT=101/],
    [{ RINGHOLD_LOG_LEVEL: 'loud' }, /RINGHOLD_LOG_LEVEL=loud/],
    [{ RINGHOLD_URL: 'ftp://x' }, /RINGHOLD_URL: ftp:\/\/x/],
    [{ RINGHOLD_URL: 'http://user:pw@x' }, /RINGHOLD_URL/],
    [{ RINGHOLD_SEEDS: 'a:1,http://b/path' }, /RINGHOLD_SEEDS: http:\/\/b\/path/],
    [{ RINGHOLD_SEEDS: 'a:99999' }, /RINGHOLD_SEEDS/],
    [{ RINGHOLD_JOIN_TIMEOUT_MS: '-1' }, /RINGHOLD_JOIN_TIMEOUT_MS=-1/],
    [{ RINGHOLD_PROT: '7001' }, /RINGHOLD_PROT is not a variable/],
  ]
  for (const [variables, message] of rows) {
    t.throws(() => configOf(variables), { code: 'RINGHOLD_BAD_CONFIG', message }, JSON.stringify(variables))
  }
})

test('any host name becomes the name of a node', async (t) => {
  t.equal(nameOfHost('cache-1.example'), 'cache-1.example')
  t.equal(nameOfHost('-bad name_é!'), 'bad-name_--')
  t.equal(nameOfHost(''), 'node')
  t.equal(nameOfHost('x'.repeat(100)).length, 64)
})

test('the help text has every variable', async (t) => {
  t.match(helpText(), /RINGHOLD_JOIN_TIMEOUT_MS +How long/)
  t.equal(helpText().match(/^ {2}RINGHOLD_/gm)?.length, 15)
})
