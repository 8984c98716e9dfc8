import { settlesWithin } from '../../shared/timeout.js'

/*
 * The events that are in flight, of all sockets together: a server that closes lets them end, and begins no other.
 */

export interface Drain {
  /** Whether no event may begin any more. */
  readonly isClosed: boolean
  /** One event begins. */
  enter(): void
  /** One event has ended, its ack sent. */
  leave(): void
  /** Lets none begin any more. Resolves to whether the last has ended within `timeoutMs`. */
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
