import type { FastifyInstance } from 'fastify'
import type { ConnectionContext } from './context.js'
import type { CompiledEvent } from './contract.js'
import type { AckEnvelope } from './definition.js'
import { FST_NSP_HANDLER_TIMEOUT, FST_NSP_INTERNAL, FST_NSP_REPLY_INVALID } from './errors.js'
import { EventLife } from './event-life.js'
import type { NormalHooks } from './hooks.js'
import { createMemory } from './idempotency.js'
import { type Ack, type Arrival, type EventGate, Passage } from './passage.js'
import { type Check, SchemaMismatch } from './schema.js'
import { after, contain, isThenable, recast, type Step, walk } from './sequence.js'
import { invalidEvent, judge } from './verdict.js'
import { toWireError } from './wire-error.js'

/*
 * The life of one declared event, from the gate to its ack: hooks, the check of its payload, the handler, the check of
 * its reply. One walk, one way out, and exactly one ack, whatever happens. Where no step is asynchronous, none waits.
 */

/** Dispatches one event; its gate hears once of its end. */
export type Dispatch = (connection: ConnectionContext, arrival: Arrival, gate: EventGate) => void

export interface DispatchOptions {
  readonly event: CompiledEvent
  readonly hooks: NormalHooks
  /** `this` of handlers and hooks: the context that declared the namespace. */
  readonly instance: FastifyInstance
  /** Milliseconds, 0 for no bound. */
  readonly handlerTimeoutMs: number
}

// For a thrown thing that can't even be looked at, e.g. one whose `code` throws when it is read.
const INTERNAL: AckEnvelope = { ok: false, error: toWireError(new FST_NSP_INTERNAL()) }

/** Makes the dispatch of one event of a mounted namespace. The steps that it does not need are not there. */
export function createDispatch({ event, hooks, instance, handlerTimeoutMs }: DispatchOptions): Dispatch {
  const { checkPayload, checkJsonPayload, checkReply, idempotency } = event
  const memory = idempotency && createMemory(idempotency)
  // A hook may have put anything into a payload.
  const isUntouched = hooks.onEvent.length + hooks.preValidation.length === 0
  const stepsOf = (list: NormalHooks['onEvent']) =>
    list.map(
      (hook) =>
        ({ life }: Passage) =>
          hook.call(instance, life),
    )
  const steps: Step<Passage>[] = [
    ...stepsOf(hooks.onEvent),
    ...stepsOf(hooks.preValidation),
    ...(checkPayload ? [validate] : []),
    ...stepsOf(hooks.preHandler),
    idempotency ? handleOnce : handle,
    ...(checkReply ? [checkResult] : []),
  ]

  const refuseInvalid = (error: unknown): never => {
    throw invalidEvent(error)
  }

  function validate({ life, arrival }: Passage): unknown {
    if (arrival.count > 1) {
      throw invalidEvent(new SchemaMismatch([{ path: '', message: `must be one payload, not ${arrival.count}` }]))
    }
    const check = arrival.isJson && isUntouched ? checkJsonPayload : checkPayload
    const checked = recast(check as Check, refuseInvalid, life.event.payload)
    return after(checked, keepPayload, life)
  }

  function handle(passage: Passage): unknown {
    const { life } = passage
    passage.isInHandler = true
    return after(event.handler.call(instance, life.event.payload, life), keepResult, passage)
  }

  async function handleOnce(passage: Passage): Promise<void> {
    const { life } = passage
    const key = idempotency?.key(life.event.payload, life)
    if (key !== undefined) {
      const claim = JSON.stringify([life.namespace.name, event.name, key])
      passage.known = (await memory?.recall(claim)) as AckEnvelope | undefined
      if (passage.known) return
      passage.claim = claim
    }
    await handle(passage)
  }

  function checkResult(passage: Passage): unknown {
    if (passage.known) return undefined
    const refuseReply = (error: unknown): never => {
      passage.life.log.error({ err: error, event: event.name }, 'reply does not fit its schema')
      throw new FST_NSP_REPLY_INVALID()
    }
    const checked = recast(checkReply as Check, refuseReply, passage.data)
    return after(checked, keepData, passage)
  }

  function succeed(passage: Passage): void {
    if (passage.isFirstEnd('reply')) end(passage, passage.known ?? { ok: true, data: passage.data })
  }

  async function fail(passage: Passage, thrown: unknown): Promise<void> {
    const { life, isInHandler } = passage
    if (!passage.isFirstEnd('error')) return
    for (const hook of hooks.onError) observe(life, () => hook.call(instance, life, thrown))
    const error = await judge(thrown, { event, log: life.log, isInHandler })
    if (!passage.arrival.ack) life.log.warn({ event: event.name, code: error.code }, 'event without ack refused')
    end(passage, { ok: false, error })
  }

  function end(passage: Passage, envelope: AckEnvelope): void {
    const { life, connection, claim, gate } = passage
    const { ack } = passage.arrival
    if (passage.timer) clearTimeout(passage.timer)
    connection.lives.delete(life)
    const sent = ack && life.socket.connected ? send(life, ack, envelope) : envelope
    if (claim !== undefined) observe(life, () => memory?.keep(claim, sent))
    for (const hook of hooks.onAck) observe(life, () => hook.call(instance, life, sent))
    gate.leave()
  }

  function send(life: EventLife, ack: Ack, envelope: AckEnvelope): AckEnvelope {
    try {
      ack.send(envelope, event.writeReply)
      return envelope
    } catch (error) {
      life.log.error({ err: error, event: event.name }, 'reply can not be encoded')
      const instead: AckEnvelope = { ok: false, error: toWireError(new FST_NSP_REPLY_INVALID()) }
      ack.send(instead, undefined)
      return instead
    }
  }

  /** Observers change nothing any more: what they throw is logged. */
  function observe(life: EventLife, call: () => unknown): void {
    contain(call, (error) => life.log.error({ err: error, event: event.name }, 'observer failed'))
  }

  /** Whatever fails on the way to an error's ack: there is one. */
  function refuse(passage: Passage, error: unknown): void {
    contain(
      () => fail(passage, error),
      () => end(passage, INTERNAL),
    )
  }

  /** An event that takes a while: it can be aborted, and be late. */
  function wait(passage: Passage, pending: PromiseLike<unknown>): void {
    const { life, connection } = passage
    connection.lives.add(life)
    if (handlerTimeoutMs > 0) {
      passage.timer = setTimeout(() => {
        const late = new FST_NSP_HANDLER_TIMEOUT()
        life.abort(late)
        refuse(passage, late)
      }, handlerTimeoutMs).unref()
    }
    pending.then(() => succeed(passage)).then(undefined, (error) => refuse(passage, error))
  }

  return (connection, arrival, gate) => {
    const life = new EventLife(connection, event, arrival.payload, arrival.ack !== undefined)
    const passage = new Passage(life, connection, arrival, gate)
    try {
      const pending = walk(steps, passage)
      if (isThenable(pending)) wait(passage, pending)
      else succeed(passage)
    } catch (error) {
      refuse(passage, error)
    }
  }
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
