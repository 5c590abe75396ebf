/** Asks one node itself, as a client that routes: what it does not coordinate it refuses. */
import { headerNames, keyPath } from '@ringhold/sdk/protocol'
import type { Operation } from './operation.ts'

const timeoutMs = 2_000

/** getAt reads a key at one node; undefined where it did not answer for the fleet (421, 503) or not at all. */
export function getAt(url: string, key: string): Promise<Operation | undefined> {
  return at(url, 'get', key)
}

/** setAt writes a key at one node likewise; what was not acknowledged is 'unknown', for it may have been executed. */
export async function setAt(url: string, key: string, value: string): Promise<Operation> {
  const beganMs = performance.now()
  const answered = await at(url, 'set', key, value)
  if (answered !== undefined) return answered
  const times = { dueMs: beganMs, beganMs, endedMs: performance.now() }
  return {
    kind: 'set',
    key,
    ...times,
    result: 'unknown',
    value,
    version: undefined,
    copies: undefined,
    code: undefined,
  }
}

async function at(url: string, kind: 'get' | 'set', key: string, value?: string): Promise<Operation | undefined> {
  const beganMs = performance.now()
  const reply = await fetch(url + keyPath('default', key), {
    method: kind === 'get' ? 'GET' : 'PUT',
    headers: { [headerNames.route]: 'direct', 'content-type': 'text/plain; charset=utf-8' },
    ...(value !== undefined && { body: value }),
    signal: AbortSignal.timeout(timeoutMs),
  }).catch(() => undefined)
  if (reply === undefined) return undefined
  const text = await reply.text().catch(() => undefined)
  const isAnswer = reply.ok || (kind === 'get' && reply.status === 404)
  if (!isAnswer || text === undefined) return undefined
  const etag = reply.headers.get('etag')
  return {
    ...{ kind, key, dueMs: beganMs, beganMs, endedMs: performance.now(), result: 'done', code: undefined },
    value: kind === 'set' ? value : reply.ok ? text : undefined,
    version: etag === null ? undefined : Number(etag.slice(1, -1)),
    copies: Number(reply.headers.get(headerNames.copies) ?? 0),
  }
}
