import type { FastifyInstance } from 'fastify'
import type { ConnectionContext } from './context.js'
import type { CompiledEvent } from './contract.js'
import type { AckEnvelope } from './definition.js'
import { FST_NSP_HANDLER_TIMEOUT, FST_NSP_INTERNAL, FST_NSP_REPLY_INVALID } from './errors.js'
import { EventLife } from './event-life.js'
import type { NormalHooks } from './hooks.js'
import { createMemory } from './idempotency.js'
import { Passage, type SendAck } from './passage.js'
import { SchemaMismatch } from './schema.js'
import { after, contain, isThenable, recast, type Step, walk } from './sequence.js'
import { invalidEvent, judge } from './verdict.js'
import { toWireError } from './wire-error.js'

/*
 * The life of one declared event, from the gate to its ack: hooks, the check of its payload, the handler, the check of
 * its reply. One walk, one way out, and exactly one ack, whatever happens. Where no step is asynchronous, none waits.
 */

/** Dispatches one event; `done` is called once, when it has ended. */
export type Dispatch = (
  connection: ConnectionContext,
  args: readonly unknown[],
  sendAck: SendAck | undefined,
  done: () => void,
) => void

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
  const { checkPayload, checkReply, idempotency } = event
  const memory = idempotency && createMemory(idempotency)
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
    ...(checkReply ? [serialize] : []),
  ]

  const refuseInvalid = (error: unknown): never => {
    throw invalidEvent(error)
  }

  function validate({ life, args }: Passage): unknown {
    if (args.length > 1) {
      throw invalidEvent(new SchemaMismatch([{ path: '', message: `must be one payload, not ${args.length}` }]))
    }
    const checked = recast(() => checkPayload?.(life.event.payload), refuseInvalid)
    return after(checked, (payload) => {
      life.event.payload = payload
    })
  }

  function handle(passage: Passage): unknown {
    const { life } = passage
    passage.isInHandler = true
    return after(event.handler.call(instance, life.event.payload, life), (data) => {
      passage.isInHandler = false
      passage.data = data
    })
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

  function serialize(passage: Passage): unknown {
    if (passage.known) return undefined
    const checked = recast(
      () => checkReply?.(passage.data),
      (error) => {
        passage.life.log.error({ err: error, event: event.name }, 'reply does not fit its schema')
        throw new FST_NSP_REPLY_INVALID()
      },
    )
    return after(checked, (data) => {
      passage.data = data
    })
  }

  function succeed(passage: Passage): void {
    if (passage.isFirstEnd('reply')) end(passage, passage.known ?? { ok: true, data: passage.data })
  }

  async function fail(passage: Passage, thrown: unknown): Promise<void> {
    const { life, isInHandler } = passage
    if (!passage.isFirstEnd('error')) return
    for (const hook of hooks.onError) observe(life, () => hook.call(instance, life, thrown))
    const error = await judge(thrown, { event, log: life.log, isInHandler })
    if (!passage.sendAck) life.log.warn({ event: event.name, code: error.code }, 'event without ack refused')
    end(passage, { ok: false, error })
  }

  function end(passage: Passage, envelope: AckEnvelope): void {
    const { life, connection, claim } = passage
    clearTimeout(passage.timer)
    connection.lives.delete(life)
    const sent = passage.sendAck && life.socket.connected ? send(passage, passage.sendAck, envelope) : envelope
    if (claim !== undefined) observe(life, () => memory?.keep(claim, sent))
    for (const hook of hooks.onAck) observe(life, () => hook.call(instance, life, sent))
    passage.done()
  }

  function send({ life }: Passage, sendAck: SendAck, envelope: AckEnvelope): AckEnvelope {
    try {
      sendAck(envelope)
      return envelope
    } catch (error) {
      life.log.error({ err: error, event: event.name }, 'reply can not be encoded')
      const instead: AckEnvelope = { ok: false, error: toWireError(new FST_NSP_REPLY_INVALID()) }
      sendAck(instead)
      return instead
    }
  }

  /** Observers change nothing any more: what they throw is logged. */
  function observe(life: EventLife, call: () => unknown): void {
    contain(call, (error) => life.log.error({ err: error, event: event.name }, 'observer failed'))
  }

  return (connection, args, sendAck, done) => {
    const life = new EventLife(connection, event, args[0], sendAck !== undefined)
    const passage = new Passage(life, connection, args, sendAck, done)
    const refuse = (error: unknown) =>
      contain(
        () => fail(passage, error),
        () => end(passage, INTERNAL),
      )
    try {
      const pending = walk(steps, passage)
      if (!isThenable(pending)) return succeed(passage)
      connection.lives.add(life)
      if (handlerTimeoutMs > 0) {
        passage.timer = setTimeout(() => {
          const late = new FST_NSP_HANDLER_TIMEOUT()
          life.abort(late)
          refuse(late)
        }, handlerTimeoutMs).unref()
      }
      pending.then(() => succeed(passage)).then(undefined, refuse)
    } catch (error) {
      refuse(error)
    }
  }
}
