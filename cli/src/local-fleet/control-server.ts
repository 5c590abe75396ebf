/** The supervisor's end of the control socket. */
import { chmodSync } from 'node:fs'
import { createServer, type Server, type Socket } from 'node:net'
import { RingholdError } from '@ringhold/sdk/protocol'
import { errorCodeOf } from '../exit-code.ts'
import { type ControlReply, type ControlRequest, messageBytesMax } from './control-protocol.ts'
import { killSignals } from './supervised-node.ts'
import type { Supervisor } from './supervisor.ts'

const connectionsMax = 16

export class ControlServer {
  readonly #server: Server
  readonly #supervisor: Supervisor
  readonly #sockets = new Set<Socket>()

  constructor(supervisor: Supervisor) {
    this.#supervisor = supervisor
    this.#server = createServer((socket) => this.#serve(socket))
    this.#server.maxConnections = connectionsMax
  }

  listen(path: string): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject)
      this.#server.listen(path, () => {
        chmodSync(path, 0o600)
        resolve()
      })
    })
  }

  close(): void {
    this.#server.close()
    for (const socket of this.#sockets) socket.destroy()
  }

  #serve(socket: Socket): void {
    let text = ''
    this.#sockets.add(socket)
    socket.setEncoding('utf8')
    socket.on('error', () => socket.destroy())
    socket.on('close', () => this.#sockets.delete(socket))
    socket.on('data', async (chunk: string) => {
      text += chunk
      if (text.length > messageBytesMax) socket.destroy()
      if (!text.includes('\n')) return
      socket.pause()
      const reply = await this.#replyTo(text)
      socket.end(`${JSON.stringify(reply)}\n`)
    })
  }

  async #replyTo(line: string): Promise<ControlReply> {
    try {
      return { ok: true, result: await this.#perform(parse(line)) }
    } catch (error) {
      const detail = error instanceof RingholdError ? error.facts.detail : undefined
      return { ok: false, code: errorCodeOf(error) ?? 'RINGHOLD_INTERNAL', detail: detail ?? String(error) }
    }
  }

  #perform(request: ControlRequest): unknown {
    if (request.action === 'status') return this.#supervisor.nodes
    if (request.action === 'add') return this.#supervisor.add(request.name)
    if (request.action === 'start') return this.#supervisor.start(request.node)
    return this.#supervisor.kill(request.node, request.signal)
  }
}

function parse(line: string): ControlRequest {
  const request = JSON.parse(line) as Partial<Record<string, unknown>>
  const { action, node, signal, name } = request
  const isNode = typeof node === 'string'
  if (action === 'status') return { action }
  if (action === 'add') return typeof name === 'string' ? { action, name } : { action }
  if (action === 'start' && isNode) return { action, node }
  const known = killSignals.find((candidate) => candidate === signal)
  if (action === 'kill' && isNode && known !== undefined) return { action, node, signal: known }
  throw new RingholdError('RINGHOLD_BAD_OPTION', { detail: `the supervisor does not understand ${line.trim()}` })
}
