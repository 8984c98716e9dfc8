import type { ConnectionContext } from './context.js'
import type { AckEnvelope } from './definition.js'
import type { EventLife } from './event-life.js'

/** Sends the one argument of an ack. Throws if it can't be encoded. */
export type SendAck = (envelope: AckEnvelope) => void

/** One event on its way through the dispatch. */
export class Passage {
  /** What a handler throws is told only if it is declared; what a hook throws is a refusal. */
  isInHandler = false
  data: unknown
  /** The ack of an earlier event with the same key, or this one's claim on its key. */
  known: AckEnvelope | undefined
  claim: string | undefined
  timer: NodeJS.Timeout | undefined
  readonly life: EventLife
  readonly connection: ConnectionContext
  readonly args: readonly unknown[]
  readonly sendAck: SendAck | undefined
  readonly done: () => void
  #hasEnded = false

  constructor(
    life: EventLife,
    connection: ConnectionContext,
    args: readonly unknown[],
    sendAck: SendAck | undefined,
    done: () => void,
  ) {
    this.life = life
    this.connection = connection
    this.args = args
    this.sendAck = sendAck
    this.done = done
  }

  /** Ends it, once: whatever comes later is dropped, and logged at debug level. */
  isFirstEnd(what: 'reply' | 'error'): boolean {
    if (this.#hasEnded) this.life.log.debug({ event: this.life.event.name }, `late ${what} dropped`)
    const isFirst = !this.#hasEnded
    this.#hasEnded = true
    return isFirst
  }
}
