/**
 * Tuner: which shares the store should evict by, found by running them all in miniature side by side.
 *
 *      reads, writes ──► sample by hash (1 of 1, 2, 4, …) ──► five shadows of at most 1,024 keys each
 *                                                              │ hits, fading
 *                                              every window ──► the best, if it beats the present one clearly
 *
 * The sample thins as the store fills, so that the cost is bounded: at a million entries one operation in a thousand
 * is looked at. A store that is far from full evicts nothing under any setting: until it is woken, nothing is sampled. What
 * the shadows miss by that, reads bring to them.
 */
import { Shadow } from './shadow.ts'
import { type Shares, sharesTable } from './shares.ts'

const sampledEntriesMax = 1_024
/** Reads are looked at once the sample has filled so much of its room: before, every setting answers them alike. */
const watchedShare = 0.5
/** Sampled reads between two decisions, as a share of the sampled entries, and at least. */
const windowShare = 0.25
const windowMin = 200
/** What remains of the score at every decision: about ten windows count. */
const fading = 0.9
/** How much better, as a share of the reads, another setting must be to be taken: changing is not free. */
const lead = 0.005

export class Tuner {
  readonly #shadows = sharesTable.map((shares) => new Shadow(shares))
  #present = 0
  #rate = 1
  /** A hash is sampled where these bits are 0: all of them, while it sleeps. */
  #mask = -1
  #reads = 0
  #window = 0

  get shares(): Shares {
    return sharesTable[this.#present] as Shares
  }

  /** Whether the shadows look at a key with this hash. Asked first: nearly always it is the only cost. */
  isSampled(hash: number): boolean {
    return (hash & this.#mask) === 0
  }

  /** wake is told once the store may come to evict. */
  wake(): void {
    this.#mask = this.#rate - 1
  }

  /** hit counts a read that the store answered; `bytesMax` is what the store may hold. */
  hit(hash: number, bytes: number, bytesMax: number): void {
    const sampleBytesMax = bytesMax / this.#rate
    if ((this.#shadows[0] as Shadow).bytes < sampleBytesMax * watchedShare) return
    for (const shadow of this.#shadows) if (!shadow.read(hash)) shadow.write(hash, bytes, sampleBytesMax)
    this.#count()
  }

  /** miss counts a read that the store did not answer. What is written next says how large it would have been. */
  miss(hash: number): void {
    for (const shadow of this.#shadows) shadow.read(hash)
    this.#count()
  }

  write(hash: number, bytes: number, bytesMax: number): void {
    for (const shadow of this.#shadows) shadow.write(hash, bytes, bytesMax / this.#rate)
    while ((this.#shadows[0] as Shadow).entries > sampledEntriesMax) this.#thin()
  }

  remove(hash: number): void {
    for (const shadow of this.#shadows) shadow.remove(hash)
  }

  #thin(): void {
    this.#rate *= 2
    this.#mask = this.#rate - 1
    for (const shadow of this.#shadows) shadow.keep((hash) => this.isSampled(hash))
  }

  #count(): void {
    this.#reads++
    const size = (this.#shadows[0] as Shadow).entries
    if (++this.#window < Math.max(windowMin, size * windowShare)) return
    this.#window = 0
    let best = this.#present
    for (const [index, shadow] of this.#shadows.entries()) {
      if (shadow.hits > (this.#shadows[best] as Shadow).hits) best = index
    }
    const gain = (this.#shadows[best] as Shadow).hits - (this.#shadows[this.#present] as Shadow).hits
    if (gain > lead * this.#reads) this.#present = best
    for (const shadow of this.#shadows) shadow.hits *= fading
    this.#reads *= fading
  }
}
