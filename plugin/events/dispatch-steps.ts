import type { FastifyInstance } from 'fastify'
import type { CompiledEvent } from '../definition/compile-contract.js'
import type { NormalHooks } from '../definition/normalize/event-hooks.js'
import { type Check, SchemaMismatch } from '../schema/schema.js'
import { after, mapError, type Step } from '../shared/maybe-async.js'
import type { Keys } from './dispatch-once.js'
import type { EventLife } from './event-context.js'
import { failReply, invalidEvent } from './event-error.js'
import type { Passage } from './event-run.js'

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
  readonly keys: Keys | undefined
}

export function createSteps({ event, hooks, instance, keys }: StepsOptions): readonly Step<Passage>[] {
  const { checkPayload, checkJsonPayload, checkReply } = event
  // A hook may have put anything into a payload.
  const isUntouched = hooks.onEvent.length + hooks.preValidation.length === 0
  const stepsOf = (list: NormalHooks['onEvent']) =>
    list.map(
      (hook) =>
        ({ life }: Passage) =>
          hook.call(instance, life),
    )

  const refuseInvalid = (error: unknown): never => {
    throw invalidEvent(error)
  }

  function validate({ life, arrival }: Passage): unknown {
    if (arrival.count > 1) {
      throw invalidEvent(new SchemaMismatch([{ path: '', message: `must be one payload, not ${arrival.count}` }]))
    }
    const check = arrival.isJson && isUntouched ? checkJsonPayload : checkPayload
    const checked = mapError(check as Check, refuseInvalid, life.event.payload)
    return after(checked, keepPayload, life)
  }

  /** Also one that comes when the event is over is taken, to be released. */
  function claim(passage: Passage): unknown {
    return keys?.claim(passage.life).then(({ known, token }) => {
      passage.known = known
      passage.token = token
    })
  }

  function handle(passage: Passage): unknown {
    if (passage.known) return undefined
    const { life } = passage
    passage.hasBegun = true
    passage.isInHandler = true
    return after(event.handler.call(instance, life.event.payload, life), keepResult, passage)
  }

  function checkResult(passage: Passage): unknown {
    if (passage.known) return undefined
    const refuseReply = (error: unknown): never => {
      throw failReply(error, event.name, passage.log, 'reply does not fit its schema')
    }
    const checked = mapError(checkReply as Check, refuseReply, passage.data)
    return after(checked, keepData, passage)
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
export function isOver(passage: Passage): boolean {
  const hasEnded = passage.hasEnded || passage.isGone
  return hasEnded && !(passage.token !== undefined && passage.hasReturned)
}

function keepPayload(payload: unknown, life: EventLife): void {
  life.event.payload = payload
}

function keepResult(result: unknown, passage: Passage): void {
  passage.isInHandler = false
  passage.data = result
}

function keepData(data: unknown, passage: Passage): void {
  passage.data = data
}
