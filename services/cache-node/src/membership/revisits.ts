/**
 * Calls on members that are held dead, for as long as they are remembered: after a split has healed, the first one that
 * answers learns what is said of it, refutes in its reply, and both sides exchange their views.
 */
import type { Member } from '@ringhold/sdk/membership'
import type { Composer } from './composer.ts'
import type { Core } from './core.ts'

export class Revisits {
  readonly #core: Core
  readonly #composer: Composer
  readonly #met: (peerUrl: string) => void
  readonly #visitedAt = new Map<string, number>()
  #dueAt = 0

  /** `met` is called when one of them answered. */
  constructor(core: Core, composer: Composer, met: (peerUrl: string) => void) {
    this.#core = core
    this.#composer = composer
    this.#met = met
  }

  tick(): void {
    const { awake, roster, settings } = this.#core
    if (awake < this.#dueAt) return
    this.#dueAt = awake + 1_000
    for (const name of this.#visitedAt.keys()) if (roster.get(name)?.status !== 'dead') this.#visitedAt.delete(name)
    const due: { member: Member; visitedAt: number }[] = []
    for (const member of roster.dead()) {
      const visitedAt = this.#visitedAt.get(member.name) ?? Number.NEGATIVE_INFINITY
      if (awake - visitedAt >= settings.revisitMs) due.push({ member, visitedAt })
    }
    due.sort((a, b) => a.visitedAt - b.visitedAt)
    for (const { member } of due.slice(0, settings.revisitsPerSecond)) this.#visit(member)
  }

  #visit({ name, urls }: Member): void {
    this.#visitedAt.set(name, this.#core.awake)
    this.#core.send(urls.peer, this.#composer.gossip(name, [name]), (outcome) => {
      if (outcome.type === 'reply' && outcome.message.from.name === name) this.#met(urls.peer)
    })
  }
}
