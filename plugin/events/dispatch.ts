import type { FastifyInstance } from 'fastify'
import type { CompiledEvent } from '../definition/compile-contract.js'
import type { AckEnvelope } from '../definition/namespace-definition.js'
import type { NormalHooks } from '../definition/normalize/event-hooks.js'
import { toWireError } from '../shared/client-error.js'
import { FST_NSP_HANDLER_TIMEOUT, FST_NSP_SOCKET_GONE, FST_NSP_STORE_FAILED } from '../shared/errors.js'
import { contain, isThenable, walk } from '../shared/maybe-async.js'
import type { Ack } from './ack.js'
import { createKeys, UNSENDABLE } from './dispatch-once.js'
import { createSteps, isOver } from './dispatch-steps.js'
import { RunContext } from './event-context.js'
import { describeMismatches, toClientError, toInternalError, toReplyError } from './event-error.js'
import { type Dispatch, EventRun, type GateHandle } from './event-run.js'
import type { IncomingEvent } from './incoming-event.js'
import type { SocketContext } from './socket-context.js'

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
  function settle(run: EventRun): void {
    run.isSettled = true
    const result = run.known ?? (run.hasReturned ? { ok: true as const, data: run.data } : undefined)
    if (run.hasEnded) leaveLate(run, result && 'late reply dropped', result)
    else if (result) end(run, result)
    else refuse(run, new FST_NSP_SOCKET_GONE())
  }

  /** The walk has failed. */
  function settleFailed(run: EventRun, error: unknown): void {
    run.isSettled = true
    const isTooLate = run.isGone && !run.hasBegun
    if (run.hasEnded) leaveLate(run, 'late error dropped', run.hasReturned ? UNSENDABLE : undefined)
    else refuse(run, isTooLate ? new FST_NSP_SOCKET_GONE() : error)
  }

  /** The event has ended before: what comes of it now is dropped, but for its key. */
  function leaveLate(run: EventRun, what: string | undefined, outcome: AckEnvelope | undefined): void {
    if (what !== undefined) run.log.write('debug', { event: event.name }, what)
    run.outcome = outcome
    if (run.isAnswered) leave(run)
  }

  async function fail(run: EventRun, thrown: unknown): Promise<void> {
    if (run.hasEnded) return
    run.hasEnded = true
    const { context, log, isInHandler } = run
    for (const hook of hooks.onError) observe(run, () => hook.call(instance, context, thrown))
    const error = await toClientError(thrown, { event, log, isInHandler })
    if (!run.incoming.ack && !run.isGone) {
      const { code, message, details } = error
      const reason = code === 'FST_NSP_EVENT_INVALID' ? describeMismatches(details) : message
      log.write('warn', { event: event.name, code, reason }, 'event without ack refused')
    }
    end(run, { ok: false, error })
  }

  function end(run: EventRun, envelope: AckEnvelope): void {
    const { context, connection } = run
    const { ack } = run.incoming
    run.hasEnded = true
    if (run.timer) clearTimeout(run.timer)
    connection.pendingEvents.delete(context)
    const sent = ack && context.socket.connected ? send(run, ack, envelope) : envelope
    for (const hook of hooks.onAck) observe(run, () => hook.call(instance, context, sent))
    run.isAnswered = true
    if (!run.isSettled) return
    run.outcome ??= sent
    leave(run)
  }

  function leave(run: EventRun): void {
    const { token, gate } = run
    // A store takes its time, and nobody waits for it.
    if (token !== undefined) conclude(run, token)
    gate.leave()
  }

  /** What the handler has done is kept under its key; where it has failed by itself, or not begun, the next may try. */
  function conclude(run: EventRun, token: string): void {
    const kept = keptOf(run)
    const concluded = kept ? keys?.keep(token, kept) : keys?.release(token)
    concluded?.catch((cause) => {
      const err = Object.assign(new FST_NSP_STORE_FAILED(event.name), { cause })
      const what = kept ? 'ack could not be kept' : 'key could not be released'
      run.log.write('error', { err, code: err.code, event: event.name }, `${event.name}: its ${what}`)
    })
  }

  function send(run: EventRun, ack: Ack, envelope: AckEnvelope): AckEnvelope {
    try {
      ack.send(envelope, event.writeReply)
      return envelope
    } catch (error) {
      const told = toWireError(toReplyError(error, event.name, run.log, 'reply can not be encoded'))
      const unsendable = { ok: false as const, error: told }
      ack.send(unsendable, undefined)
      return unsendable
    }
  }

  /** Observers change nothing any more: what they throw is logged. */
  function observe(run: EventRun, call: () => unknown): void {
    contain(call, (error) => report(run, error))
  }

  function report(run: EventRun, error: unknown): void {
    run.log.write('error', { err: error, event: event.name }, 'observer failed')
  }

  /** Also for what can't even be looked at, e.g. an error whose `code` throws when it is read, there is an ack. */
  function refuse(run: EventRun, error: unknown): void {
    contain(
      () => fail(run, error),
      () => end(run, { ok: false, error: toInternalError(error, event.name, run.log) }),
    )
  }

  /** An event that takes a while: it can be aborted, and be late. */
  function wait(run: EventRun, pending: PromiseLike<unknown>): void {
    const { context, connection } = run
    if (run.isGone) context.abort(new FST_NSP_SOCKET_GONE())
    connection.pendingEvents.add(context)
    if (handlerTimeoutMs > 0) {
      run.timer = setTimeout(() => {
        const late = new FST_NSP_HANDLER_TIMEOUT(whatOf(run), 'handlerTimeoutMs', handlerTimeoutMs)
        context.abort(late)
        refuse(run, late)
      }, handlerTimeoutMs).unref()
    }
    pending.then(
      () => settle(run),
      (error) => settleFailed(run, error),
    )
  }

  function dispatch(connection: SocketContext, incoming: IncomingEvent, gate: GateHandle): void {
    const context = new RunContext(connection, event, incoming.payload, incoming.ack !== undefined)
    const run = new EventRun(context, connection, incoming, gate)
    let pending: unknown
    try {
      pending = walk(steps, run, 0, isOver)
    } catch (error) {
      settleFailed(run, error)
      return
    }
    if (isThenable(pending)) wait(run, pending)
    else settle(run)
  }

  return Object.assign(dispatch, { handlerTimeoutMs })
}

/** What of an event is under way. */
function whatOf({ hasBegun, hasReturned, context }: EventRun): string {
  if (!hasBegun) return `What comes before the handler of ${context.event.name} (hooks, schema, key)`
  return `${hasReturned ? 'The check of the reply' : 'The handler'} of ${context.event.name}`
}

/** What is kept under its key. A handler that gave up because its socket had gone has done nothing that a retry is to hear. */
function keptOf({ outcome, hasBegun, hasReturned }: EventRun): AckEnvelope | undefined {
  if (!hasBegun || !outcome || outcome.ok || hasReturned) return hasBegun ? outcome : undefined
  const { statusCode, code } = outcome.error
  return statusCode < 500 && code !== 'FST_NSP_SOCKET_GONE' ? outcome : undefined
}
