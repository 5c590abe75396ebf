/**
 * The requests to peers that are under way. Deadlines are judged in ticks; an answer that comes later is dropped. What was not
 * sent yet, because the process stood still in between, is not given up: its bytes would be used again. Of what
 * a peer holds only the process counts that this node's view knows of: the one after it may have come up with nothing.
 */
import type { Core } from './core.ts'
import type { AskSettled, PeerRequest } from './peer-request.ts'

/** Requests for what a peer holds. They can be made again. */
const looks: ReadonlySet<PeerRequest['type']> = new Set(['fetch', 'list', 'pull'])

interface Ask {
  readonly to: string
  readonly request: PeerRequest
  readonly settled: (outcome: AskSettled) => void
  readonly timeoutMs: number
}

const failed: AskSettled = { type: 'failed' }

export class Asks {
  readonly #core: Core
  readonly #open = new Map<number, { readonly ask: Ask; readonly dueAt: number }>()
  #lastId = 0
  #lastSentId = 0

  constructor(core: Core) {
    this.#core = core
  }

  get size(): number {
    return this.#open.size
  }

  send(ask: Ask): void {
    const id = ++this.#lastId
    const { now, envelope, effects } = this.#core
    this.#open.set(id, { ask, dueAt: now + ask.timeoutMs })
    effects.push({ type: 'ask', id, to: ask.to, envelope, request: ask.request })
  }

  /** settle passes on how a request ended; an id that is not under way changes nothing. `incarnation`: of who answered. */
  settle(id: number, outcome: AskSettled, incarnation?: number): void {
    const open = this.#open.get(id)
    if (open === undefined) return
    this.#open.delete(id)
    const { ask } = open
    const known = this.#core.view.get(ask.to)?.incarnation
    const isOther = incarnation !== undefined && known !== undefined && incarnation !== known
    ask.settled(isOther && looks.has(ask.request.type) ? failed : outcome)
  }

  /** sent says that the requests so far have been handed over. */
  sent(): void {
    this.#lastSentId = this.#lastId
  }

  /** tick gives up what is due. */
  tick(): void {
    for (const [id, { dueAt }] of this.#open) {
      if (id > this.#lastSentId) break
      if (dueAt <= this.#core.now) this.settle(id, failed)
    }
  }
}
