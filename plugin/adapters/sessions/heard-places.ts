/*
 * Up to which place of a log every connected client has certainly received what was sent to it: a connection that has not been
 * closed meanwhile has answered a ping since.
 */

/** What is known of a log: the place up to which this node has read it. */
interface ReadLog {
  readonly offset: string
}

const MOST_PLACES = 32

export class HeardPlaces {
  /** By log: its place at each of the last ticks, the oldest first. */
  readonly #places = new Map<ReadLog, string[]>()
  readonly #most: number
  readonly #everyTicks: number
  #ticks = 0

  /**
   * @param pingMs - how long a lost connection may go unnoticed
   * @param tickMs - the least time between two ticks. They are counted, not timed: in a process that was stopped, pings were not
   * answered meanwhile
   */
  constructor(pingMs: number, tickMs: number) {
    const ticks = Math.ceil(pingMs / tickMs) + 1
    this.#everyTicks = Math.ceil(ticks / MOST_PLACES)
    this.#most = Math.ceil(ticks / this.#everyTicks) + 1
  }

  tick(): void {
    if (this.#ticks++ % this.#everyTicks !== 0) return
    for (const [log, places] of this.#places) {
      places.push(log.offset)
      if (places.length > this.#most) places.shift()
    }
  }

  /** The place of a log; undefined until enough is known. */
  in(log: ReadLog): string | undefined {
    const places = this.#places.get(log) ?? []
    this.#places.set(log, places)
    return places.length === this.#most ? places[0] : undefined
  }
}
