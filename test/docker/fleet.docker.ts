/**
 * The fleet of docker-compose.yml, from the build to the clean-up, seen from the host. Not part of `npm test`, since it
 * needs a container engine: `npm run test:docker`.
 */
import { type Test, test } from 'tap'
import { Ringhold } from '#sdk/index.js'
import { isOnRing, type Topology } from '#sdk/protocol/index.js'
import { addressOf, Compose, docker, takenPort } from './compose.ts'

const ports = [7001, 7002, 7003, 7004, 7005]
const services = ports.map((_, index) => `node-${index + 1}`)
const urls = ports.map((port) => `http://127.0.0.1:${port}`)
const keys = Array.from({ length: 500 }, (_, index) => `key:${index}`)

const upWithinMs = 20_000
const settleWithinMs = 20_000
const stopWithinS = 15
const pollMs = 100
const squattersMax = 8

test('five containers are one fleet', async (t) => {
  const taken = await takenPort(ports)
  if (taken) throw new Error(`port ${taken} is taken: stop what listens there (another fleet?) and run this again`)
  const compose = new Compose(`ringhold-test-${process.pid}`)
  t.teardown(() => compose.run('down', '--volumes', '--remove-orphans', '--timeout', '1'))

  await t.test('the image builds', async (t) => {
    const tookMs = await timed(() => compose.run('build'))
    t.comment(`build: ${seconds(tookMs)}`)
    const user = await docker('inspect', '--format', '{{.Config.User}}', 'ringhold-node')
    t.equal(user, 'node', 'the node does not run as root')
  })

  await t.test('at most 20 s after the build all five are healthy and agree on one ring', async (t) => {
    const tookMs = await timed(async () => {
      await compose.run('up', '--detach', '--no-build')
      await agreed(t, services, urls)
      await until(t, 'all are healthy', async () => {
        const healths = await Promise.all(services.map((service) => compose.health(service)))
        return healths.every((health) => health === 'healthy')
      })
    })
    t.comment(`up: five healthy nodes and one ring after ${seconds(tookMs)}`)
    t.ok(tookMs <= upWithinMs, `${tookMs} ms`)
  })
  if (!t.passing()) return // an old image, or half a fleet, would only fail in ways that lead astray

  await t.test('any node answers for any key', async (t) => {
    for (const [at, url] of urls.entries()) {
      const path = `/v1/caches/default/keys/from-${at}`
      const put = await fetch(url + path, {
        method: 'PUT',
        body: `value ${at}`,
        headers: { 'content-type': 'text/plain' },
      })
      t.equal(put.status, 201, `set through ${services[at]}`)
      for (const other of urls) t.equal(await (await fetch(other + path)).text(), `value ${at}`)
      t.equal((await fetch((urls[4 - at] as string) + path, { method: 'DELETE' })).status, 204)
    }
  })

  await t.test('the SDK on the host reaches every owner directly', async (t) => {
    const before = await Promise.all(urls.map(statsOf))
    const cache = await Ringhold.connect({ nodes: [urls[0] as string] })
    t.teardown(() => cache.close())
    await cache.setMany(keys.map((key) => [key, key] as const))
    t.strictSame(await cache.getMany(keys), keys)
    const after = await Promise.all(urls.map(statsOf))
    for (const [at, stats] of after.entries()) {
      const { forwarded, wrongOwner, sets } = before[at] as Stats
      t.equal(stats.forwarded - forwarded, 0, `${stats.node} forwarded nothing`)
      t.equal(stats.wrongOwner - wrongOwner, 0, `${stats.node} was never the wrong one`)
      t.ok(stats.sets - sets > 0, `${stats.node} owns ${stats.sets - sets} of the keys`)
    }
    t.equal(total(after, 'sets') - total(before, 'sets'), keys.length)
  })

  const lost = 'node-3'
  const others = urls.filter((_, at) => services[at] !== lost)
  let oldAddress = ''

  await t.test('the fleet notices a killed container and goes on without it', async (t) => {
    oldAddress = await compose.address(lost)
    const tookMs = await timed(async () => {
      await docker('kill', await compose.id(lost))
      await agreed(
        t,
        services.filter((service) => service !== lost),
        others,
      )
    })
    t.comment(`kill: the other four agree on a ring without ${lost} after ${seconds(tookMs)}`)
    const cache = await Ringhold.connect({ nodes: [...others] })
    t.teardown(() => cache.close())
    t.strictSame(await cache.getMany(keys), keys, 'none of its entries is lost')
  })

  await t.test('a container that comes back with another address is a member again', async (t) => {
    await occupy(t, oldAddress, compose)
    const tookMs = await timed(async () => {
      await docker('start', await compose.id(lost))
      await agreed(t, services, urls)
    })
    const newAddress = await compose.address(lost)
    t.comment(`start: ${lost} came back with ${newAddress} instead of ${oldAddress} after ${seconds(tookMs)}`)
    t.not(newAddress, oldAddress)
    const cache = await Ringhold.connect({ nodes: [urls[0] as string] })
    t.teardown(() => cache.close())
    await cache.setMany(keys.map((key) => [key, 'again'] as const))
    t.ok((await statsOf(urls[2] as string)).entries > 0, 'it holds entries again')
    await until(t, 'every key is at its coordinator and at one replica, and nowhere else', async () => {
      const stats = await Promise.all(urls.map(statsOf))
      const copies = stats.map(({ copies }) => copies.entries)
      const [coordinated, replicas, strays] = (['coordinated', 'replicas', 'strays'] as const).map((role) =>
        copies.reduce((sum, held) => sum + held[role], 0),
      )
      return coordinated === keys.length && replicas === keys.length && strays === 0
    })
  })

  await t.test('a container that is stopped leaves in good order', async (t) => {
    const id = await compose.id('node-5')
    await compose.run('stop', '--timeout', String(stopWithinS), 'node-5')
    await agreed(t, services.slice(0, 4), urls.slice(0, 4))
    t.equal(await docker('inspect', '--format', '{{.State.ExitCode}}', id), '0')
    const { members } = await topologyOf(urls[0] as string)
    t.equal(members.find(({ name }) => name === 'node-5')?.status, 'left')
  })

  await t.test('the others stop too, and nothing is left', async (t) => {
    await compose.run('down', '--volumes', '--timeout', String(stopWithinS))
    t.equal(
      await docker('ps', '--all', '--quiet', '--filter', `label=com.docker.compose.project=${compose.project}`),
      '',
    )
  })
})

