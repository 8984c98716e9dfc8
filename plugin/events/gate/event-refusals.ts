import type { FastifyBaseLogger } from 'fastify'
import type { Socket } from 'socket.io'
import { INTERNAL, toWireError } from '../../shared/client-error.js'
import { FST_NSP_CLOSING, FST_NSP_EVENT_UNKNOWN, FST_NSP_RATE_LIMITED } from '../../shared/errors.js'
import type { Clock, Limits } from '../../shared/limits.js'
import { type Notices, RatedLog } from '../../shared/log/rated-log.js'
import type { WireError } from '../../shared/wire-error.js'
import { suggest } from '../../shared/wording.js'
import { PacketRefusal } from '../../wire/packet-limits.js'
import type { IncomingEvent } from '../incoming-event.js'
import { EventRates } from './event-rates.js'
import { WaitingEvents } from './waiting-event.js'

/*
 * Refuses events of a socket: those beyond a limit, unknown ones, and those that a middleware rejects. Sends the error in the
 * ack and writes the log line.
 */

export interface RefusalRules {
  readonly limits: Limits
  /** Longest that listeners may take to ack an undeclared event. Milliseconds; 0 turns it off. */
  readonly handlerTimeoutMs: number
  /** Logs what a function of the application has thrown, and returns the error for the client. */
  readonly report: (error: unknown, what: string, socket: Socket, event: string) => WireError
  readonly now: Clock
  readonly log: FastifyBaseLogger
  readonly notices: Notices
  /** Declared events by name. */
  readonly dispatches: ReadonlyMap<string, unknown>
}

const UNDECLARED = "the definition's `events` do not declare it, and it has no listener"

export class EventRefusals {
  readonly socket: Socket
  readonly rates: EventRates
  readonly #rules: RefusalRules
  #waiting: WaitingEvents | undefined = undefined

  constructor(socket: Socket, rules: RefusalRules, rates: EventRates | undefined) {
    this.socket = socket
    this.rates = rates ?? new EventRates(rules.limits.eventsPerSecond, rules.now)
    this.#rules = rules
  }

  get handlerTimeoutMs(): number {
    return this.#rules.handlerTimeoutMs
  }

  /** Events that wait for a middleware or a listener of the application. */
  get waiting(): WaitingEvents {
    this.#waiting ??= new WaitingEvents()
    return this.#waiting
  }

  /** Whether an event is within the rate and the packet limits. Refuses one that is not. */
  admits(incoming: IncomingEvent): boolean {
    const waitMs = this.rates.bucket.take()
    if (waitMs > 0) {
      this.refuse(incoming, Object.assign(new FST_NSP_RATE_LIMITED(), { details: { retryAfterMs: waitMs } }))
      return false
    }
    if (!(incoming.payload instanceof PacketRefusal)) return true
    this.refuse(incoming, incoming.payload.error)
    return false
  }

  /** Acks an event with an error. Without an ack the error is only logged. */
  refuse({ name, ack }: IncomingEvent, error: Error): void {
    const { code, message: reason } = error as { code?: string; message: string }
    if (ack || error instanceof FST_NSP_CLOSING)
      this.#log.write('debug', { ...this.#where(name), code }, 'event refused')
    else this.#log.write('warn', { ...this.#where(name), code, reason }, 'event without ack refused')
    ack?.send({ ok: false, error: toWireError(error) }, undefined)
  }

  /** Refuses an event that is neither declared nor has a listener. */
  refuseUnknown(incoming: IncomingEvent): void {
    const event = incoming.name.slice(0, 100)
    const help = suggest(incoming.name, this.#rules.dispatches.keys()).trimEnd()
    const error = new FST_NSP_EVENT_UNKNOWN(event, this.socket.nsp.name, help || UNDECLARED)
    if (incoming.ack) this.refuse(incoming, error)
    else {
      const where = { ...this.#where(event), code: error.code, reason: error.message }
      this.#rules.notices.write('debug', event, where, 'unknown event without ack')
    }
  }

  /** Refuses an event for which a middleware has called `next(error)`, or has thrown (`isThrown`). */
  refuseByMiddleware({ name, ack }: IncomingEvent, error: unknown, isThrown: boolean): void {
    let clientError = isThrown ? INTERNAL : toWireError(error, this.#log)
    if (isThrown || clientError.code === INTERNAL.code) clientError = this.report(error, 'middleware', name)
    else this.#log.write('debug', { ...this.#where(name), code: clientError.code, err: error }, 'event refused')
    if (this.socket.connected) ack?.send({ ok: false, error: clientError }, undefined)
  }

  report(error: unknown, what: string, event: string): WireError {
    return this.#rules.report(error, what, this.socket, event)
  }

  get #log(): RatedLog {
    return new RatedLog(this.#rules.log, this.rates.lines)
  }

  #where(event: string): Readonly<Record<string, unknown>> {
    return { namespace: this.socket.nsp.name, socketId: this.socket.id, event: event.slice(0, 100) }
  }
}
