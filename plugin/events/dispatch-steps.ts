import type { FastifyInstance } from 'fastify'
import type { CompiledEvent } from '../definition/compile-contract.js'
import type { NormalHooks } from '../definition/normalize/event-hooks.js'
import { type Check, SchemaMismatch } from '../schema/schema.js'
import { after, recast, type Step } from '../shared/maybe-async.js'
import type { IdempotencyKeys } from './dispatch-once.js'
import type { RunContext } from './event-context.js'
import { toEventInvalid, toReplyError } from './event-error.js'
import type { EventRun } from './event-run.js'

/*
 * What a declared event goes through: hooks, the check of its payload, the claim of its key, the handler, the check of its
 * reply. The steps that it does not need are not there.
 */

export interface StepsOptions {
  readonly event: CompiledEvent
  readonly hooks: NormalHooks
  /** `this` of handlers and hooks: the context that declared the namespace. */
  readonly instance: FastifyInstance
  /** Of an event that is handled once. */
  readonly keys: IdempotencyKeys | undefined
}

export function createSteps({ event, hooks, instance, keys }: StepsOptions): readonly Step<EventRun>[] {
  const { checkPayload, checkJsonPayload, checkReply } = event
  // A hook may have put anything into a payload.
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
    if (incoming.count > 1) {
      throw toEventInvalid(new SchemaMismatch([{ path: '', message: `must be one payload, not ${incoming.count}` }]))
    }
    const check = incoming.isJson && isUntouched ? checkJsonPayload : checkPayload
    const checked = recast(check as Check, refuseInvalid, context.event.payload)
    return after(checked, keepPayload, context)
  }

  /** Also one that comes when the event is over is taken, to be released. */
  function claim(run: EventRun): unknown {
    return keys?.claim(run.context).then(({ known, token }) => {
      run.known = known
      run.token = token
    })
  }

  function handle(run: EventRun): unknown {
    if (run.known) return undefined
    const { context } = run
    run.hasBegun = true
    run.isInHandler = true
    return after(event.handler.call(instance, context.event.payload, context), keepResult, run)
  }

  function checkResult(run: EventRun): unknown {
    if (run.known) return undefined
    const refuseReply = (error: unknown): never => {
      throw toReplyError(error, event.name, run.log, 'reply does not fit its schema')
    }
    const checked = recast(checkReply as Check, refuseReply, run.data)
    return after(checked, keepData, run)
  }

  return [
    ...stepsOf(hooks.onEvent),
    ...stepsOf(hooks.preValidation),
    ...(checkPayload ? [validate] : []),
    ...stepsOf(hooks.preHandler),
    ...(keys ? [claim] : []),
    handle,
    ...(checkReply ? [checkResult] : []),
  ]
}

/** After its end nothing of an event begins; but a reply that is to be kept is checked. */
export function isOver(run: EventRun): boolean {
  const hasEnded = run.hasEnded || run.isGone
  return hasEnded && !(run.token !== undefined && run.hasReturned)
}

function keepPayload(payload: unknown, context: RunContext): void {
  context.event.payload = payload
}

function keepResult(result: unknown, run: EventRun): void {
  run.isInHandler = false
  run.data = result
}

function keepData(data: unknown, run: EventRun): void {
  run.data = data
}
