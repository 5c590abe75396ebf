/**
 * The way of a request: which node it is sent to, and what a virtual user does when it was the wrong one.
 *
 *      owner   token of the key ──► its coordinator, marked `ringhold-route: direct`; a wrong node answers 421,
 *              then the topology is fetched once and the request sent again
 *      any     nodes in turn; whoever is not the owner forwards
 *
 * A ring takes k6's interpreter about a third of a second. So `setup` computes it once and hands every virtual user a
 * plan, which is plain JSON: the URLs and, for each token, the number of its coordinator's URL.
 */
import http, { type RefinedResponse, type ResponseType } from 'k6/http'
import { Counter } from 'k6/metrics'
import { tokenCount, tokenOf } from '../sdk/src/ring/index.ts'
import { fetchTopology, onRing, ringOf, type Topology } from './topology.ts'

/** wrongOwner counts replies 421. With a steady ring there are none. */
export const wrongOwner = new Counter('ringhold_wrong_owner')

export type Mode = 'owner' | 'any'
export type Reply = RefinedResponse<ResponseType>

/** Call is one request for a key. */
export interface Call {
  readonly method: 'GET' | 'PUT' | 'DELETE'
  readonly key: string
  /** Cache; default: `default`. */
  readonly cache?: string
  readonly body?: string | ArrayBuffer
  readonly headers?: Record<string, string>
  /** Tag by which k6 tells requests apart. Default: `get`, `set` or `delete`, by the method. */
  readonly op?: string
  /** `none` spares k6 to keep bodies that nobody looks at. Default: `text`. */
  readonly responseType?: ResponseType
}

/** Plan is where the keys of a fleet are, as plain JSON. */
export interface Plan {
  readonly seed: number
  readonly urls: readonly string[]
  /** By token: the index of its coordinator in `urls`. */
  readonly coordinators: readonly number[]
}

/** planOf computes the ring of a topology and writes down who coordinates what. */
export function planOf(topology: Topology): Plan {
  const members = onRing(topology)
  const ring = ringOf(topology)
  const indexOf = new Map(members.map(({ name }, index) => [name, index]))
  const coordinators = Array.from({ length: tokenCount }, (_, token) => indexOf.get(ring.coordinator(token) ?? '') ?? 0)
  return { seed: topology.ringSeed, urls: members.map(({ url }) => url), coordinators }
}

const opOf = { GET: 'get', PUT: 'set', DELETE: 'delete' } as const

/** Route sends the calls of one virtual user. */
export class Route {
  #plan: Plan
  #turn = 0

  constructor(plan: Plan) {
    this.#plan = plan
  }

  /** send sends a call; in `owner` mode once more after a 421. */
  send(call: Call, mode: Mode): Reply {
    const { urls } = this.#plan
    if (mode === 'any') return request(urls[this.#turn++ % urls.length] as string, call)
    const reply = this.#sendToOwner(call)
    if (reply.status !== 421) return reply
    wrongOwner.add(1)
    this.#plan = planOf(fetchTopology())
    return this.#sendToOwner(call)
  }

  #sendToOwner(call: Call): Reply {
    const { seed, urls, coordinators } = this.#plan
    const owner = coordinators[tokenOf(call.key, seed)] as number
    return request(urls[owner] as string, call, { 'ringhold-route': 'direct' })
  }
}

function request(url: string, call: Call, headers?: Record<string, string>): Reply {
  const { method, key, cache = 'default', body = null, op = opOf[method] } = call
  return http.request(method, `${url}/v1/caches/${cache}/keys/${encodeURIComponent(key)}`, body, {
    headers: { ...call.headers, ...headers },
    // Without a name of its own every key would become a time series.
    tags: { name: `${method} key`, op },
    responseType: call.responseType ?? 'text',
  })
}
