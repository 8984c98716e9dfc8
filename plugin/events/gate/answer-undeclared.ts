import type { FastifyBaseLogger } from 'fastify'
import type { Socket } from 'socket.io'
import { INTERNAL, toWireError, type WireError } from '../../shared/client-error.js'
import { FST_NSP_CLOSING, FST_NSP_EVENT_UNKNOWN, FST_NSP_RATE_LIMITED } from '../../shared/errors.js'
import type { Clock, Limits } from '../../shared/limits.js'
import { type Notices, RatedLog } from '../../shared/log/rated-log.js'
import { suggest } from '../../shared/wording.js'
import { Refusal } from '../../wire/packet-limits.js'
import type { Arrival } from '../incoming-event.js'
import { Rates } from './event-rates.js'
import { Waits } from './waiting-event.js'

/*
 * The desk of a socket's gate: each event is looked at here first, and those that go no further are answered from here.
 */

export interface DeskRules {
  readonly limits: Limits
  /** Milliseconds, 0 for no bound: of an event that is not declared, in the application's own functions. */
  readonly handlerTimeoutMs: number
  /** Logs what a function of the application has thrown, and says what of it is told. */
  readonly report: (error: unknown, what: string, socket: Socket, event: string) => WireError
  readonly now: Clock
  readonly log: FastifyBaseLogger
  readonly notices: Notices
  /** Declared events, by their name. */
  readonly dispatches: ReadonlyMap<string, unknown>
}

const UNDECLARED = "the definition's `events` have no such name, and nothing listens for it"

export class Desk {
  readonly socket: Socket
  readonly rates: Rates
  readonly #rules: DeskRules
  #waits: Waits | undefined = undefined

  constructor(socket: Socket, rules: DeskRules, rates: Rates | undefined) {
    this.socket = socket
    this.rates = rates ?? new Rates(rules.limits.eventsPerSecond, rules.now)
    this.#rules = rules
  }

  get handlerTimeoutMs(): number {
    return this.#rules.handlerTimeoutMs
  }

  /** What of its events is in the application's own functions. */
  get waits(): Waits {
    this.#waits ??= new Waits()
    return this.#waits
  }

  /** Whether an event is within its rate and its bounds; one that is not is answered. */
  admits(arrival: Arrival): boolean {
    const waitMs = this.rates.bucket.take()
    if (waitMs > 0) {
      this.refuse(arrival, Object.assign(new FST_NSP_RATE_LIMITED(), { details: { retryAfterMs: waitMs } }))
      return false
    }
    if (!(arrival.payload instanceof Refusal)) return true
    this.refuse(arrival, arrival.payload.error)
    return false
  }

  /** Answers an event that goes no further. One without an ack is told to the log alone. */
  refuse({ name, ack }: Arrival, error: Error): void {
    const { code, message: reason } = error as { code?: string; message: string }
    if (ack || error instanceof FST_NSP_CLOSING)
      this.#log.write('debug', { ...this.#where(name), code }, 'event refused')
    else this.#log.write('warn', { ...this.#where(name), code, reason }, 'event without ack refused')
    ack?.send({ ok: false, error: toWireError(error) }, undefined)
  }

  /** Answers an event that is neither declared nor listened for. */
  refuseUnknown(arrival: Arrival): void {
    const event = arrival.name.slice(0, 100)
    const help = suggest(arrival.name, this.#rules.dispatches.keys()).trimEnd()
    const error = new FST_NSP_EVENT_UNKNOWN(event, this.socket.nsp.name, help || UNDECLARED)
    if (arrival.ack) this.refuse(arrival, error)
    else {
      const where = { ...this.#where(event), code: error.code, reason: error.message }
      this.#rules.notices.write('debug', event, where, 'unknown event without ack')
    }
  }

  /** Answers an event that a middleware of the application refuses, or fails at. */
  refuseByMiddleware({ name, ack }: Arrival, error: unknown, isThrown: boolean): void {
    let told = isThrown ? INTERNAL : toWireError(error, this.#log)
    if (isThrown || told.code === INTERNAL.code) told = this.report(error, 'middleware', name)
    else this.#log.write('debug', { ...this.#where(name), code: told.code, err: error }, 'event refused')
    if (this.socket.connected) ack?.send({ ok: false, error: told }, undefined)
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
