import { FST_NSP_HANDLER_TIMEOUT, FST_NSP_QUEUE_FULL } from '../../shared/errors.js'
import { isWithin } from '../../shared/limits.js'
import type { IncomingEvent } from '../incoming-event.js'

/*
 * The events of one socket that wait, for its onConnect or for their turn: so many, in their order, and each no longer than
 * its time. Who waits in vain is answered, and never begins.
 */

const LATE = 'The wait for its turn, behind an earlier event of its socket,'

export type Refuse = (incoming: IncomingEvent, error: Error) => void

interface QueuedEvent {
  readonly incoming: IncomingEvent
  timer: NodeJS.Timeout | undefined
}

export class EventQueue {
  readonly #waiting = new Set<QueuedEvent>()
  /** One walk along it takes each from its front; who has waited too long leaves it, wherever he stands. */
  #iterator = this.#waiting.values()
  readonly #limit: number
  readonly #refuse: Refuse

  /** `limit` is how many may wait, 0 for no bound. `refuse` answers an event. */
  constructor(limit: number, refuse: Refuse) {
    this.#limit = limit
    this.#refuse = refuse
  }

  /** Lets one more wait, for `timeoutMs` at most; 0 is for ever. */
  push(incoming: IncomingEvent, timeoutMs: number): void {
    if (!isWithin(this.#waiting.size + 1, this.#limit)) {
      this.#refuse(incoming, new FST_NSP_QUEUE_FULL())
      return
    }
    const waiting: QueuedEvent = { incoming, timer: undefined }
    if (timeoutMs > 0) waiting.timer = setTimeout(() => this.#giveUp(waiting, timeoutMs), timeoutMs).unref()
    this.#waiting.add(waiting)
  }

  /** Takes the first; undefined where nobody waits. */
  shift(): IncomingEvent | undefined {
    let next = this.#iterator.next()
    if (next.done) {
      // A walk that has come to an end sees nobody who comes later.
      this.#iterator = this.#waiting.values()
      next = this.#iterator.next()
    }
    if (next.done) return undefined
    const { incoming, timer } = next.value
    this.#waiting.delete(next.value)
    clearTimeout(timer)
    return incoming
  }

  /** Lets nobody wait any more: all are answered with an error, or dropped where there is none. */
  end(error?: Error): void {
    for (let incoming = this.shift(); incoming; incoming = this.shift()) if (error) this.#refuse(incoming, error)
  }

  #giveUp(waiting: QueuedEvent, timeoutMs: number): void {
    this.#waiting.delete(waiting)
    this.#refuse(waiting.incoming, new FST_NSP_HANDLER_TIMEOUT(LATE, 'handlerTimeoutMs', timeoutMs))
  }
}
