import type { FastifyInstance } from 'fastify'
import type { CompiledEvent } from '../definition/compile-contract.js'
import type { AckEnvelope } from '../definition/namespace-definition.js'
import type { NormalHooks } from '../definition/normalize/event-hooks.js'
import { toWireError } from '../shared/client-error.js'
import { FST_NSP_HANDLER_TIMEOUT, FST_NSP_SOCKET_GONE, FST_NSP_STORE_FAILED } from '../shared/errors.js'
import { contain, isThenable, runSteps } from '../shared/maybe-async.js'
import type { Ack } from './ack.js'
import { createKeys, UNSENDABLE } from './dispatch-once.js'
import { createSteps, isOver } from './dispatch-steps.js'
import { EventLife } from './event-context.js'
import { describeMismatches, failReply, judge, fail as tellFailure } from './event-error.js'
import { type Dispatch, type EventGate, Passage } from './event-run.js'
import type { Arrival } from './incoming-event.js'
import type { ConnectionContext } from './socket-context.js'

/*
 * The life of one declared event, from the gate to its ack. One walk of its steps, one way out, and exactly one ack, whatever
 * happens; and the event is counted until what it runs has settled, too. Where no step is asynchronous, none waits.
 */

export interface DispatchOptions {
  readonly event: CompiledEvent
  readonly hooks: NormalHooks
  /** `this` of handlers and hooks: the context that declared the namespace. */
  readonly instance: FastifyInstance
  /** Milliseconds, 0 for no bound. */
  readonly handlerTimeoutMs: number
}

