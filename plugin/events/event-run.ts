import type { AckEnvelope } from '../definition/contract/ack-envelope.js'
import type { ClaimTransaction } from '../definition/idempotency.js'
import { type LogRates, RatedLog } from '../shared/log/rated-log.js'
import type { RunContext } from './event-context.js'
import type { IncomingEvent } from './incoming-event.js'
import type { SocketContext } from './socket-context.js'

/*
 * One declared event while it is dispatched: what is known of it, and how far it has come.
 */

/** What a run needs of the gate of its socket. */
export interface GateHandle {
  /** The rates of its socket's log lines. */
  readonly lines: LogRates
  /** Called when an event has ended: its ack is sent, and none of its steps runs any more. */
  leave(): void
}

/** Dispatches one event. Calls `gate.leave()` once, when the event has ended. */
export interface Dispatch {
  (connection: SocketContext, incoming: IncomingEvent, gate: GateHandle): void
  /** Milliseconds; 0 turns it off. */
  readonly handlerTimeoutMs: number
  readonly isStream: boolean
}

/** The state of one event that is being dispatched. */
export class EventRun {
  /** Whether the handler was called. */
  hasBegun = false
  /** Whether the handler was called and has not returned yet. */
  isInHandler = false
  data: unknown = undefined
  /** The payload's identity and the key in its store, of an event with idempotency. */
  fingerprint = ''
  key: string | undefined = undefined
  /** The ack of an earlier event with the same key, or the token of this one's claim on its key. */
  known: AckEnvelope | undefined = undefined
  token: string | undefined = undefined
  /** The transaction of its handler, of an event with `transaction: true`. */
  transaction: ClaimTransaction | undefined = undefined
  /** Whether the transaction was rolled back before the handler has returned. */
  isUndone = false
  timer: NodeJS.Timeout | undefined = undefined
  /** An event ends once: with its reply, an error, or a timeout. */
  hasEnded = false
  /** Whether the ack is sent, if the event wants one, and the `onAck` hooks were called. */
  isAnswered = false
  /** Whether its steps have settled. After a timeout they may settle later than the event ends. */
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

  /** Whether the handler was called and has returned. */
  get hasReturned(): boolean {
    return this.hasBegun && !this.isInHandler
  }

  get isGone(): boolean {
    return !this.connection.socket.connected
  }

  /** The log of its socket, rate-limited: a client can cause these lines. */
  get log(): RatedLog {
    return new RatedLog(this.context.log, this.gate.lines)
  }
}
