/**
 * Shelf answers what peers ask of the entries here. Only an owner compares: whoever is told that two nodes hold the
 * same must be able to rely on both meaning the same ring, or two nodes could each drop what the other has.
 */
import { RingholdError } from '@ringhold/sdk/protocol'
import type { Place } from '../store/store.ts'
import { Blocks } from './blocks.ts'
import { copyOf } from './copy.ts'
import type { Core } from './core.ts'
import type { Differences } from './differences.ts'
import { expiryMarginMs } from './intake.ts'
import type { Needs } from './needs.ts'
import type { Holdings, Shelf as ShelfPart, ShelfRequest, Sync } from './parts.ts'
import type { Copy, PeerReply, Spot, Stamp, TokenDigest } from './peer-request.ts'
import type { Pulls } from './pulls.ts'
import type { Repair } from './repair.ts'
import { copyBytes, spotBytes } from './spot.ts'
import type { Standing } from './standing.ts'

/** Changes on a page, however small they are. */
const changesMax = 4_096
/** What a reply takes on the way beside what it lists, which is digests or numbers of blocks. */
const replyBytes = 32
const digestBytes = 14
const blockBytes = 2

export interface ShelfOptions {
  readonly core: Core
  readonly standing: Standing
  readonly holdings: Holdings
  readonly sync: Pick<Sync, 'isSettled'>
  readonly pulls: Pulls
  readonly repair: Repair
  readonly differences: Differences
  readonly needs: Needs
}

type BlocksOf = Extract<ShelfRequest, { type: 'compare-blocks' }>
type PageOf = Extract<ShelfRequest, { type: 'list' | 'pull' }>

export class Shelf implements ShelfPart {
  readonly #options: ShelfOptions
  readonly #core: Core

  constructor(options: ShelfOptions) {
    this.#options = options
    this.#core = options.core
  }

  serve(request: ShelfRequest, from: string): PeerReply {
    switch (request.type) {
      case 'compare':
        return this.#compare(request.digests, from)
      case 'compare-blocks':
        return this.#compareBlocks(request, from)
      case 'list':
        return this.#list(request, from)
      case 'pull':
        return this.#pull(request, from)
      case 'fetch':
        return this.#fetch(request.spots)
      case 'evict':
        return this.#evict(request.stamps)
    }
  }

  #compare(digests: readonly TokenDigest[], from: string): PeerReply {
    const { standing, differences, pulls, sync, needs, holdings } = this.#options
    if (!digests.every(({ token }) => standing.isOwner(token))) return { type: 'refused', error: this.#unsettled() }
    const differing: TokenDigest[] = []
    const known: TokenDigest[] = []
    for (const theirs of digests) {
      const { token } = theirs
      const verdict = differences.judge(from, theirs)
      if (verdict === 'equal') continue
      const mine = this.#core.store.digest(token)
      // Known is what they have and is not to come here; what is here they may not know yet.
      if (verdict === 'known') {
        known.push({ token, ...mine })
        continue
      }
      differing.push({ token, ...mine })
      const isPulled = mine.entries === 0 || verdict === 'again'
      // Of what strays have, the coordinator decides; the other owners hear of it from it.
      const isAuthority = holdings.holds(token) || this.#core.ring.coordinator(token) === from
      if (!isPulled || !isAuthority || theirs.entries === 0 || !sync.isSettled(token)) continue
      pulls.want({ source: from, digest: theirs, purpose: 'repair', by: needs.by(token) })
    }
    pulls.pump()
    this.#options.repair.bytesSent += replyBytes + (differing.length + known.length) * digestBytes
    return { type: 'compared', differing, known }
  }

