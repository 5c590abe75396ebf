/**
 * GET of a value straight from the socket to execute: plain reads are most of what REST clients do, and everything that
 * a framework does for a request costs as much again as reading the value.
 *
 *      request ─┬─► GET of a key, nothing special about it ─► execute ─► reply
 *               └─► anything else ─────────────────────────► the routes
 *
 * What it takes it answers as the key route does, field for field, which a test holds it to. Everything that needs a
 * decision goes to the routes: conditions, callers that route themselves, queries, bodies, doubtful requests.
 */
import type { IncomingMessage, RequestListener, Server, ServerResponse } from 'node:http'
import { type ByteCommand, etagOf, type Hit, headerNames, problemOf, RingholdError } from '@ringhold/sdk/protocol'
import { ownedCommand } from '../copies/owned-command.ts'
import type { Executed } from '../core/executor.ts'
import { ttlMsLeft } from '../core/hit-sink.ts'
import type { Room, Tenant } from '../stream/room.ts'
import { cut, isCut, whenOver } from './connection-end.ts'
import { keyNotFound, missStatus } from './key-not-found.ts'
import type { KeyRoutesOptions } from './key-routes.ts'
import { keepAliveHintOf } from './listener.ts'
import { plainKeyOf, rawKeyOf } from './raw-key.ts'
import { RestHit } from './rest-hit.ts'

export interface StraightGetOptions extends Omit<KeyRoutesOptions, 'originOf'> {
  /** Whether the listener closes, and its replies have to say so. */
  readonly isClosing: () => boolean
  /** Called with what is our own fault. */
  readonly onFault: (error: unknown) => void
}

/** Found is a hit whose value is bytes, or a text with one character for each of them. */
interface Found extends Omit<Hit, 'type' | 'value'> {
  readonly value: Uint8Array | string
}

const prefix = '/v1/caches/'
const infix = '/keys/'
/** What no request line begins its path with. */
const noPath = ' '

/** Header fields that a plain read does not have, by their names in lower case. */
const special = new Set([
  ...['if-match', 'if-none-match', headerNames.route, headerNames.forwardedBy, 'expect'],
  ...['content-length', 'content-encoding', 'transfer-encoding'],
])
const hostLength = 4

/** getStraight lets a listener answer plain reads before its routes are asked. */
export function getStraight(server: Server, options: StraightGetOptions): void {
  const [routes] = server.listeners('request') as [RequestListener]
  const straight = new StraightGet(options, keepAliveHintOf(server))
  server.removeListener('request', routes)
  server.on('request', (request, response) => {
    if (!straight.take(request, response)) routes(request, response)
  })
}

/** Get is a request that is being answered. */
class Get implements Tenant {
  /** Its key is good until it was executed once, unless it has to wait. */
  command: ByteCommand
  readonly response: ServerResponse
  /** Whether it had to wait for room. */
  isWaiting = false
  readonly #straight: StraightGet

  constructor(straight: StraightGet, command: ByteCommand, response: ServerResponse) {
    this.#straight = straight
    this.command = command
    this.response = response
  }

  roomy(): void {
    setImmediate(() => this.#straight.executeAgain(this))
  }

  evicted(): void {
    cut(this.response)
  }
}

class StraightGet {
  readonly #options: StraightGetOptions
  readonly #keepAlive: string
  readonly #localHit: string
  readonly #room: Room
  readonly #hit: RestHit
  /** The cache of the request before, and where its keys are: most likely those of the next one as well. */
  #cache = ''
  #keysPath = noPath

  constructor(options: StraightGetOptions, keepAliveHint: string) {
    this.#options = options
    this.#keepAlive = keepAliveHint
    this.#room = options.rooms.answers
    this.#hit = new RestHit(this.#room)
    this.#localHit = statusOf(options.self, options.self, 'hit')
  }

