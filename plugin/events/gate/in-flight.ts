import { FST_NSP_CLOSING } from '../../shared/errors.js'
import { settlesWithin } from '../../shared/timeout.js'

/*
 * Counts the events in flight of all sockets. While the server closes, no new event begins, and it waits for these to end; it
 * ends the streams.
 */

/** A stream that is open. */
export interface OpenStream {
  /** Answers the event with an error, and stops the handler. */
  end(error: Error): void
}

export interface Drain {
  /** Whether new events are refused. */
  readonly isClosed: boolean
  /** The open streams of all sockets. */
  readonly streams: Set<OpenStream>
  /** Call when an event begins. */
  enter(): void
  /** Call when an event has ended and its ack is sent. */
  leave(): void
  /** Refuses new events and ends the streams. Resolves to whether the last event in flight has ended within `timeoutMs`. */
  close(timeoutMs: number): Promise<boolean>
}

export function createDrain(): Drain {
  let inFlight = 0
  let isClosed = false
  const streams = new Set<OpenStream>()
  let resolve!: () => void
  const empty = new Promise<void>((whenEmpty) => {
    resolve = whenEmpty
  })

  return {
    get isClosed() {
      return isClosed
    },
    streams,
    enter() {
      inFlight++
    },
    leave() {
      inFlight--
      if (isClosed && inFlight === 0) resolve()
    },
    close(timeoutMs) {
      isClosed = true
      for (const stream of streams) stream.end(new FST_NSP_CLOSING())
      if (inFlight === 0) resolve()
      return settlesWithin(timeoutMs, empty)
    },
  }
}
