/** Fifo is a queue of numbers. */
export class Fifo {
  #items: number[] = []
  #taken = 0

  get size(): number {
    return this.#items.length - this.#taken
  }

  push(item: number): void {
    this.#items.push(item)
  }

  shift(): number {
    const item = this.#items[this.#taken++] as number
    if (this.#taken > 65_536 && 2 * this.#taken > this.#items.length) {
      this.#items = this.#items.slice(this.#taken)
      this.#taken = 0
    }
    return item
  }
}
