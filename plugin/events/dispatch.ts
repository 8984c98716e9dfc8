import type { FastifyInstance } from 'fastify'
import type { CompiledEvent } from '../definition/compile-contract.js'
import type { AckEnvelope } from '../definition/contract/ack-envelope.js'
import type { NormalHooks } from '../definition/normalize/event-hooks.js'
import { toWireError } from '../shared/client-error.js'
import { FST_NSP_HANDLER_TIMEOUT, FST_NSP_SOCKET_GONE } from '../shared/errors.js'
import { contain, isThenable, runSteps } from '../shared/maybe-async.js'
import type { WireError } from '../shared/wire-error.js'
import type { Ack } from './ack.js'
import { createSteps, isOver } from './dispatch-steps.js'
import { RunContext } from './event-context.js'
import { describeMismatches, toClientError, toInternalError, toReplyError } from './event-error.js'
import { type Dispatch, EventRun, type GateHandle } from './event-run.js'
import type { IncomingEvent } from './incoming-event.js'
import { createKeys, type IdempotencyKeys, UNSENDABLE } from './once/dispatch-once.js'
import { type Handle, RelayRunContext } from './relay.js'
import type { SocketContext } from './socket-context.js'
import { StreamContext } from './stream/stream-context.js'
import { createStreamSteps } from './stream/stream-steps.js'

/*
 * Dispatches one declared event: runs its steps and sends exactly one ack. The event counts as in flight until its steps
 * have settled. An event whose steps are all synchronous is acked in the same tick.
 */

export interface DispatchOptions {
  readonly event: CompiledEvent
  readonly hooks: NormalHooks
  /** `this` of handlers and hooks: the context that declared the namespace. */
  readonly instance: FastifyInstance
  /** Milliseconds; 0 turns it off. */
  readonly handlerTimeoutMs: number
  readonly handle: Handle
}

