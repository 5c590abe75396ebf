/** Bugs that the simulator must catch, each as a replacement in the compiled text of one module. */
import type { Plant } from './plant-hook.ts'

export interface PlantedBug extends Plant {
  /** What the fleet does then. */
  readonly name: string
  /** The seed that is tried first: one that caught it. */
  readonly seed?: number
}

const copies = '/copies/'

export const plantedBugs: readonly PlantedBug[] = [
  {
    name: 'writes are acknowledged before they are replicated',
    seed: 2,
    file: `${copies}writes.js`,
    find: 'write.done = done;',
    replace: 'return this.#executed({ ...this.#apply(write), copies: 1 + write.waits });',
  },
  {
    name: 'a token is served before its claim is answered',
    seed: 2,
    file: `${copies}claims.js`,
    find: "this.#tenure.set(token, 'claiming');",
    replace: "this.#tenure.set(token, 'held');",
  },
  {
    name: 'a claim is answered under any ring',
    seed: 27,
    file: `${copies}releases.js`,
    find: 'if (claim.ring !== core.ring.checksum) {',
    replace: 'if (false) {',
  },
  {
    name: 'a release does not wait for the writes in flight',
    seed: 15,
    file: `${copies}tenure.js`,
    find: 'if (busy.size === 0)',
    replace: 'if (true)',
  },
  {
    name: 'tombstones are left behind when entries move',
    seed: 6,
    file: `${copies}intake.js`,
    find: 'const place = this.placeOf(copy);',
    replace: "const place = this.placeOf(copy); if (copy.type === 'tombstone') continue;",
  },
  {
    name: 'the own copy is trusted while its token syncs',
    seed: 14,
    file: `${copies}routing.js`,
    find: 'if (errand.isFetched || sync.isSettled(errand.token))',
    replace: 'if (true)',
  },
  {
    name: 'what a new coordinator misses is asked of nobody',
    seed: 6,
    file: `${copies}sync.js`,
    find: 'const sources = [...(held.get(token) ?? []), ...older];',
    replace: 'const sources = [];',
  },
  {
    name: 'replicas are not told what was evicted, and never hear of it',
    seed: 2,
    file: `${copies}evictions.js`,
    find: 'if (outbox.stamps.length < waitingMax)',
    replace: 'if (false)',
  },
  {
    name: 'versions follow the wall clock of the node alone',
    seed: 3,
    file: '/clock/hybrid-clock.js',
    find: 'if (version > this.#last)',
    replace: 'if (false)',
  },
  {
    name: 'a lower version replaces a higher one',
    seed: 1,
    file: '/store/writer.js',
    find: "when === 'above' && present !== 0 && this.#head.version >= draft.version",
    replace: 'false',
  },
  {
    name: 'the time to live begins anew with each copy',
    seed: 2,
    file: `${copies}copy.js`,
    find: 'expiresAt: ttlMs === undefined ? undefined : now + ttlMs',
    replace: 'expiresAt: ttlMs === undefined ? undefined : now + Math.max(ttlMs, 20_000)',
  },
  {
    name: 'strays are dropped before their owners have them',
    file: `${copies}stray-round.js`,
    find: 'this.#compare(0);',
    replace: 'this.#dropEqual();',
  },
  {
    name: 'strays are kept',
    seed: 1,
    file: `${copies}strays.js`,
    find: 'if (this.#underWay === undefined && this.#core.now >= this.#dueAt)',
    replace: 'if (false)',
  },
  {
    name: 'owners are never compared',
    seed: 1,
    file: `${copies}repair.js`,
    find: 'if (!comparison.isUnderWay && comparison.dueAt <= now)',
    replace: 'if (false)',
  },
  {
    name: 'deletes leave no tombstone with their coordinator',
    seed: 1,
    file: `${copies}writes.js`,
    find: 'const applied = store.apply(place, tombstone, now);',
    replace: "const applied = store.remove(place, now) ? 'applied' : 'stale';",
  },
  {
    name: 'conditional writes do not wait for writes in flight',
    seed: 9,
    file: `${copies}writes.js`,
    find: 'return this.#queues.has(slot) || (condition !== undefined && this.#inFlight[slot] > 0);',
    replace: 'return false;',
  },
  {
    name: 'who coordinates in the stead of another never calls it back',
    seed: 49,
    file: `${copies}recalls.js`,
    find: 'if (now < this.#dueAt)',
    replace: 'if (true)',
  },
  {
    name: 'a node that stood still answers at once',
    seed: 1,
    file: '/membership/fence.js',
    find: 'return this.#wokeAt !== undefined || now - this.#tickedAt > this.#afterMs;',
    replace: 'return false;',
  },
  {
    name: 'a node refutes without a higher incarnation',
    seed: 6,
    file: '/membership/own-record.js',
    find: 'this.become({ incarnation });',
    replace: 'void incarnation;',
  },
  {
    name: 'the dead are never called on again',
    seed: 64,
    file: '/membership/revisits.js',
    find: 'if (awake - visitedAt >= settings.revisitMs)',
    replace: 'if (false)',
  },
  {
    name: 'the key of an eviction is kept where it was read',
    seed: 104,
    file: `${copies}evictions.js`,
    find: 'key: new Uint8Array(key), version',
    replace: 'key, version',
  },
]