  /** take answers a request; false, and nothing happened, where that is for the routes. */
  take(request: IncomingMessage, response: ServerResponse): boolean {
    if (request.method !== 'GET' || !isPlain(request) || this.#options.isClosing()) return false
    const url = request.url as string
    if (!url.startsWith(this.#keysPath) && !this.#findKeys(url)) return false
    const keyAt = this.#keysPath.length
    const plainKey = plainKeyOf(url, keyAt)
    if (plainKey === undefined && !isKey(url, keyAt)) return false
    try {
      const command: ByteCommand = { type: 'get', cache: this.#cache, key: plainKey ?? Buffer.from(rawKeyOf(url)) }
      this.#execute(new Get(this, command, response))
    } catch (error) {
      this.#fail(error, response)
    }
    return true
  }

  /** findKeys learns the cache of a path; false where the path leads to no cache. */
  #findKeys(url: string): boolean {
    if (!url.startsWith(prefix)) return false
    const cacheEnd = url.indexOf('/', prefix.length)
    if (!url.startsWith(infix, cacheEnd)) return false
    const cache = url.slice(prefix.length, cacheEnd)
    if (/[%?#]/.test(cache)) return false
    this.#cache = cache
    this.#keysPath = `${prefix}${cache}${infix}`
    return true
  }

  #execute(get: Get): void {
    const { command, response } = get
    this.#hit.tenant = get
    const executed = this.#options.execute(command, 'plain', this.#hit)
    if (executed === undefined && this.#hit.isPutOff) {
      this.#waitForRoom(get)
      return
    }
    if (get.isWaiting) this.#room.leave(get)
    if (executed === undefined) this.#sendHit(response)
    else if (executed instanceof Promise) this.#wait(executed, response)
    else this.#answer(executed, response)
  }

  /** executeAgain goes on with a request that has waited for room. */
  executeAgain(get: Get): void {
    if (isCut(get.response)) return
    try {
      this.#execute(get)
    } catch (error) {
      this.#room.leave(get)
      this.#fail(error, get.response)
    }
  }

  #waitForRoom(get: Get): void {
    if (get.isWaiting) return
    get.isWaiting = true
    get.command = ownedCommand(get.command)
    whenOver(get.response, () => this.#room.leave(get))
  }

  #sendHit(response: ServerResponse): void {
    const { contentType, version, expiresAt, now } = this.#hit
    const ttlMs = ttlMsLeft(expiresAt, now)
    const value = this.#hit.take()
    if (typeof value !== 'string' && this.#room.owns(value)) whenOver(response, () => this.#room.give(value))
    this.#send(response, { value, contentType, version, ttlMs }, this.#localHit)
  }

  #wait(promise: Promise<Executed>, response: ServerResponse): void {
    promise.then((executed) => this.#answer(executed, response)).catch((error: unknown) => this.#fail(error, response))
  }

  #answer({ outcome, by }: Executed, response: ServerResponse): void {
    const { self } = this.#options
    if (outcome.type === 'miss') {
      const status = statusOf(by, self, missStatus(outcome))
      this.#problem(keyNotFound(outcome.reason), response, [
        'cache-status',
        status,
        headerNames.ring,
        this.#options.ringChecksum(),
      ])
      return
    }
    if (outcome.type !== 'hit') throw new RingholdError('RINGHOLD_INTERNAL')
    this.#send(response, outcome, by === self ? this.#localHit : statusOf(by, self, 'hit'))
  }

  #send(response: ServerResponse, { value, version, ttlMs, contentType }: Found, status: string): void {
    const ring = this.#options.ringChecksum()
    // biome-ignore format: names and values in pairs
    const fields = [
      'cache-status', status, 'cache-control', 'no-store', headerNames.ring, ring, 'etag', etagOf(version),
      'content-type', contentType, 'content-length', String(value.length), 'keep-alive', this.#keepAlive,
    ]
    if (ttlMs !== undefined) fields.push(headerNames.ttl, String(ttlMs))
    response.writeHead(200, fields)
    response.end(value, 'latin1')
  }

  #fail(raised: unknown, response: ServerResponse): void {
    if (response.headersSent) {
      response.destroy()
      return
    }
    if (raised instanceof RingholdError) {
      this.#problem(raised, response, [])
      return
    }
    this.#options.onFault(raised)
    this.#problem(new RingholdError('RINGHOLD_INTERNAL', { cause: raised }), response, [])
  }

  #problem(error: RingholdError, response: ServerResponse, more: readonly string[]): void {
    const { ring, retryAfterMs } = error.facts
    const body = Buffer.from(JSON.stringify(problemOf(error, this.#options.self)))
    const fields = [...more, 'content-type', 'application/problem+json', 'cache-control', 'no-store']
    if (ring !== undefined) fields.push(headerNames.ring, ring)
    if (retryAfterMs !== undefined) fields.push('retry-after', String(Math.ceil(retryAfterMs / 1000)))
    fields.push('content-length', String(body.length), 'keep-alive', this.#keepAlive)
    response.writeHead(error.status, fields)
    response.end(body)
  }
}

/** isKey tells whether a path goes on with a key, and with nothing behind it. */
function isKey(url: string, keyAt: number): boolean {
  return url.length > keyAt && !/[/?#]/.test(url.slice(keyAt))
}

/** isPlain tells whether nothing in the head asks for more than the value. */
function isPlain({ rawHeaders, httpVersionMajor, httpVersionMinor }: IncomingMessage): boolean {
  if (httpVersionMajor !== 1 || httpVersionMinor !== 1) return false
  let hosts = 0
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const written = rawHeaders[at] as string
    const name = written === 'Host' ? 'host' : written.toLowerCase()
    if (special.has(name)) return false
    if (name === 'connection' && (rawHeaders[at + 1] as string).toLowerCase() !== 'keep-alive') return false
    if (name.length === hostLength && name === 'host') hosts++
  }
  return hosts === 1
}

function statusOf(by: string, self: string, result: string): string {
  return by === self ? `"${by}"; ${result}` : `"${by}"; ${result}, "${self}"; fwd=bypass; detail=forwarded`
}
