/**
 * A first-in, first-out queue. Array.shift() moves every remaining item; this queue reverses a batch of items now and then
 * and pops from its end.
 */
export class FifoQueue<Item> {
  #added: Item[] = []
  #reversed: Item[] = []

  get length(): number {
    return this.#added.length + this.#reversed.length
  }

  push(item: Item): void {
    this.#added.push(item)
  }

  /** The first item, without removing it; undefined if the queue is empty. */
  get first(): Item | undefined {
    this.#reverse()
    return this.#reversed.at(-1)
  }

  /** Removes the first item and returns it; undefined if the queue is empty. */
  shift(): Item | undefined {
    this.#reverse()
    return this.#reversed.pop()
  }

  #reverse(): void {
    if (this.#reversed.length === 0) this.#reversed = this.#added.splice(0).reverse()
  }

  clear(): void {
    this.#added = []
    this.#reversed = []
  }
}
