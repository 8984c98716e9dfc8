/**
 * A line: first come, first served. An array's shift() moves all that is left of a long one; here a line is turned round
 * now and then, and taken from its end.
 */
export class FifoQueue<Item> {
  #queue: Item[] = []
  #turned: Item[] = []

  get length(): number {
    return this.#queue.length + this.#turned.length
  }

  push(item: Item): void {
    this.#queue.push(item)
  }

  /** The first, which stays; undefined where there is none. */
  get first(): Item | undefined {
    this.#turn()
    return this.#turned.at(-1)
  }

  /** Takes the first; undefined where there is none. */
  shift(): Item | undefined {
    this.#turn()
    return this.#turned.pop()
  }

  #turn(): void {
    if (this.#turned.length === 0) this.#turned = this.#queue.splice(0).reverse()
  }

  clear(): void {
    this.#queue = []
    this.#turned = []
  }
}
