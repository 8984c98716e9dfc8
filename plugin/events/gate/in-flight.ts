import { settlesWithin } from '../../shared/timeout.js'

/*
 * Counts the events in flight of all sockets. While the server closes, no new event begins, and it waits for these to end.
 */

export interface Drain {
  /** Whether new events are refused. */
  readonly isClosed: boolean
  /** Call when an event begins. */
  enter(): void
  /** Call when an event has ended and its ack is sent. */
  leave(): void
  /** Refuses new events. Resolves to whether the last event in flight has ended within `timeoutMs`. */
  close(timeoutMs: number): Promise<boolean>
}

export function createDrain(): Drain {
  let inFlight = 0
  let isClosed = false
  let resolve!: () => void
  const empty = new Promise<void>((whenEmpty) => {
    resolve = whenEmpty
  })

  return {
    get isClosed() {
      return isClosed
    },
    enter() {
      inFlight++
    },
    leave() {
      inFlight--
      if (isClosed && inFlight === 0) resolve()
    },
    close(timeoutMs) {
      isClosed = true
      if (inFlight === 0) resolve()
      return settlesWithin(timeoutMs, empty)
    },
  }
}
