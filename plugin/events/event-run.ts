import type { AckEnvelope } from '../definition/namespace-definition.js'
import { type LineRates, RatedLog } from '../shared/log/rated-log.js'
import type { RunContext } from './event-context.js'
import type { IncomingEvent } from './incoming-event.js'
import type { SocketContext } from './socket-context.js'

/** The gate that an event came by. */
export interface GateHandle {
  /** The rates of its socket's log lines. */
  readonly lines: LineRates
  /** One of its events has ended: its ack is sent, and nothing of it runs any more. */
  leave(): void
}

/** Dispatches one event; its gate hears once of its end. */
export interface Dispatch {
  (connection: SocketContext, incoming: IncomingEvent, gate: GateHandle): void
  /** Milliseconds, 0 for no bound. */
  readonly handlerTimeoutMs: number
}

/** One event on its way through the dispatch. */
export class EventRun {
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
  isAnswered = false
  /** What it runs has settled, which may be later. */
  isSettled = false
  readonly context: RunContext
  readonly connection: SocketContext
  readonly incoming: IncomingEvent
  readonly gate: GateHandle

  constructor(context: RunContext, connection: SocketContext, incoming: IncomingEvent, gate: GateHandle) {
    this.context = context
    this.connection = connection
    this.incoming = incoming
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
    return new RatedLog(this.context.log, this.gate.lines)
  }
}