  #compareBlocks({ ring, width, sums }: BlocksOf, from: string): PeerReply {
    const { ring: mine, store, self } = this.#core
    if (ring !== mine.checksum) return { type: 'other-ring', ring: mine.checksum }
    const blocks = Blocks.all(mine, { coordinator: from, owner: self }, width)
    const differing: number[] = []
    for (const { block, low, high } of sums) {
      const sum = blocks.sum(store, block)
      if (sum.low !== low || sum.high !== high) differing.push(block)
      else this.#options.differences.equal(from, blocks.tokens(block))
    }
    this.#options.repair.bytesSent += replyBytes + differing.length * blockBytes
    return { type: 'compared-blocks', differing }
  }

  #unsettled(): RingholdError {
    return new RingholdError('RINGHOLD_RING_UNSETTLED', {
      detail: `${this.#core.self} does not own all of these tokens`,
    })
  }

  #list({ tokens, cursor, bytesMax }: PageOf, from: string): PeerReply {
    const { store, now } = this.#core
    const selected = (token: number): boolean => tokens.has(token)
    const page = store.list({ tokens: selected, cursor, changesMax, bytesMax, aliveAt: now + expiryMarginMs }, now)
    const stamps: Stamp[] = []
    for (const { place, version } of page.stamps) {
      const stamp = { cache: place.cache, key: place.key, version }
      this.#options.repair.bytesSent += spotBytes(stamp)
      stamps.push(stamp)
    }
    this.#options.repair.served(from, tokens, { isFirst: cursor === undefined, isLast: page.cursor === undefined })
    return { type: 'stamps', stamps, cursor: page.cursor }
  }

  #pull({ tokens, cursor, bytesMax }: PageOf, from: string): PeerReply {
    const { store, now } = this.#core
    const page = store.page({ tokens: (token) => tokens.has(token), cursor, changesMax, bytesMax }, now)
    const copies: Copy[] = []
    for (const { place, change } of page.changes) this.#add(copies, copyOf(place, change, now))
    this.#options.repair.served(from, tokens, { isFirst: cursor === undefined, isLast: page.cursor === undefined })
    return { type: 'copies', copies, cursor: page.cursor }
  }

  /** The cursor of a fetch is how many of its keys were looked at, when the page was full before all were. */
  #fetch(spots: readonly Spot[]): PeerReply {
    const { store, now, settings } = this.#core
    const copies: Copy[] = []
    let bytes = 0
    for (const [at, spot] of spots.entries()) {
      if (bytes >= settings.pageBytesMax) return { type: 'copies', copies, cursor: at }
      const place = this.#placeOf(spot)
      const change = store.change(place, now)
      if (change !== undefined) bytes += this.#add(copies, copyOf(place, change, now))
    }
    return { type: 'copies', copies, cursor: undefined }
  }

  /**
   * What this node coordinates itself it does not evict for others. A stray goes in an earlier version too, and its
   * tombstone; a replica keeps its tombstones, and hands them to whoever took them for entries.
   */
  #evict(stamps: readonly Stamp[]): PeerReply {
    const { store, now } = this.#core
    const { holdings, standing } = this.#options
    const tombstones: Copy[] = []
    for (const stamp of stamps) {
      const place = this.#placeOf(stamp)
      if (holdings.holds(place.token)) continue
      if (!standing.isOwner(place.token)) {
        const here = store.version(place, now)
        if (here !== undefined && here <= stamp.version) store.discard(place, here, now)
      } else if (!store.evict(place, stamp.version, now)) {
        const change = store.change(place, now)
        if (change?.type === 'tombstone') this.#add(tombstones, copyOf(place, change, now))
      }
    }
    return tombstones.length === 0 ? { type: 'noted' } : { type: 'copies', copies: tombstones, cursor: undefined }
  }

  #add(copies: Copy[], copy: Copy | undefined): number {
    if (copy === undefined) return 0
    copies.push(copy)
    const bytes = copyBytes(copy)
    this.#options.repair.bytesSent += bytes
    return bytes
  }

  #placeOf({ cache, key }: Spot): Place {
    return { token: this.#core.ring.tokenOfBytes(key), cache, key }
  }
}
