/**
 * One command through any node, as `curl` would send it: the node that is asked forwards to the owner. The SDK goes
 * straight to the owner and decodes values; this shows bytes and headers as they are.
 */
import { request as requestHttp } from 'node:http'
import { request as requestHttps } from 'node:https'
import {
  type Command,
  type HttpReply,
  type OutcomeOf,
  outcomeOf,
  RingholdError,
  requestOf,
} from '@ringhold/sdk/protocol'
import { silenceOf } from './node-api.ts'

/** Answered is an outcome and where it came from. */
export interface Answered<C extends Command> {
  readonly outcome: OutcomeOf<C>
  /** URL of the node that was asked. */
  readonly url: string
}

/**
 * execute asks the first node that can be reached. A node that refuses connections or does not serve is passed over,
 * since then nothing was executed; after any other failure the command is not sent again.
 */
export async function execute<C extends Command>(
  command: C,
  { seeds, timeoutMs }: { seeds: readonly string[]; timeoutMs: number },
): Promise<Answered<C>> {
  let last: RingholdError | undefined
  for (const url of seeds) {
    try {
      return { outcome: outcomeOf(command, await send(url, command, timeoutMs)), url }
    } catch (error) {
      if (!(error instanceof RingholdError)) throw error
      if (error.code !== 'RINGHOLD_NO_NODES' && error.code !== 'RINGHOLD_NOT_READY') throw error
      last = error
    }
  }
  throw last ?? new RingholdError('RINGHOLD_NO_NODES')
}

/** Not fetch: it would resolve the keys `.` and `..` as if they were folders. */
function send(url: string, command: Command, timeoutMs: number): Promise<HttpReply> {
  const { method, path, headers, body } = requestOf(command)
  return new Promise((resolve, reject) => {
    const { protocol, hostname, port } = new URL(url)
    const start = protocol === 'https:' ? requestHttps : requestHttp
    const signal = AbortSignal.timeout(timeoutMs)
    const options = {
      method,
      path,
      headers,
      hostname: hostname.replace(/^\[|\]$/g, ''),
      port,
      signal,
      agent: false as const,
    }
    const request = start(options, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(chunks) }),
      )
      response.on('error', (cause) => reject(failureOf(url, cause, signal)))
    })
    request.on('error', (cause) => reject(failureOf(url, cause, signal)))
    request.end(body)
  })
}

function failureOf(url: string, cause: Error, signal: AbortSignal): RingholdError {
  if (signal.aborted) return new RingholdError('RINGHOLD_TIMEOUT', { detail: `${url} did not answer in time`, cause })
  const code = 'code' in cause ? cause.code : undefined
  const wasSent = code !== 'ECONNREFUSED' && code !== 'ENOTFOUND' && code !== 'EHOSTUNREACH' && code !== 'ENETUNREACH'
  const detail = `${url}: ${silenceOf(new Error(cause.message, { cause }))}`
  return new RingholdError(wasSent ? 'RINGHOLD_CONNECTION_LOST' : 'RINGHOLD_NO_NODES', { detail, cause })
}
