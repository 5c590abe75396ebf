import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { ringOf, type Topology } from '@ringhold/sdk/protocol'
import { test } from 'tap'
import { called, startFleet } from './ringhold.ts'

test('the commands against a fleet of five', async (t) => {
  const fleet = await startFleet(t)
  const topology = (await (await fetch(`${fleet.node('node-1').url}/v1/topology`)).json()) as Topology
  const names = ['node-1', 'node-2', 'node-3', 'node-4', 'node-5']

  t.test('up says who is there once all agree', async (t) => {
    const ready = fleet.events.find(({ event }) => event === 'ready')
    t.match(ready, { fleet: 'ringhold', ring: topology.ring, nodes: names.map((name) => ({ name, phase: 'running' })) })
  })

  t.test('members lists what each node sees', async (t) => {
    const document = await fleet.json<{ members: { sees: object }[] }>(['members'])
    t.match(document, {
      agree: true,
      ring: topology.ring,
      differences: [],
      members: names.map((name) => ({ name, status: 'alive' })),
    })
    for (const { sees } of document.members) t.same(sees, Object.fromEntries(names.map((name) => [name, 'alive'])))
    const { code, stdout, stderr } = await fleet.call(['members'])
    t.match({ code, stderr }, { code: 0, stderr: '' })
    t.match(stdout, /^NODE +STATUS +URL +ITS OWN VIEW +RING\nnode-1 +alive +http\S+ +5 alive +[0-9a-f]{16}\n/)
    t.match(stdout, 'All 5 nodes that answer agree on one ring.')
  })

  t.test('any one node is enough as a seed', async (t) => {
    const words = ['members', '--json', '--seeds', fleet.node('node-4').url]
    const { stdout } = await called(words, { RINGHOLD_STATE_DIR: '' })
    t.match(JSON.parse(stdout), { agree: true, members: names.map((name) => ({ name })) })
  })

  t.test('ring shows the tokens and finds no fault', async (t) => {
    const document = await fleet.json<{ shares: { node: string; tokens: number }[] }>(['ring'])
    t.match(document, { ring: topology.ring, tokens: 16_384, unowned: 0, faults: [], checkedNodes: names })
    t.same(new Map(document.shares.map(({ node, tokens }) => [node, tokens])), ringOf(topology).tokensOf())
    t.match((await fleet.call(['ring'])).stdout, /NODE +TOKENS +OF ALL[\s\S]+All 16,384 tokens have their owners/)
  })

  t.test('owner computes what the nodes say too', async (t) => {
    const key = 'user:42'
    const said = await (await fetch(`${fleet.node('node-3').url}/v1/explain/default/${encodeURIComponent(key)}`)).json()
    const { hash, token, owners } = said as { hash: number; token: number; owners: { name: string; url: string }[] }
    const expected = owners.map(({ name, url }, rank) => ({
      name,
      url,
      status: 'alive',
      role: rank ? 'replica' : 'coordinator',
    }))
    t.match(await fleet.json(['owner', key]), { key, hash, token, owners: expected, ring: topology.ring })
    t.match(
      (await fleet.call(['owner', key])).stdout,
      new RegExp(`token ${token}\n\nOWNER +ROLE[\\s\\S]+${expected[0]?.url}`),
    )
  })

  t.test('set, get and del keep every byte of keys and values', async (t) => {
    const keys = ['plain', '.', '..', 'a/b%2F', 'tab\tnew\nline', '\u{1f511} key', '-dash']
    for (const key of keys) {
      const value = `value of ${key}`
      const set = await fleet.call(['set', '--json', '--', key, value])
      t.match(JSON.parse(set.stdout), { stored: true, created: true }, JSON.stringify(key))
      t.match(await fleet.call(['get', '--', key]), { code: 0, stdout: value, stderr: '' })
    }
    const bytes = Uint8Array.from({ length: 256 }, (_, at) => at)
    const { code } = await fleet.run(['set', 'bytes', '-', '--cache', 'images', '--content-type', 'image/png'], {
      input: bytes,
    })
    t.equal(code, 0)
    const expected = { base64: Buffer.from(bytes).toString('base64'), bytes: 256, contentType: 'image/png' }
    t.match(await fleet.json(['get', 'bytes', '--cache', 'images']), { found: true, ...expected })
    t.match(await fleet.call(['get', 'bytes']), { code: 3 }, 'another cache is another key space')
    t.match(await fleet.json(['set', 'brief', 'x', '--ttl-ms', '60000']), { ttlMs: 60_000 })
    const { ttlMs } = await fleet.json<{ ttlMs: number }>(['get', 'brief'])
    t.ok(ttlMs > 0 && ttlMs <= 60_000)
    for (const key of keys) t.match(await fleet.call(['del', '--', key]), { code: 0, stdout: '', stderr: /^deleted/ })
    t.match(await fleet.json(['del', 'brief']), { deleted: true })
  })

  t.test('an absent key ends with code 3', async (t) => {
    t.match(await fleet.call(['get', 'absent']), {
      code: 3,
      stdout: '',
      stderr: /^ringhold: RINGHOLD_KEY_NOT_FOUND: [^\n]+\n$/,
    })
    t.same(await fleet.json(['get', 'absent'], [3]), { cache: 'default', key: 'absent', found: false })
    t.match(await fleet.call(['del', 'absent']), { code: 3, stdout: '' })
    t.match(await fleet.json(['del', 'absent'], [3]), { deleted: false })
  })

  t.test('fill stores what it says, the same entries every time, and stats counts them', async (t) => {
    const words = ['fill', '500', '--cache', 'filled', '--value-bytes', '10']
    t.match(await fleet.json(words), { cache: 'filled', entries: 500, stored: 500, failed: 0, failures: {} })
    t.match(await fleet.call(words), {
      code: 0,
      stdout: /^500 entries stored in filled in .*, 0 failed\n$/,
      stderr: '',
    })
    t.match(await fleet.call(['get', 'key:500', '--cache', 'filled']), { stdout: 'key:500 ke' })
    const stats = await fleet.json<{ nodes: { node: string; entries: number; ofMean: number }[] }>([
      'stats',
      '--cache',
      'filled',
    ])
    t.match(stats, {
      total: { entries: 500, replicas: 500, underReplicatedTokens: Number },
      nodes: names.map((node) => ({ node, status: 'alive' })),
    })
    const ring = ringOf(topology)
    for (const { node, entries, ofMean } of stats.nodes) {
      const owned = Array.from({ length: 500 }, (_, at) => ring.coordinator(ring.token(`key:${at + 1}`)))
      t.equal(entries, owned.filter((name) => name === node).length, `${node} has its keys`)
      t.equal(ofMean, entries / 100)
    }
    const { stdout } = await fleet.call(['stats', '--cache', 'filled'])
    t.match(
      stdout,
      /^NODE +STATUS +ENTRIES +OF MEAN +REPLICAS +BYTES +MOVING +LEFT +RATE\n(node-\d +alive +\d+ +[\d.]+ % +\d+ +[\d.]+ \w+ +0 +0 +0 B\/s\n){5}total +500 +500 /,
    )
  })

  t.test('commands are observers: none of them ever was a member', async (t) => {
    const seen = (await fleet.json<{ members: { sees: object }[] }>(['members'])).members.map(({ sees }) =>
      Object.keys(sees),
    )
    t.same(seen, Array(5).fill(names))
  })

  t.test('colours come only where they are forced, and a reader may stop reading', async (t) => {
    const colour = String.fromCharCode(27)
    t.notOk((await fleet.run(['members'])).stdout.includes(colour))
    const forced = { FORCE_COLOR: '1', NO_COLOR: undefined }
    t.ok((await fleet.run(['members'], { env: forced })).stdout.includes(colour))
    const bin = fileURLToPath(new URL('../../../cli/bin/ringhold.js', import.meta.url))
    const env = { ...process.env, RINGHOLD_STATE_DIR: fleet.folder }
    const child = spawn(process.execPath, [bin, 'members'], { env, stdio: ['ignore', 'pipe', 'pipe'] })
    child.stdout.destroy()
    let stderr = ''
    child.stderr.on('data', (chunk) => {
      stderr += chunk
    })
    const [code] = await once(child, 'close')
    t.match({ code, stderr }, { code: 0, stderr: '' })
  })
})
