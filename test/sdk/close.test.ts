import { spawn } from 'node:child_process'
import { once } from 'node:events'
import type { Test } from 'tap'
import { Ringhold, type RingholdError } from '#sdk/index.js'
import { stopwatch } from '../stopwatch.ts'
import { overBoth, smallFleet, until } from './small-fleet.ts'
import { silent } from './small-node.ts'

function codeOf(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => 'resolved',
    (error: RingholdError) => error.code,
  )
}

overBoth('close lets calls under way end, refuses new ones, and leaves no connection', async (t, transport) => {
  const fleet = await smallFleet(t, 1)
  const node = fleet.node('node-1')
  const cache = await Ringhold.connect({ transport, nodes: fleet.urls })
  const events: string[] = []
  cache.on('close', () => events.push('close'))
  let answer: (() => void) | undefined
  node.onCommand = (exchange) => {
    answer = () => exchange.answer({ type: 'created', version: 1, copies: 1 })
    return true
  }
  const call = cache.set('a', 1)
  await until(() => answer !== undefined, 'the request')
  const closing = cache.close()
  t.equal(cache.status, 'closing')
  for (const refused of [cache.get('a'), cache.getMany(['a']), cache.connect()]) {
    t.equal(await codeOf(refused), 'RINGHOLD_CLOSED')
  }
  answer?.()
  t.match(await call, { stored: true })
  await closing
  t.equal(cache.status, 'closed')
  await until(() => node.connections === 0, 'the end of all connections')
  await cache.close()
  await cache.destroy()
  t.equal(await codeOf(cache.cache('other').get('a')), 'RINGHOLD_CLOSED')
  t.strictSame(events, ['close'])
})

overBoth('close waits no longer than it is told, then drops what is left', async (t, transport) => {
  const fleet = await smallFleet(t, 1)
  const cache = await Ringhold.connect({ transport, nodes: fleet.urls, timeoutMs: 60_000 })
  fleet.node('node-1').onCommand = silent
  const call = codeOf(cache.set('a', 1))
  await t.rejects(cache.close({ timeoutMs: Number.NaN }), { code: 'RINGHOLD_BAD_OPTION' })
  const tookMs = stopwatch(t)
  await cache.close({ timeoutMs: 100 })
  t.ok(tookMs() < 400)
  t.equal(await call, 'RINGHOLD_CLOSED')
})

overBoth(
  'destroy drops calls under way, also those that wait for a better moment, and while connecting',
  async (t, transport) => {
    const fleet = await smallFleet(t, 2)
    const cache = await Ringhold.connect({ transport, nodes: fleet.urls, timeoutMs: 60_000 })
    fleet.owner('a').onCommand = silent
    await fleet.members.find((node) => node !== fleet.owner('a'))?.crash()
    const away = Array.from({ length: 50 }, (_, index) => `key-${index}`).find(
      (key) => fleet.owner(key) !== fleet.owner('a'),
    )
    const calls = [cache.get('a'), cache.get(away as string), cache.getMany(['a', away as string])].map(codeOf)
    await until(() => cache.stats().retries > 0, 'a retry')
    await cache.destroy()
    t.strictSame(await Promise.all(calls), Array(3).fill('RINGHOLD_CLOSED'))
    t.equal(cache.stats().inFlight, 0)

    const unconnected = new Ringhold({ transport, nodes: fleet.urls })
    fleet.owner('a').hook = () => true
    const connecting = codeOf(unconnected.connect())
    await unconnected.destroy()
    t.equal(await connecting, 'RINGHOLD_CLOSED')
  },
)

overBoth('await using closes the client', async (t, transport) => {
  const fleet = await smallFleet(t, 1)
  let client: Ringhold
  {
    await using cache = await Ringhold.connect({ transport, nodes: fleet.urls })
    client = cache
  }
  t.equal(client.status, 'closed')
})

async function exitOf(
  t: Test,
  { url, transport }: { readonly url: string; readonly transport: string },
  code: string,
): Promise<{ code: number | null; output: string; tookMs: number }> {
  const program = `import { Ringhold } from '@ringhold/sdk'
    const cache = await Ringhold.connect({ transport: ${JSON.stringify(transport)}, nodes: ${JSON.stringify(url)} })
    ${code}
    globalThis.start = Date.now()
    process.on('exit', () => console.log(Date.now() - start))`
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  t.teardown(() => child.kill('SIGKILL'))
  let output = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text
  })
  const [exitCode] = await once(child, 'close')
  const lines = output.trim().split('\n')
  return { code: exitCode as number | null, output: lines.slice(0, -1).join(), tookMs: Number(lines.at(-1)) }
}

overBoth(
  'a client that is idle, closed or destroyed does not keep its process alive; a call under way does',
  async (t, transport) => {
    const fleet = await smallFleet(t, 3)
    const node = fleet.node('node-1')
    const use = "await cache.set('a', 1); await cache.getMany(['a', 'b', 'c'])"
    for (const end of ['', 'await cache.close()', 'await cache.destroy()']) {
      const { code, tookMs } = await exitOf(t, { url: node.url, transport }, `${use}; ${end}`)
      t.equal(code, 0)
      t.ok(tookMs < 2000, `${end || 'idle'}: ${tookMs} ms`)
    }
    const late = await exitOf(
      t,
      { url: node.url, transport },
      "cache.get('a', { timeoutMs: 300 }).then((value) => console.log('got', value))",
    )
    t.match(late, { code: 0, output: 'got 1' })
  },
)
