/**
 * A metronome is the one timer of what a node does now and then. At rest a node does next to nothing but wake up, and to
 * wake up takes most of the time of what is then done: whatever can wait for the next beat is done in one go with the rest.
 *
 *      beats     │     │     │     │     │     │        every 100 ms
 *      gossip    ●     ●     ●     ●     ●     ●
 *      rooms     ●                             ●        every 500 ms
 */

/** beatMs is the time between two beats, in milliseconds. */
export const beatMs = 100

interface Part {
  readonly everyBeats: number
  readonly play: () => void
}

export class Metronome {
  readonly #parts = new Set<Part>()
  #beats = 0
  #timer: NodeJS.Timeout | undefined

  /**
   * every calls `play` every `ms` milliseconds, rounded to whole beats, one at least: the first time with the beat that all
   * parts of that interval share, that long from now at the latest. It returns what ends that. The process stays alive until
   * every part has ended.
   */
  every(ms: number, play: () => void): () => void {
    const part = { everyBeats: Math.max(1, Math.round(ms / beatMs)), play }
    this.#parts.add(part)
    this.#timer ??= setInterval(() => this.#beat(), beatMs)
    return () => {
      this.#parts.delete(part)
      if (this.#parts.size > 0) return
      clearInterval(this.#timer)
      this.#timer = undefined
    }
  }

  #beat(): void {
    this.#beats++
    for (const { everyBeats, play } of this.#parts) if (this.#beats % everyBeats === 0) play()
  }
}
