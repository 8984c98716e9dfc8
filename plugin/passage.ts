import type { ConnectionContext } from './context.js'
import type { AckEnvelope } from './definition.js'
import type { EventLife } from './event-life.js'
import type { Write } from './writer.js'

/** Where the one argument of an ack goes. */
export interface Ack {
  /** `write` makes text of the envelope's data, where its schema has a writer. Throws if it can't be encoded. */
  send(envelope: AckEnvelope, write: Write | undefined): void
}

/** An event at the gate. */
export interface Arrival {
  readonly name: string
  /** The first of its arguments. */
  readonly payload: unknown
  /** Whether it came as JSON, so that no binary data is in it. */
  readonly isJson: boolean
  /** How many arguments it has, the ack not counted. */
  readonly count: number
  /** Undefined for an event that wants none. */
  readonly ack: Ack | undefined
  /** Lets it go on to the application's own middlewares and listeners; undefined for one that no other waits for. */
  readonly passOn: (() => void) | undefined
}

/** The gate that an event came by. */
export interface EventGate {
  /** One of its events has ended, its ack sent. */
  leave(): void
}

/** One event on its way through the dispatch. */
export class Passage {
  /** What a handler throws is told only if it is declared; what a hook throws is a refusal. */
  isInHandler = false
  data: unknown = undefined
  /** The ack of an earlier event with the same key, or this one's claim on its key. */
  known: AckEnvelope | undefined = undefined
  claim: string | undefined = undefined
  timer: NodeJS.Timeout | undefined = undefined
  readonly life: EventLife
  readonly connection: ConnectionContext
  readonly arrival: Arrival
  readonly gate: EventGate
  #hasEnded = false

  constructor(life: EventLife, connection: ConnectionContext, arrival: Arrival, gate: EventGate) {
    this.life = life
    this.connection = connection
    this.arrival = arrival
    this.gate = gate
  }

  /** Ends it, once: whatever comes later is dropped, and logged at debug level. */
  isFirstEnd(what: 'reply' | 'error'): boolean {
    if (this.#hasEnded) this.life.log.debug({ event: this.life.event.name }, `late ${what} dropped`)
    const isFirst = !this.#hasEnded
    this.#hasEnded = true
    return isFirst
  }
}
