import fc from 'fast-check'
import { test } from 'tap'
import { Composer } from '#node/membership/composer.js'
import { Core } from '#node/membership/core.js'
import { jsonBytes, rumourBytes, utf8Bytes } from '#node/membership/json-bytes.js'
import { messageBytesMax } from '#node/membership/message.js'
import { parsePeerMessage } from '#node/membership/parse-message.js'
import { settingsOf } from '#node/membership/settings.js'
import { holds } from '../../property.ts'
import { anyMember, anyMessage, gossipFrom, memberOf } from './members.ts'

function asRead(message: unknown): unknown {
  return JSON.parse(JSON.stringify(message))
}

test('a message that a peer writes is read as it was meant', async (t) => {
  const property = fc.property(anyMessage, (message) => {
    const read = parsePeerMessage(asRead(message))
    return read !== undefined && JSON.stringify(asRead(read), sortKeys) === JSON.stringify(asRead(message), sortKeys)
  })
  holds(t, 'round trip', property)
})

test('anything else is no message, and reading it never throws', async (t) => {
  const damaged = fc.tuple(anyMessage, fc.nat(), fc.anything()).map(([message, at, junk]) => {
    const copy = asRead(message) as Record<string, unknown>
    const keys = Object.keys(copy)
    copy[keys[at % keys.length] ?? 'type'] = junk
    return copy
  })
  holds(
    t,
    'junk',
    fc.property(fc.anything(), (junk) => parsePeerMessage(junk) === undefined),
  )
  holds(
    t,
    'damaged in one place',
    fc.property(damaged, (copy) => {
      parsePeerMessage(copy)
      return true
    }),
  )
})

test('every field has its limits', async (t) => {
  const from = memberOf('node-1')
  const rows: [name: string, message: unknown][] = [
    ['empty name', gossipFrom({ ...from, name: '' })],
    ['name too long', gossipFrom({ ...from, name: 'n'.repeat(256) })],
    ['record too long', gossipFrom({ ...from, name: '\u0001'.repeat(255), instance: '\u0001'.repeat(128) })],
    ['URL of another scheme', gossipFrom({ ...from, urls: { ...from.urls, peer: 'file:///etc/passwd' } })],
    ['URL with credentials', gossipFrom({ ...from, urls: { ...from.urls, peer: 'http://user:word@host' } })],
    ['URL with a final slash', gossipFrom({ ...from, urls: { ...from.urls, peer: 'http://host:1/' } })],
    ['incarnation 0', gossipFrom({ ...from, incarnation: 0 })],
    ['incarnation without successor', gossipFrom({ ...from, incarnation: Number.MAX_SAFE_INTEGER })],
    ['incarnation with a fraction', gossipFrom({ ...from, incarnation: 1.5 })],
    ['unknown status', gossipFrom({ ...from, status: 'undead' as never })],
    ['weight 0', gossipFrom({ ...from, weight: 0 })],
    ['weight above the ring’s', gossipFrom({ ...from, weight: 101 })],
    ['fleet too long', gossipFrom(from, { fleet: 'f'.repeat(300) })],
    ['negative heartbeat', gossipFrom(from, { heartbeat: -1 })],
    ['too many accusers', gossipFrom(from, { rumours: [{ member: from, accusers: ['a', 'b', 'c', 'd', 'e'] }] })],
    ['too many rumours', gossipFrom(from, { rumours: Array(2_000).fill({ member: from }) })],
    ['pulse too short', gossipFrom(from, { heartbeats: [['a', 1] as never] })],
    ['a list for an object', []],
    ['nothing', null],
  ]
  t.ok(parsePeerMessage(gossipFrom(from)), 'as a measure: the message without such a fault is read')
  for (const [name, message] of rows) t.equal(parsePeerMessage(asRead(message)), undefined, name)
})

test('what rides along in a message goes nowhere', async (t) => {
  const json = JSON.stringify(gossipFrom(memberOf('node-1')))
  const read = parsePeerMessage(JSON.parse(json.replace('{', '{"__proto__":{"polluted":true},"extra":1,')))
  t.ok(read)
  t.notOk(Object.hasOwn(read as object, 'extra'))
  t.equal((read as unknown as Record<string, unknown>).polluted, undefined)
  t.equal(({} as Record<string, unknown>).polluted, undefined)
})

