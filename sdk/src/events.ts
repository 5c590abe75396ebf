import { EventEmitter } from 'node:events'
import type { RingholdError } from './protocol/index.ts'

/** RingholdEvents are the events of a client and what their listeners get. */
export interface RingholdEvents {
  /** The first topology was read; calls are routed. */
  ready: []
  /** The ring changed: its checksum, and the names of the nodes that came to it and left it. */
  ring: [change: { readonly checksum: string; readonly joined: readonly string[]; readonly left: readonly string[] }]
  /** Something failed that no call reports: fetching the topology, or a call that `failOpen` swallowed. Never thrown. */
  error: [error: RingholdError]
  /** The client is closed. */
  close: []
}

/** Events emits without ever failing the emitting code: listeners run in a microtask of their own, and nobody needs to listen to `error`. */
export class Events {
  readonly #emitter = new EventEmitter()

  on<E extends keyof RingholdEvents>(event: E, listener: (...args: RingholdEvents[E]) => void): void {
    this.#emitter.on(event, listener as (...args: unknown[]) => void)
  }

  once<E extends keyof RingholdEvents>(event: E, listener: (...args: RingholdEvents[E]) => void): void {
    this.#emitter.once(event, listener as (...args: unknown[]) => void)
  }

  off<E extends keyof RingholdEvents>(event: E, listener: (...args: RingholdEvents[E]) => void): void {
    this.#emitter.off(event, listener as (...args: unknown[]) => void)
  }

  emit<E extends keyof RingholdEvents>(event: E, ...args: RingholdEvents[E]): void {
    queueMicrotask(() => {
      if (this.#emitter.listenerCount(event) > 0) this.#emitter.emit(event, ...args)
    })
  }
}