/** Creates the dispatch of one event of a mounted namespace. */
export function createDispatch({ event, hooks, instance, handlerTimeoutMs, handle }: DispatchOptions): Dispatch {
  const keys = createKeys(event, instance, handlerTimeoutMs)
  const stream = event.stream && createStreamSteps({ event, stream: event.stream, handlerTimeoutMs, refuse })
  const steps = createSteps({ event, hooks, instance, keys, stream, handle })
  const OwnContext = event.relay ? RelayRunContext : RunContext
  const Context = stream ? StreamContext : OwnContext
  // A stream measures the time between its items.
  const timeoutMs = stream ? 0 : handlerTimeoutMs

  /** All steps are done, or the event ended before the next step. */
  function settle(run: EventRun): void {
    run.isSettled = true
    const result = run.known ?? (run.hasReturned ? { ok: true as const, data: run.data } : undefined)
    if (run.hasEnded) leaveLate(run, result && 'late reply dropped')
    else if (result) end(run, result)
    else refuse(run, new FST_NSP_SOCKET_GONE())
  }

  /** A step has thrown or rejected. */
  function settleFailed(run: EventRun, error: unknown): void {
    run.isSettled = true
    const isTooLate = run.isGone && !run.hasBegun
    if (run.hasEnded) {
      if (run.hasReturned) keepUnsendable(run)
      leaveLate(run, 'late error dropped')
    } else refuse(run, isTooLate ? new FST_NSP_SOCKET_GONE() : error)
  }

  /** The event ended before its steps settled. Their result is logged, and only the event's key uses it. */
  function leaveLate(run: EventRun, what: string | undefined): void {
    if (what !== undefined) run.log.write('debug', { event: event.name }, what)
    if (run.isAnswered) leave(run)
  }

  async function fail(run: EventRun, thrown: unknown): Promise<void> {
    if (run.hasEnded) return
    run.hasEnded = true
    keys?.undo(run)
    const { context, log, isInHandler } = run
    for (const hook of hooks.onError) observe(run, () => hook.call(instance, context, thrown))
    const error = await toClientError(thrown, { event, log, isInHandler })
    if (!run.incoming.ack && !run.isGone) {
      const { code, message, details } = error
      const reason = code === 'FST_NSP_EVENT_INVALID' ? describeMismatches(details) : message
      log.write('warn', { event: event.name, code, reason }, 'event without ack refused')
    }
    const envelope = { ok: false as const, error }
    end(run, keys && isKept(run, error) ? await keepRefusal(keys, run, envelope) : envelope)
  }

  function end(run: EventRun, envelope: AckEnvelope): void {
    const { context, connection } = run
    const { ack } = run.incoming
    run.hasEnded = true
    if (run.timer) clearTimeout(run.timer)
    stream?.end(run)
    connection.pendingEvents.delete(context)
    const sent = ack && context.socket.connected ? send(run, ack, envelope) : envelope
    for (const hook of hooks.onAck) observe(run, () => hook.call(instance, context, sent))
    run.isAnswered = true
    if (run.isSettled) leave(run)
  }

  function leave(run: EventRun): void {
    // Not awaited: a retry waits for it.
    if (run.token !== undefined) void keys?.release(run)
    if (stream) stream.leave(run)
    else run.gate.leave()
  }

  /** An ack that can't be kept is not sent. */
  function keepRefusal(keys: IdempotencyKeys, run: EventRun, envelope: AckEnvelope): Promise<AckEnvelope> {
    return keys
      .keep(run, envelope)
      .catch((cause) => ({ ok: false, error: toInternalError(cause, event.name, run.log) }))
  }

  /** The event has been answered, and its handler has returned a value that does not fit: a retry does not run it again. */
  function keepUnsendable(run: EventRun): void {
    if (run.token !== undefined && !run.transaction) keys?.keep(run, UNSENDABLE).catch((error) => report(run, error))
  }

  function send(run: EventRun, ack: Ack, envelope: AckEnvelope): AckEnvelope {
    try {
      ack.send(envelope, event.writeReply)
      return envelope
    } catch (error) {
      const clientError = toWireError(toReplyError(error, event.name, run.log, 'reply cannot be encoded'))
      const unsendable = { ok: false as const, error: clientError }
      ack.send(unsendable, undefined)
      return unsendable
    }
  }

  /** Calls an `onAck` or `onError` hook. What it throws is logged, and changes nothing. */
  function observe(run: EventRun, call: () => unknown): void {
    contain(call, (error) => report(run, error))
  }

  function report(run: EventRun, error: unknown): void {
    run.log.write('error', { err: error, event: event.name }, 'observer failed')
  }

  /** Acks with an error, even if the thrown value can't be read, e.g. because its `code` is a getter that throws. */
  function refuse(run: EventRun, error: unknown): void {
    contain(
      () => fail(run, error),
      () => end(run, { ok: false, error: toInternalError(error, event.name, run.log) }),
    )
  }

  /** Waits for the asynchronous steps of an event. Meanwhile a disconnect or a timeout may abort it. */
  function wait(run: EventRun, pending: PromiseLike<unknown>): void {
    const { context, connection } = run
    if (run.isGone) context.abort(new FST_NSP_SOCKET_GONE())
    connection.pendingEvents.add(context)
    if (timeoutMs > 0) {
      run.timer = setTimeout(() => {
        const late = new FST_NSP_HANDLER_TIMEOUT(whatOf(run), 'handlerTimeoutMs', timeoutMs)
        context.abort(late)
        refuse(run, late)
      }, timeoutMs).unref()
    }
    pending.then(
      () => settle(run),
      (error) => settleFailed(run, error),
    )
  }

  function dispatch(connection: SocketContext, incoming: IncomingEvent, gate: GateHandle): void {
    const context = new Context(connection, event, incoming.payload, incoming.ack !== undefined)
    const run = new EventRun(context, connection, incoming, gate)
    let pending: unknown
    try {
      pending = runSteps(steps, run, 0, isOver)
    } catch (error) {
      settleFailed(run, error)
      return
    }
    if (isThenable(pending)) wait(run, pending)
    else settle(run)
  }

  return Object.assign(dispatch, { handlerTimeoutMs, isStream: stream !== undefined })
}

/** Names the part of the event that is running, for the message of a timeout. */
function whatOf({ hasBegun, hasReturned, context }: EventRun): string {
  const { name } = context.event
  if (!hasBegun) return `The steps before the handler of ${name} (hooks, schema, key)`
  return hasReturned ? `The steps after the handler of ${name} (schema, key)` : `The handler of ${name}`
}

/**
 * Whether an error is kept under the event's key: a refusal of its handler, or a reply that does not fit. That the socket has gone is no
 * answer to a retry. The claim of any other event is released, also if what its handler has done is undone.
 */
function isKept(run: EventRun, { statusCode, code }: WireError): boolean {
  if (run.token === undefined || !run.isSettled || !run.hasBegun) return false
  return (run.hasReturned && !run.transaction) || (statusCode < 500 && code !== 'FST_NSP_SOCKET_GONE')
}
