/**
 * Deaths that proved wrong. A member that refutes a mere suspicion may not know that others had declared it dead in the
 * meantime and took over what it owned: its higher incarnation wins over the death record before it ever hears of that.
 * So whoever held it dead keeps the old record for a while and tells the member in every message, and it drops its
 * entries as if it had heard in time.
 */
import type { Member } from '@ringhold/sdk/membership'
import type { Core } from './core.ts'

export class Obituaries {
  readonly #core: Core
  readonly #records = new Map<string, { record: Member; until: number }>()

  constructor(core: Core) {
    this.#core = core
  }

  /** note keeps the record of a death that `after` refutes; a new process of the name has nothing to drop. It returns whether it did. */
  note(before: Member | undefined, after: Member): boolean {
    if (before?.status !== 'dead' || before.instance !== after.instance) return false
    const { awake, settings } = this.#core
    this.#records.set(after.name, { record: before, until: awake + settings.revisitMs })
    return true
  }

  /** of returns the record that the member of that name should hear of. */
  of(name: string): Member | undefined {
    return this.#records.get(name)?.record
  }

  tick(): void {
    for (const [name, { until }] of this.#records) if (this.#core.awake >= until) this.#records.delete(name)
  }
}
