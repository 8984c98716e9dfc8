import { FST_NSP_HANDLER_TIMEOUT, FST_NSP_QUEUE_FULL } from '../../shared/errors.js'
import { isWithin } from '../../shared/limits.js'
import type { IncomingEvent } from '../incoming-event.js'

/*
 * A queue of events of one socket that wait for `onConnect` or for an earlier event, in order, bounded in number and time. An
 * event that waits too long is refused and never begins.
 */

const LATE = 'The wait for an earlier event of the same socket'

export type Refuse = (incoming: IncomingEvent, error: Error) => void

interface QueuedEvent {
  readonly incoming: IncomingEvent
  timer: NodeJS.Timeout | undefined
}

export class EventQueue {
  readonly #waiting = new Set<QueuedEvent>()
  /** Takes events from the front. An event that waits too long is deleted from the set, wherever it stands. */
  #iterator = this.#waiting.values()
  readonly #limit: number
  readonly #refuse: Refuse

  /**
   * @param limit - the most events that may wait; 0 turns it off
   * @param refuse - acks an event with an error
   */
  constructor(limit: number, refuse: Refuse) {
    this.#limit = limit
    this.#refuse = refuse
  }

  get isEmpty(): boolean {
    return this.#waiting.size === 0
  }

  /** Adds an event, which waits `timeoutMs` at most; 0 turns the timeout off. */
  push(incoming: IncomingEvent, timeoutMs: number): void {
    if (!isWithin(this.#waiting.size + 1, this.#limit)) {
      this.#refuse(incoming, new FST_NSP_QUEUE_FULL())
      return
    }
    const waiting: QueuedEvent = { incoming, timer: undefined }
    if (timeoutMs > 0) waiting.timer = setTimeout(() => this.#giveUp(waiting, timeoutMs), timeoutMs).unref()
    this.#waiting.add(waiting)
  }

  /** Removes and returns the first event; undefined if the queue is empty. */
  shift(): IncomingEvent | undefined {
    let next = this.#iterator.next()
    if (next.done) {
      // An iterator that has ended does not see later additions.
      this.#iterator = this.#waiting.values()
      next = this.#iterator.next()
    }
    if (next.done) return undefined
    const { incoming, timer } = next.value
    this.#waiting.delete(next.value)
    clearTimeout(timer)
    return incoming
  }

  /** Empties the queue: each event is acked with `error`, or dropped without one. */
  end(error?: Error): void {
    for (let incoming = this.shift(); incoming; incoming = this.shift()) if (error) this.#refuse(incoming, error)
  }

  #giveUp(waiting: QueuedEvent, timeoutMs: number): void {
    this.#waiting.delete(waiting)
    this.#refuse(waiting.incoming, new FST_NSP_HANDLER_TIMEOUT(LATE, 'handlerTimeoutMs', timeoutMs))
  }
}
