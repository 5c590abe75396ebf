/** The record of the node itself, which nobody else may change: what it becomes, and what others say of its name. */
import { compareMembers, type Member } from '@ringhold/sdk/membership'
import type { Core } from './core.ts'
import { judge } from './own-name.ts'

export interface OwnRecordEvents {
  readonly changed: () => void
  /** Another process may be running under this name. */
  readonly rival: (heard: Member) => void
}

export class OwnRecord {
  readonly #core: Core
  readonly #events: OwnRecordEvents
  /** The last incarnation in which others held this node gone. */
  #goneUpTo = 0

  constructor(core: Core, events: OwnRecordEvents) {
    this.#core = core
    this.#events = events
  }

  become(change: Partial<Pick<Member, 'incarnation' | 'status'>>): void {
    const { self, roster } = this.#core
    const after = { ...self, ...change }
    if (compareMembers(after, self) === 0) return
    roster.become(after)
    this.#events.changed()
  }

  /** hear takes in a record of our own name. */
  hear(heard: Member): void {
    const { self, health } = this.#core
    const judgement = judge(self, heard)
    switch (judgement.type) {
      case 'ignore':
        break
      case 'contest':
        this.#events.rival(heard)
        break
      case 'was-dead':
        this.#hearOfDeath(heard)
        break
      case 'refute': {
        const { incarnation, declaredDead } = judgement
        if (declaredDead) this.#hearOfDeath(heard)
        if (heard.instance === self.instance) health.trouble()
        this.#core.sightings.refutations++
        this.#core.log('info', `refuting that this node is ${heard.status}`, { heard: heard.status, incarnation })
        this.become({ incarnation })
      }
    }
  }

  /** judgeAgain is called when more is known of how long this node was apart. */
  judgeAgain(): void {
    const { separation, effects, self } = this.#core
    const apart = separation.apart
    if (!apart?.isOutdated || self.status === 'joining') return
    separation.forget()
    effects.push({ type: 'drop-entries', why: `this node was apart from the others for ${Math.round(apart.ms)} ms` })
  }

  /** Once for each incarnation in which others held this node gone. */
  #hearOfDeath({ status, incarnation }: Member): void {
    const { self, effects, separation } = this.#core
    if (incarnation <= this.#goneUpTo || self.status === 'joining') return
    this.#goneUpTo = incarnation
    separation.declaredDead()
    const why = `others held this node ${status} in incarnation ${incarnation}`
    effects.push({ type: 'declared-dead', why, apartMs: separation.apart?.ms ?? 0 })
    this.judgeAgain()
  }
}
