import type { FastifyInstance } from 'fastify'
import type { CompiledEvent } from '../definition/compile-contract.js'
import type { NormalHooks } from '../definition/normalize/event-hooks.js'
import { type Check, SchemaMismatch } from '../schema/schema.js'
import { after, mapError, type Step } from '../shared/maybe-async.js'
import type { RunContext } from './event-context.js'
import { toEventInvalid, toReplyError } from './event-error.js'
import type { EventRun } from './event-run.js'
import type { IdempotencyKeys } from './once/dispatch-once.js'
import type { Handle } from './relay.js'
import { STOPPED } from './stream/live-stream.js'
import type { StreamSteps } from './stream/stream-steps.js'

/*
 * The steps of dispatching a declared event, in order: hooks, payload check, claim of the key, handler or relay, reply check, keeping
 * the ack. A step that the event does not need is left out.
 */

export interface StepsOptions {
  readonly event: CompiledEvent
  readonly hooks: NormalHooks
  /** `this` of handlers and hooks: the context that declared the namespace. */
  readonly instance: FastifyInstance
  /** Undefined for an event without `idempotency`. */
  readonly keys: IdempotencyKeys | undefined
  /** Undefined for an event with one answer. */
  readonly stream: StreamSteps | undefined
  /** Calls the handler, or passes the event on. */
  readonly handle: Handle
}

export function createSteps({ event, hooks, instance, keys, stream, handle }: StepsOptions): readonly Step<EventRun>[] {
  const { checkPayload, checkJsonPayload, checkReply } = event
  // A hook may replace the payload by any value, also one that JSON can't carry.
  const mostArguments = stream ? 2 : 1
  const isUntouched = hooks.onEvent.length + hooks.preValidation.length === 0
  const stepsOf = (list: NormalHooks['onEvent']) =>
    list.map(
      (hook) =>
        ({ context }: EventRun) =>
          hook.call(instance, context),
    )

  const refuseInvalid = (error: unknown): never => {
    throw toEventInvalid(error)
  }

  function validate({ context, incoming }: EventRun): unknown {
    if (incoming.count > mostArguments) {
      throw toEventInvalid(new SchemaMismatch([{ path: '', message: `must be one payload, not ${incoming.count}` }]))
    }
    const check = incoming.isJson && isUntouched ? checkJsonPayload : checkPayload
    const checked = mapError(check as Check, refuseInvalid, context.event.payload)
    return after(checked, keepPayload, context)
  }

  function answer(run: EventRun): unknown {
    if (run.known) return undefined
    run.hasBegun = true
    // The error of preJoin is that of a hook.
    run.isInHandler = event.room === undefined
    return after(handle(run.context), keepResult, run)
  }

  /** The iterable that a handler returns is iterated before the event has a result. */
  function answerStream(run: EventRun): unknown {
    run.hasBegun = true
    run.isInHandler = true
    return after(after(handle(run.context), (stream as StreamSteps).iterate, run), keepEnd, run)
  }

  function checkResult(run: EventRun): unknown {
    if (run.known) return undefined
    const refuseReply = (error: unknown): never => {
      throw toReplyError(error, event.name, run.log, 'reply does not fit its schema')
    }
    const checked = mapError(checkReply as Check, refuseReply, run.data)
    return after(checked, keepData, run)
  }

  /** Before the ack goes out: what a client has read is what a retry receives. */
  function keep(run: EventRun): unknown {
    if (run.token === undefined) return undefined
    return keys?.keep(run, { ok: true, data: run.data }).then((envelope) => {
      run.known = envelope
    })
  }

  return [
    ...(keys ? [keys.identify] : []),
    ...(stream ? [stream.open] : []),
    ...stepsOf(hooks.onEvent),
    ...stepsOf(hooks.preValidation),
    ...(checkPayload ? [validate] : []),
    ...stepsOf(hooks.preHandler),
    ...(keys ? [keys.claim] : []),
    stream ? answerStream : answer,
    ...(checkReply ? [checkResult] : []),
    ...(keys ? [keep] : []),
  ]
}

/** No step begins after the event has ended, except those that keep a reply under a key. */
export function isOver(run: EventRun): boolean {
  const hasEnded = run.hasEnded || run.isGone
  return hasEnded && !(run.token !== undefined && run.hasReturned && !run.isUndone)
}

function keepPayload(payload: unknown, context: RunContext): void {
  context.event.payload = payload
}

function keepResult(result: unknown, run: EventRun): void {
  run.isInHandler = false
  run.data = result
}

/** A stream that was stopped has no result: the event has ended before. */
function keepEnd(result: unknown, run: EventRun): void {
  if (result !== STOPPED) keepResult(result, run)
}

function keepData(data: unknown, run: EventRun): void {
  run.data = data
}
