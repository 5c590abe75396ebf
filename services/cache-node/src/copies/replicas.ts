/**
 * Replicas: sending writes to the other owners of their tokens. All that is written before the effects are taken leaves
 * as one request for each owner.
 *
 * An owner that does not answer in time costs one wait, not one for each write: it is skipped from then on, but for one
 * attempt every replicaTimeoutMs, until it answers anything. What it missed is kept as hints.
 */
import { tokenCount } from '@ringhold/sdk/ring'
import type { Core } from './core.ts'
import type { Hints } from './hints.ts'
import type { AskSettled, Copy } from './peer-request.ts'
import { TokenSet } from './token-set.ts'
import type { Write } from './write.ts'

/** Copies of one request at most. */
const batchMax = 1_024
const none: readonly Link[] = []

/** Link is one owner, and what is to leave for it. */
export class Link {
  readonly name: string
  copies: Copy[] = []
  writes: Write[] = []
  bytes = 0
  /** When to try it again; undefined: it answers. */
  tryAt: number | undefined = undefined

  constructor(name: string) {
    this.name = name
  }
}

export class Replicas {
  readonly #core: Core
  readonly #hints: Hints
  readonly #links = new Map<string, Link>()
  /**
   * By token the number of its list, as far as it was asked for under the present ring; 0: it was not. Tokens with the same
   * owners share one: a list for each would lie apart, and every write would wait for the memory twice.
   */
  readonly #listOf = new Uint16Array(tokenCount)
  /** Those whose list is empty: a bitmap that stays in the processor's caches, for the question that every write asks. */
  readonly #alone = new TokenSet()
  /** By their numbers; the first stands for those that were not asked for. */
  readonly #lists: (readonly Link[])[] = [[]]
  readonly #numbers = new Map<string, number>()
  #pending: Link[] = []
  /** Bytes of keys and values that were sent. */
  bytesSent = 0

  constructor({ core, hints }: { core: Core; hints: Hints }) {
    this.#core = core
    this.#hints = hints
  }

  get hasPending(): boolean {
    return this.#pending.length > 0
  }

  ringChanged(): void {
    this.#listOf.fill(0)
    this.#alone.clear()
    this.#lists.length = 1
    this.#numbers.clear()
    for (const name of this.#links.keys()) if (!this.#core.view.has(name)) this.#links.delete(name)
  }

  /** of lists the owners of a token but this node. */
  of(token: number): readonly Link[] {
    if (this.#alone.has(token)) return none
    if (this.#listOf[token] === 0) this.#listOf[token] = this.#numberOf(token)
    const links = this.#lists[this.#listOf[token] as number] as readonly Link[]
    if (links.length === 0) this.#alone.add(token)
    return links
  }

  /** send returns whether the write is told how that went; false: the owner is skipped, and a hint is kept for it. */
  send(link: Link, copy: Copy, write: Write): boolean {
    const { now, settings } = this.#core
    if (link.tryAt !== undefined) {
      if (now < link.tryAt) {
        this.#hints.keep(link.name, write.place)
        return false
      }
      link.tryAt = now + settings.replicaTimeoutMs
    }
    if (link.writes.length === 0) this.#pending.push(link)
    link.copies.push(copy)
    link.writes.push(write)
    link.bytes += bytesOf(copy)
    if (link.bytes >= settings.pageBytesMax || link.writes.length >= batchMax) this.#flush(link)
    return true
  }

  /** flush sends what has come together. */
  flush(): void {
    if (this.#pending.length === 0) return
    const pending = this.#pending
    this.#pending = []
    for (const link of pending) this.#flush(link)
  }

  /** heard says that a member answered something. */
  heard(member: string): void {
    const link = this.#links.get(member)
    if (link !== undefined) link.tryAt = undefined
    this.#hints.replay(member)
  }

  #numberOf(token: number): number {
    const { ring, self } = this.#core
    const names = ring.owners(token).filter((name) => name !== self && !this.#core.isAway(name))
    const key = JSON.stringify(names)
    const known = this.#numbers.get(key)
    if (known !== undefined) return known
    const number = this.#lists.push(names.map((name) => this.#link(name))) - 1
    this.#numbers.set(key, number)
    return number
  }

  #link(name: string): Link {
    let link = this.#links.get(name)
    if (link === undefined) {
      link = new Link(name)
      this.#links.set(name, link)
    }
    return link
  }

  #flush(link: Link): void {
    const { copies, writes } = link
    if (writes.length === 0) return
    this.bytesSent += link.bytes
    link.copies = []
    link.writes = []
    link.bytes = 0
    const settled = (outcome: AskSettled) => this.#settled(link, writes, outcome)
    this.#core.ask(link.name, { type: 'apply', copies }, settled, this.#core.settings.replicaTimeoutMs)
  }

  #settled(link: Link, writes: readonly Write[], outcome: AskSettled): void {
    const results = outcome.type === 'reply' && outcome.reply.type === 'applied' ? outcome.reply.results : undefined
    if (outcome.type !== 'reply') link.tryAt = this.#core.now + this.#core.settings.replicaTimeoutMs
    for (let at = 0; at < writes.length; at++) {
      const write = writes[at] as Write
      const isHeld = results?.[at] === 'held'
      if (results === undefined) this.#hints.keep(link.name, write.place)
      else if (!isHeld) this.#hints.giveUp(link.name, write.place)
      write.settled(write, isHeld)
    }
  }
}

function bytesOf(copy: Copy): number {
  return copy.key.length + (copy.type === 'entry' ? copy.value.length : 0)
}