interface Stats {
  readonly node: string
  readonly entries: number
  readonly sets: number
  readonly forwarded: number
  readonly wrongOwner: number
  readonly copies: { readonly entries: { coordinated: number; replicas: number; strays: number } }
}

/** agreed waits until each node has exactly these members on its ring, and all the same one. */
async function agreed(t: Test, names: readonly string[], nodes: readonly string[]): Promise<void> {
  await until(t, `${names.join(', ')} agree on one ring`, async () => {
    const topologies = await Promise.all(nodes.map((url) => topologyOf(url)))
    const rings = topologies.map(({ ring, members }) => {
      const onRing = members.filter(({ status }) => isOnRing(status)).map(({ name }) => name)
      return `${ring} ${onRing.sort().join(', ')}`
    })
    return new Set(rings).size === 1 && (rings[0] as string).endsWith(` ${names.join(', ')}`)
  })
}

/** occupy keeps an address of the network busy until the test ends, so that the next container cannot get it. */
async function occupy(t: Test, address: string, { network }: Compose): Promise<void> {
  for (let attempt = 0; attempt < squattersMax; attempt++) {
    const command = ['ringhold-node', 'node', '-e', 'setInterval(() => {}, 1e9)']
    const squatter = await docker('run', '--detach', '--init', '--no-healthcheck', '--network', network, ...command)
    t.teardown(() => docker('rm', '--force', squatter))
    if ((await addressOf(squatter)) === address) return
  }
}

async function topologyOf(url: string): Promise<Topology> {
  const reply = await fetch(`${url}/v1/topology`, { signal: AbortSignal.timeout(2_000) })
  return (await reply.json()) as Topology
}

async function statsOf(url: string): Promise<Stats> {
  return (await (await fetch(`${url}/v1/stats`)).json()) as Stats
}

function total(stats: readonly Stats[], figure: 'entries' | 'sets'): number {
  return stats.reduce((sum, one) => sum + one[figure], 0)
}

/** until waits for a condition; what it throws counts as not yet. */
async function until(t: Test, what: string, condition: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + settleWithinMs
  let last: unknown
  while (performance.now() < deadline) {
    try {
      if (await condition()) return
      last = undefined
    } catch (error) {
      last = error
    }
    await new Promise((resolve) => setTimeout(resolve, pollMs))
  }
  t.fail(`${what}: not within ${seconds(settleWithinMs)}`, { last: String(last) })
  throw new Error(what)
}

async function timed(task: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now()
  await task()
  return Math.round(performance.now() - startedAt)
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`
}