/** Makes the dispatch of one event of a mounted namespace. The steps that it does not need are not there. */
export function createDispatch({ event, hooks, instance, handlerTimeoutMs }: DispatchOptions): Dispatch {
  const keys = createKeys(event, instance)
  const steps = createSteps({ event, hooks, instance, keys })

  /** The walk has come to its end: all is done, or nothing more was to begin. */
  function settle(passage: Passage): void {
    passage.isSettled = true
    const result = passage.known ?? (passage.hasReturned ? { ok: true as const, data: passage.data } : undefined)
    if (passage.hasEnded) leaveLate(passage, result && 'late reply dropped', result)
    else if (result) end(passage, result)
    else refuse(passage, new FST_NSP_SOCKET_GONE())
  }

  /** The walk has failed. */
  function settleFailed(passage: Passage, error: unknown): void {
    passage.isSettled = true
    const isTooLate = passage.isGone && !passage.hasBegun
    if (passage.hasEnded) leaveLate(passage, 'late error dropped', passage.hasReturned ? UNSENDABLE : undefined)
    else refuse(passage, isTooLate ? new FST_NSP_SOCKET_GONE() : error)
  }

  /** The event has ended before: what comes of it now is dropped, but for its key. */
  function leaveLate(passage: Passage, what: string | undefined, outcome: AckEnvelope | undefined): void {
    if (what !== undefined) passage.log.write('debug', { event: event.name }, what)
    passage.outcome = outcome
    if (passage.isTold) leave(passage)
  }

  async function fail(passage: Passage, thrown: unknown): Promise<void> {
    if (passage.hasEnded) return
    passage.hasEnded = true
    const { life, log, isInHandler } = passage
    for (const hook of hooks.onError) observe(passage, () => hook.call(instance, life, thrown))
    const error = await judge(thrown, { event, log, isInHandler })
    if (!passage.arrival.ack && !passage.isGone) {
      const { code, message, details } = error
      const reason = code === 'FST_NSP_EVENT_INVALID' ? describeMismatches(details) : message
      log.write('warn', { event: event.name, code, reason }, 'event without ack refused')
    }
    end(passage, { ok: false, error })
  }

  function end(passage: Passage, envelope: AckEnvelope): void {
    const { life, connection } = passage
    const { ack } = passage.arrival
    passage.hasEnded = true
    if (passage.timer) clearTimeout(passage.timer)
    connection.lives.delete(life)
    const sent = ack && life.socket.connected ? send(passage, ack, envelope) : envelope
    for (const hook of hooks.onAck) observe(passage, () => hook.call(instance, life, sent))
    passage.isTold = true
    if (!passage.isSettled) return
    passage.outcome ??= sent
    leave(passage)
  }

  function leave(passage: Passage): void {
    const { token, gate } = passage
    // A store takes its time, and nobody waits for it.
    if (token !== undefined) conclude(passage, token)
    gate.leave()
  }

  /** What the handler has done is kept under its key; where it has failed by itself, or not begun, the next may try. */
  function conclude(passage: Passage, token: string): void {
    const kept = keptOf(passage)
    const concluded = kept ? keys?.keep(token, kept) : keys?.release(token)
    concluded?.catch((cause) => {
      const err = Object.assign(new FST_NSP_STORE_FAILED(event.name), { cause })
      const what = kept ? 'ack could not be kept' : 'key could not be released'
      passage.log.write('error', { err, code: err.code, event: event.name }, `${event.name}: its ${what}`)
    })
  }

  function send(passage: Passage, ack: Ack, envelope: AckEnvelope): AckEnvelope {
    try {
      ack.send(envelope, event.writeReply)
      return envelope
    } catch (error) {
      const told = toWireError(failReply(error, event.name, passage.log, 'reply can not be encoded'))
      const unsendable = { ok: false as const, error: told }
      ack.send(unsendable, undefined)
      return unsendable
    }
  }

  /** Observers change nothing any more: what they throw is logged. */
  function observe(passage: Passage, call: () => unknown): void {
    contain(call, (error) => report(passage, error))
  }

  function report(passage: Passage, error: unknown): void {
    passage.log.write('error', { err: error, event: event.name }, 'observer failed')
  }

  /** Also for what can't even be looked at, e.g. an error whose `code` throws when it is read, there is an ack. */
  function refuse(passage: Passage, error: unknown): void {
    contain(
      () => fail(passage, error),
      () => end(passage, { ok: false, error: tellFailure(error, event.name, passage.log) }),
    )
  }

  /** An event that takes a while: it can be aborted, and be late. */
  function wait(passage: Passage, pending: PromiseLike<unknown>): void {
    const { life, connection } = passage
    if (passage.isGone) life.abort(new FST_NSP_SOCKET_GONE())
    connection.lives.add(life)
    if (handlerTimeoutMs > 0) {
      passage.timer = setTimeout(() => {
        const late = new FST_NSP_HANDLER_TIMEOUT(whatOf(passage), 'handlerTimeoutMs', handlerTimeoutMs)
        life.abort(late)
        refuse(passage, late)
      }, handlerTimeoutMs).unref()
    }
    pending.then(
      () => settle(passage),
      (error) => settleFailed(passage, error),
    )
  }

  function dispatch(connection: ConnectionContext, arrival: Arrival, gate: EventGate): void {
    const life = new EventLife(connection, event, arrival.payload, arrival.ack !== undefined)
    const passage = new Passage(life, connection, arrival, gate)
    let pending: unknown
    try {
      pending = runSteps(steps, passage, 0, isOver)
    } catch (error) {
      settleFailed(passage, error)
      return
    }
    if (isThenable(pending)) wait(passage, pending)
    else settle(passage)
  }

  return Object.assign(dispatch, { handlerTimeoutMs })
}

/** What of an event is under way. */
function whatOf({ hasBegun, hasReturned, life }: Passage): string {
  if (!hasBegun) return `What comes before the handler of ${life.event.name} (hooks, schema, key)`
  return `${hasReturned ? 'The check of the reply' : 'The handler'} of ${life.event.name}`
}

/** What is kept under its key. A handler that gave up because its socket had gone has done nothing that a retry is to hear. */
function keptOf({ outcome, hasBegun, hasReturned }: Passage): AckEnvelope | undefined {
  if (!hasBegun || !outcome || outcome.ok || hasReturned) return hasBegun ? outcome : undefined
  const { statusCode, code } = outcome.error
  return statusCode < 500 && code !== 'FST_NSP_SOCKET_GONE' ? outcome : undefined
}
