import { createServer, type Server } from 'node:net'
import type { Test } from 'tap'
import { patienceMs } from '#chaos/wait-until.js'
import { Ringhold, type RingholdError } from '#sdk/index.js'
import { stopwatch } from '../stopwatch.ts'
import { overBoth, smallFleet, until } from './small-fleet.ts'

/** A port that accepts connections and never answers. */
async function silentUrl(t: Test): Promise<string> {
  const server: Server = createServer(() => undefined)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => server.close())
  server.unref()
  return `http://127.0.0.1:${(server.address() as { port: number }).port}`
}

/** A port where nobody listens. */
async function deadUrl(): Promise<string> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  await new Promise((resolve) => server.close(resolve))
  return `http://127.0.0.1:${port}`
}

overBoth(
  'no seed reachable: connect rejects within its deadline and says why of each address',
  async (t, transport) => {
    const [dead, silent] = [await deadUrl(), await silentUrl(t)]
    const other = await smallFleet(t, 1)
    const node = other.node('node-1')
    node.hook = (_request, response) => {
      response.end('<html>')
      return true
    }
    const tookMs = stopwatch(t)
    const error: RingholdError = await Ringhold.connect({
      transport,
      nodes: [dead, silent, node.url],
      connectTimeoutMs: 300,
    }).then(
      () => t.fail('connected'),
      (reason) => reason,
    )
    t.ok(tookMs() < 450)
    t.match(error, { code: 'RINGHOLD_NO_NODES', retryable: true })
    t.ok(error.message.includes(`${silent} (no answer within 300 ms)`), error.message)
    t.ok(error.message.includes(`${node.url} (the topology is not JSON)`))
    t.match(error.message, new RegExp(`${dead} \\(could not connect: .*ECONNREFUSED`))
  },
)

overBoth('a list of dead addresses only is reported as soon as all have refused', async (t, transport) => {
  const nodes = [await deadUrl(), await deadUrl(), await deadUrl()]
  const tookMs = stopwatch(t)
  await t.rejects(Ringhold.connect({ transport, nodes, connectTimeoutMs: 5000 }), { code: 'RINGHOLD_NO_NODES' })
  t.ok(tookMs() < 1000)
})

overBoth('one seed that answers is enough, whatever the others do', async (t, transport) => {
  const fleet = await smallFleet(t, 3)
  const silent = await Promise.all(Array.from({ length: 8 }, () => silentUrl(t)))
  const nodes = [...silent, await deadUrl(), fleet.node('node-2').url]
  await using cache = await Ringhold.connect({ transport, nodes, connectTimeoutMs: patienceMs })
  t.equal(cache.status, 'ready')
  t.equal(cache.topology?.members.length, 3)
})

overBoth('a seed that answers 304 without having been asked is no way in', async (t, transport) => {
  const fleet = await smallFleet(t, 2)
  const [first, second] = fleet.urls as [string, string]
  fleet.node('node-1').hook = (_request, response) => {
    response.writeHead(304).end()
    return true
  }
  await t.rejects(Ringhold.connect({ transport, nodes: first }), { code: 'RINGHOLD_NO_NODES', message: /304/ })
  await using cache = await Ringhold.connect({ transport, nodes: [first, second] })
  t.equal(cache.status, 'ready')
})

overBoth('a node that has no ring yet is no way in', async (t, transport) => {
  const fleet = await smallFleet(t, 1)
  fleet.node('node-1').status = 'joining'
  await t.rejects(Ringhold.connect({ transport, nodes: fleet.urls }), {
    code: 'RINGHOLD_NO_NODES',
    message: /no ring yet/,
  })
})

overBoth(
  'a ring that is not the one that the members make is refused: the release of that node does not fit',
  async (t, transport) => {
    const fleet = await smallFleet(t, 1)
    fleet.node('node-1').hook = (_request, response) => {
      response.end(JSON.stringify({ ...fleet.node('node-1').topology(), ring: '0123456789abcdef' }))
      return true
    }
    await t.rejects(Ringhold.connect({ transport, nodes: fleet.urls }), {
      message: /another ring than its members make/,
    })
  },
)

overBoth(
  'a client made with new connects with its first call, and many first calls fetch one topology',
  async (t, transport) => {
    const fleet = await smallFleet(t, 3)
    await using cache = new Ringhold({ transport, nodes: fleet.urls })
    const events: string[] = []
    cache.on('ready', () => events.push('ready')).on('ring', ({ joined }) => events.push(...joined))
    t.equal(cache.status, 'idle')
    t.equal(cache.ownerOf('a'), undefined)
    await Promise.all(Array.from({ length: 50 }, (_, index) => cache.set(`key-${index}`, index)))
    t.equal(fleet.requests('GET', '/v1/topology'), 1)
    t.strictSame(events, ['ready', 'node-1', 'node-2', 'node-3'])
    t.equal(cache.status, 'ready')
  },
)

overBoth(
  'a call of a client that cannot connect rejects with RINGHOLD_NO_NODES, and a later one tries again',
  async (t, transport) => {
    const fleet = await smallFleet(t, 1)
    const node = fleet.node('node-1')
    const { port } = node
    await node.crash()
    await using cache = new Ringhold({ transport, nodes: fleet.urls })
    await t.rejects(cache.get('a'), { code: 'RINGHOLD_NO_NODES' })
    const tookMs = stopwatch(t)
    await t.rejects(cache.get('a'), { code: 'RINGHOLD_NO_NODES' })
    t.ok(tookMs() < 50, 'within a second of the failure others fail at once')
    await node.listen(port)
    await t.rejects(cache.get('a'), { code: 'RINGHOLD_NO_NODES' }, 'but each begins another fetch')
    await until(() => cache.status === 'ready', 'the connection')
    t.equal(await cache.get('a'), undefined)
  },
)

overBoth(
  'a client is an observer: it sends nothing but its commands and reads of the topology',
  async (t, transport) => {
    const fleet = await smallFleet(t, 3)
    await using cache = await Ringhold.connect({ transport, nodes: fleet.urls, checkIntervalMs: 20 })
    await cache.set('a', 1)
    await until(() => fleet.requests('GET', '/v1/topology') > 3, 'checks of the topology')
    const others = fleet.members
      .flatMap(({ seen }) => seen)
      .filter(({ method, url }) => url !== '/v1/topology' && method !== 'PUT')
    t.strictSame(others, [])
  },
)
