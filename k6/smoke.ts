/**
 * Smoke test: does a fleet do what it should, seen by a client that shares the ring but not the SDK?
 *
 *      npm run k6 -- smoke                                  starts a fleet, runs this, stops it
 *      k6 run -e NODES=http://127.0.0.1:7001 k6/smoke.ts    against a fleet that is up
 *
 * Every check must pass, and with a steady ring no node may answer 421.
 */
import { check, group } from 'k6'
import { scenario } from 'k6/execution'
import http from 'k6/http'
import type { Options } from 'k6/options'
import { checkGolden } from './golden.ts'
import { type Mode, type Plan, planOf, type Reply, Route } from './route.ts'
import { fetchTopology, onRing, ringOf } from './topology.ts'

export const options: Options = {
  scenarios: {
    smoke: { executor: 'shared-iterations', vus: 5, iterations: 120, maxDuration: '60s' },
  },
  thresholds: {
    checks: ['rate==1'],
    ringhold_wrong_owner: ['count==0'],
    http_req_failed: ['rate==0'],
    dropped_iterations: ['count==0'],
  },
  // `url` would make a time series of every key; `name` stands for it.
  systemTags: ['status', 'method', 'name', 'check', 'group', 'error', 'error_code', 'scenario', 'expected_response'],
}

// All of these are answers here, not failures.
http.setResponseCallback(http.expectedStatuses(200, 201, 204, 304, 404, 412))

const awkward = [
  'plain',
  '.',
  '..',
  'a/b',
  '%2F',
  'a b',
  '?q=1#x',
  '\u0000',
  '\r\n',
  'é',
  '缓存',
  '🧊',
  'k'.repeat(480),
]

export function setup(): Plan {
  const topology = fetchTopology()
  group('golden vectors', checkGolden)
  check(topology, {
    'the node and this script compute the same ring': () => ringOf(topology).checksum === topology.ring,
    'every member has a URL': () => onRing(topology).every(({ url }) => url.startsWith('http')),
  })
  return planOf(topology)
}

let route: Route | undefined

export default function smoke(plan: Plan): void {
  route ??= new Route(plan)
  const iteration = scenario.iterationInTest
  const name = awkward[iteration % awkward.length] as string
  const suffix = name === '.' || name === '..' ? '' : `:${iteration}`
  const cache = `smoke-${iteration}`
  for (const mode of ['owner', 'any'] as const) {
    group(mode === 'owner' ? 'straight to the owner' : 'through any node', () => {
      liveOf({ route: route as Route, mode, cache, key: name + suffix })
    })
  }
}

/** Where a key lives through its life. */
interface Place {
  readonly route: Route
  readonly mode: Mode
  readonly cache: string
  readonly key: string
}

function liveOf({ route, mode, cache, key }: Place): void {
  const send = (
    method: 'GET' | 'PUT' | 'DELETE',
    more: { body?: string; headers?: Record<string, string> } = {},
  ): Reply => route.send({ method, cache, key, ...more }, mode)
  const first = `first ${key} 🧊`

  check(send('GET'), { 'a key that was never set is a miss with a code': isMiss })

  const created = send('PUT', { body: first, headers: { 'content-type': 'text/plain', 'ttl-ms': '60000' } })
  check(created, {
    'set of a new key: 201': ({ status }) => status === 201,
    'set: the reply carries the version': ({ headers }) => /^"\d+"$/.test(headers.Etag ?? ''),
    'set: the reply says how many copies there are': ({ headers }) => Number(headers['Ringhold-Copies']) >= 1,
  })
  const version = created.headers.Etag ?? ''

  check(send('GET'), {
    'get: 200': ({ status }) => status === 200,
    'get: the bytes that were set': ({ body }) => body === first,
    'get: the content type that was set': ({ headers }) => headers['Content-Type'] === 'text/plain',
    'get: the version of the set': ({ headers }) => headers.Etag === version,
    'get: what is left of the time to live': ({ headers }) => isBetween(Number(headers['Ttl-Ms']), 1, 60_000),
  })
  check(send('GET', { headers: { 'if-none-match': version } }), {
    'get with the version one has: 304': ({ status }) => status === 304,
  })

  const replaced = send('PUT', { body: 'second', headers: { 'if-match': version } })
  check(replaced, {
    'set of a known version: 204': ({ status }) => status === 204,
    'set: a newer version': ({ headers }) => numberOf(headers.Etag) > numberOf(version),
  })
  check(send('PUT', { body: 'third', headers: { 'if-match': version } }), {
    'set of an old version: 412': ({ status }) => status === 412,
  })
  check(send('GET'), {
    'get: the second value': ({ body }) => body === 'second',
    'get: no time to live is left over': ({ headers }) => headers['Ttl-Ms'] === undefined,
  })

  check(send('DELETE'), { 'delete: 204': ({ status }) => status === 204 })
  check(send('DELETE'), { 'delete again: 404': ({ status }) => status === 404 })
  check(send('GET'), { 'get of a deleted key is a miss with a code': isMiss })
}

function isMiss({ status, body }: Reply): boolean {
  return status === 404 && typeof body === 'string' && JSON.parse(body).code === 'RINGHOLD_KEY_NOT_FOUND'
}

function isBetween(value: number, low: number, high: number): boolean {
  return value >= low && value <= high
}

function numberOf(etag: string | undefined): number {
  return Number((etag ?? '').replaceAll('"', ''))
}
