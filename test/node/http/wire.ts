/** Requests as bytes on the wire: nothing on our side normalises, encodes or checks them. */

import { request as httpRequest, type IncomingHttpHeaders } from 'node:http'
import { connect } from 'node:net'
import { patienceMs } from '#chaos/wait-until.js'

export interface WireReply {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
}

export interface WireRequest {
  readonly method?: string
  /** Sent as it stands. */
  readonly path: string
  readonly headers?: Record<string, string>
  readonly body?: string | Uint8Array
}

/** send sends one request to a node and reads the whole reply. */
export function send(baseUrl: string, { method = 'GET', path, headers = {}, body }: WireRequest): Promise<WireReply> {
  const { hostname, port } = new URL(baseUrl)
  return new Promise((resolve, reject) => {
    const request = httpRequest({ host: hostname, port, method, path, headers, timeout: patienceMs }, (reply) => {
      const chunks: Buffer[] = []
      reply.on('data', (chunk) => chunks.push(chunk))
      reply.on('error', reject)
      reply.on('end', () => {
        resolve({ status: reply.statusCode as number, headers: reply.headers, body: Buffer.concat(chunks) })
      })
    })
    request.on('timeout', () => request.destroy(new Error(`no reply to ${method} ${path} in ${patienceMs} ms`)))
    request.on('error', reject)
    request.end(body)
  })
}

/** sendBytes writes bytes to a fresh connection and returns all that comes back until the node closes it. */
export function sendBytes(baseUrl: string, bytes: string | Uint8Array): Promise<string> {
  return exchange(baseUrl, bytes, () => false)
}

/** firstReply writes bytes to a fresh connection and returns what comes back until there is a problem in it. */
export function firstReply(baseUrl: string, bytes: string | Uint8Array): Promise<string> {
  return exchange(baseUrl, bytes, (text) => text.endsWith('}'))
}

function exchange(baseUrl: string, bytes: string | Uint8Array, isDone: (text: string) => boolean): Promise<string> {
  const { hostname, port } = new URL(baseUrl)
  return new Promise((resolve, reject) => {
    let text = ''
    const socket = connect({ host: hostname, port: Number(port) }, () => socket.write(bytes))
    socket.setTimeout(patienceMs, () =>
      socket.destroy(new Error(`the node did not close the connection in ${patienceMs} ms`)),
    )
    socket.on('data', (chunk) => {
      text += chunk.toString('latin1')
      if (isDone(text)) socket.destroy()
    })
    socket.on('error', reject)
    socket.on('close', () => resolve(text))
  })
}