test('the bytes of JSON are measured exactly', async (t) => {
  holds(
    t,
    'UTF-8',
    fc.property(fc.string({ unit: 'grapheme' }), (text) => utf8Bytes(text) === Buffer.byteLength(text)),
  )
  holds(
    t,
    'JSON',
    fc.property(fc.jsonValue(), (value) => jsonBytes(value) === Buffer.byteLength(JSON.stringify(value))),
  )
  const rumour = fc.record(
    { member: anyMember, accusers: fc.array(fc.string()), ageMs: fc.nat() },
    { requiredKeys: ['member'] },
  )
  holds(
    t,
    'rumours',
    fc.property(rumour, (one) => rumourBytes(one) === Buffer.byteLength(JSON.stringify(one))),
  )
})

test('no message is longer than 16 KiB, however much there is to say and in whatever script', async (t) => {
  const fit = anyMember.filter((member) => parsePeerMessage(gossipFrom(member)) !== undefined)
  const roster = fc.tuple(fit, fc.array(fit, { minLength: 60, maxLength: 150 }))
  const property = fc.property(roster, fc.nat({ max: 200 }), ([self, members], leads) => {
    const core = new Core({
      self,
      fleet: { name: 'ü'.repeat(60), copies: 2 },
      settings: settingsOf(),
      random: () => 0.5,
    })
    for (const member of members) {
      if (member.name === self.name) continue
      core.roster.merge(member, { now: 0, adoptGone: true })
      core.heartbeats.begin(member.name, member.incarnation, 0)
      core.heartbeats.learn([member.name, member.incarnation, 2 ** 50], 0)
      core.rumours.add(member.name)
    }
    const composer = new Composer(core)
    const names = members.map(({ name }) => name)
    const messages = [composer.gossip('', names.slice(0, leads)), composer.gossip('')]
    for (let after: string | undefined = ''; after !== undefined; ) {
      const { message, next } = composer.page(after, names[0])
      messages.push(message)
      if (next !== undefined && next <= after) return false
      after = next
    }
    return messages.every((message) => Buffer.byteLength(JSON.stringify(message)) <= messageBytesMax)
  })
  holds(t, 'gossip and pages', property, 40)
})

test('the pages of a view hold every record, in order and once', async (t) => {
  const core = new Core({
    self: memberOf('node-500'),
    fleet: { name: 'test', copies: 2 },
    settings: settingsOf(),
    random: () => 0.5,
  })
  for (let index = 100; index < 400; index++) core.roster.merge(memberOf(`node-${index}`), { now: 0 })
  const composer = new Composer(core)
  const read: string[] = []
  let pages = 0
  for (let after: string | undefined = ''; after !== undefined; pages++) {
    const { message, next } = composer.page(after, undefined)
    read.push(...message.rumours.map(({ member }) => member.name))
    after = next
  }
  t.same(read, core.roster.names)
  t.ok(pages > 1 && pages < 10, `${pages} pages for ${read.length} records`)
})

test('news come before heartbeats, those sent least before others, and each only as often as its budget says', async (t) => {
  const core = new Core({
    self: memberOf('node-0'),
    fleet: { name: 'test', copies: 2 },
    settings: settingsOf(),
    random: () => 0.5,
  })
  for (const name of ['node-1', 'node-2', 'node-3']) core.roster.merge(memberOf(name), { now: 0 })
  const composer = new Composer(core)
  const names = (): string[] => composer.gossip('').rumours.map(({ member }) => member.name)
  core.rumours.add('node-1')
  t.same(names(), ['node-1'])
  core.rumours.add('node-2')
  t.same(names(), ['node-2', 'node-1'], 'the newer one has been sent less often')
  let sent = 2
  while (names().includes('node-1')) sent++
  t.equal(sent, 9, '3 × ceil(log2(4 + 1)) times')
  t.equal(core.rumours.size, 0, 'the message without node-1 was the ninth with node-2')
})

function sortKeys(_key: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
}
