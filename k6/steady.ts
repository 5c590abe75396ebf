/**
 * Steady load: 80 % reads and 20 % writes at a fixed rate, whatever the fleet makes of it (an open model: requests that
 * the fleet keeps waiting do not slow down the next ones), over keys of Zipf popularity.
 *
 *      npm run k6 -- steady                                       starts a fleet, runs this, stops it
 *      npm run k6 -- steady -e RATE=2000 -e MODE=any              more, and through any node
 *      k6 run -e NODES=http://127.0.0.1:7001 k6/steady.ts         against a fleet that is up
 *
 *      RATE 500 requests a second     DURATION 30s      KEYS 10000      VALUE_BYTES 100
 *      MODE owner | any               P99_MS 100        VUS_MAX 200     SUMMARY k6-steady.json
 */
import http from 'k6/http'
import { Counter, Rate, Trend } from 'k6/metrics'
import type { Options } from 'k6/options'
import { type Plan, planOf, Route } from './route.ts'
import { oneOf, text, wholeNumber } from './settings.ts'
import { type SummaryData, summaryText } from './summary.ts'
import { fetchTopology } from './topology.ts'
import { zipf } from './zipf.ts'

const rate = wholeNumber('RATE', 500)
const keys = wholeNumber('KEYS', 10_000)
const valueBytes = wholeNumber('VALUE_BYTES', 100)
const p99Ms = wholeNumber('P99_MS', 100)
const vusMax = wholeNumber('VUS_MAX', 200)
const duration = text('DURATION', '30s')
const mode = oneOf('MODE', ['owner', 'any'])

const readShare = 0.8

const getMs = new Trend('ringhold_get_ms', true)
const setMs = new Trend('ringhold_set_ms', true)
const hits = new Rate('ringhold_hits')
const failures = new Counter('ringhold_failures')

export const options: Options = {
  setupTimeout: '5m',
  scenarios: {
    steady: {
      executor: 'constant-arrival-rate',
      rate,
      timeUnit: '1s',
      duration,
      preAllocatedVUs: Math.min(50, vusMax),
      maxVUs: vusMax,
    },
  },
  thresholds: {
    'http_req_failed{op:get}': ['rate<0.001'],
    'http_req_failed{op:set}': ['rate<0.001'],
    'http_req_duration{op:get}': [`p(99)<${p99Ms}`],
    'http_req_duration{op:set}': [`p(99)<${p99Ms}`],
    ringhold_hits: ['rate>0.999'],
    ringhold_wrong_owner: ['count==0'],
  },
  summaryTrendStats: ['avg', 'med', 'p(90)', 'p(99)', 'max'],
  // `url` would make a time series of every key; `name` stands for it.
  systemTags: ['status', 'method', 'name', 'error', 'error_code', 'scenario', 'expected_response'],
}

http.setResponseCallback(http.expectedStatuses(200, 201, 204, 304, 404))

const value = 'v'.repeat(valueBytes)
const rankOf = zipf(keys)

/** setup computes who owns what and writes every key once, so that reads hit. */
export function setup(): Plan {
  const plan = planOf(fetchTopology())
  const route = new Route(plan)
  for (let rank = 0; rank < keys; rank++) {
    route.send({ method: 'PUT', key: keyOf(rank), body: value, op: 'fill', responseType: 'none' }, 'owner')
  }
  return plan
}

let route: Route | undefined

export default function steady(plan: Plan): void {
  route ??= new Route(plan)
  const key = keyOf(rankOf(Math.random()))
  if (Math.random() < readShare) get(route, key)
  else set(route, key)
}

export function handleSummary(data: SummaryData): Record<string, string> {
  const title = `steady: ${rate} requests a second for ${duration}, ${keys} keys, values of ${valueBytes} bytes, ${
    mode === 'owner' ? 'straight to the owner' : 'through any node'
  }`
  return {
    stdout: summaryText(title, data),
    [text('SUMMARY', 'k6-steady.json')]: JSON.stringify(data, null, 2),
  }
}

function get(route: Route, key: string): void {
  const { status, timings } = route.send({ method: 'GET', key, responseType: 'none' }, mode)
  getMs.add(timings.duration)
  if (status === 200 || status === 404) hits.add(status === 200)
  else failures.add(1, { op: 'get', status: String(status) })
}

function set(route: Route, key: string): void {
  const { status, timings } = route.send({ method: 'PUT', key, body: value, responseType: 'none' }, mode)
  setMs.add(timings.duration)
  if (status !== 201 && status !== 204) failures.add(1, { op: 'set', status: String(status) })
}

function keyOf(rank: number): string {
  return `item:${rank}`
}
