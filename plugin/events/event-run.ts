import type { AckEnvelope } from '../definition/namespace-definition.js'
import { type LogRates, RatedLog } from '../shared/log/rated-log.js'
import type { EventLife } from './event-context.js'
import type { Arrival } from './incoming-event.js'
import type { ConnectionContext } from './socket-context.js'

/** The gate that an event came by. */
export interface EventGate {
  /** The rates of its socket's log lines. */
  readonly lines: LogRates
  /** One of its events has ended: its ack is sent, and nothing of it runs any more. */
  leave(): void
}

/** Dispatches one event; its gate hears once of its end. */
export interface Dispatch {
  (connection: ConnectionContext, arrival: Arrival, gate: EventGate): void
  /** Milliseconds, 0 for no bound. */
  readonly handlerTimeoutMs: number
}

/** One event on its way through the dispatch. */
export class Passage {
  /** Whether the handler was called, and whether it has not returned yet: what it throws is told only if it is declared. */
  hasBegun = false
  isInHandler = false
  data: unknown = undefined
  /** The ack of an earlier event with the same key, or the token of this one's claim on its key. */
  known: AckEnvelope | undefined = undefined
  token: string | undefined = undefined
  /** What is kept under the key. */
  outcome: AckEnvelope | undefined = undefined
  timer: NodeJS.Timeout | undefined = undefined
  /** It ends once: with its reply, an error, or when its time is up. */
  hasEnded = false
  /** Its end is told: the ack is sent. */
  isTold = false
  /** What it runs has settled, which may be later. */
  isSettled = false
  readonly life: EventLife
  readonly connection: ConnectionContext
  readonly arrival: Arrival
  readonly gate: EventGate

  constructor(life: EventLife, connection: ConnectionContext, arrival: Arrival, gate: EventGate) {
    this.life = life
    this.connection = connection
    this.arrival = arrival
    this.gate = gate
  }

  /** Whether the handler was called, and has returned. */
  get hasReturned(): boolean {
    return this.hasBegun && !this.isInHandler
  }

  get isGone(): boolean {
    return !this.connection.socket.connected
  }

  /** The log of its socket, of lines that its client can cause. */
  get log(): RatedLog {
    return new RatedLog(this.life.log, this.gate.lines)
  }
}
