import type { FastifyBaseLogger } from 'fastify'
import type { DefaultEventsMap, Namespace } from 'socket.io'
import type { Contract } from '../../definition/compile-contract.js'
import type { AskOptions, Audience } from '../../definition/emit-types.js'
import type { OutboxClient } from '../../definition/outbox/emit-outbox.js'
import { logError } from '../../shared/log/error-log.js'
import { contain } from '../../shared/maybe-async.js'
import { type Askable, ask, screenAnswers } from './ask.js'
import type { EmitCheck } from './check-emit.js'
import { EmitRecord } from './emit-record.js'

/*
 * The receivers of an emit: a namespace, narrowed by `to`, `except`, `local` and the other operators of Socket.IO. The
 * operator is created anew for each emit.
 */

type Rooms = string | string[]

/** The part of Socket.IO's broadcast operators that is used here. */
export interface EmitOperator {
  to(room: Rooms): EmitOperator
  except(room: Rooms): EmitOperator
  compress(isCompressed: boolean): EmitOperator
  readonly volatile: EmitOperator
  readonly local: EmitOperator
  timeout(ms: number): Pick<EmitOperator, 'emit'>
  emit(event: string, ...args: unknown[]): boolean
  fetchSockets(): Promise<Askable[]>
  disconnectSockets(close?: boolean): void
}

/** Creates the operator, narrowed from that of the whole audience; or from `base`. */
export type OperatorOf = (base?: EmitOperator) => EmitOperator

/** The namespace that an audience belongs to. */
export interface AudienceTarget {
  readonly address: string
  /** The namespace at the time of an emit, if it is live on this node. */
  readonly namespace: () => Namespace | undefined
  /** Undefined until the instance is ready. */
  readonly contract: () => Contract | undefined
  readonly emitCheck: EmitCheck
  readonly log: () => FastifyBaseLogger
  /** Keeps a live namespace open while `call` is pending. */
  readonly during: <Result>(call: () => Promise<Result>) => Promise<Result>
}

/** The operators that narrow an audience. `again` creates an audience of the same class. */
abstract class Narrowable<This> {
  protected readonly operatorOf: OperatorOf
  // Arrow functions, so that they can be destructured.
  readonly to = (room: Rooms): This => this.again((base) => this.operatorOf(base).to(room))
  readonly except = (room: Rooms): This => this.again((base) => this.operatorOf(base).except(room))

  constructor(operatorOf: OperatorOf) {
    this.operatorOf = operatorOf
  }

  protected abstract again(operatorOf: OperatorOf): This

  in(room: Rooms): This {
    return this.to(room)
  }

  compress(isCompressed: boolean): This {
    return this.again((base) => this.operatorOf(base).compress(isCompressed))
  }

  get volatile(): This {
    return this.again((base) => this.operatorOf(base).volatile)
  }

  get local(): This {
    return this.again((base) => this.operatorOf(base).local)
  }
}

class NamespaceAudience extends Narrowable<NamespaceAudience> {
  readonly #target: AudienceTarget

  constructor(operatorOf: OperatorOf, target: AudienceTarget) {
    super(operatorOf)
    this.#target = target
  }

  protected again(operatorOf: OperatorOf): NamespaceAudience {
    return new NamespaceAudience(operatorOf, this.#target)
  }

  timeout(ms: number): TimedNamespaceAudience {
    return new TimedNamespaceAudience(this.operatorOf, this.#target, ms)
  }

  emit = (event: string, ...args: unknown[]): boolean => this.operatorOf().emit(event, ...args)

  emitIn = (client: OutboxClient, event: string, ...args: unknown[]): Promise<void> => {
    const record = this.operatorOf(new EmitRecord() as unknown as EmitOperator) as unknown as EmitRecord
    return this.#target.emitCheck.emitIn(client, this.#target, record, event, args)
  }

  ask = (event: string, payload?: unknown, options?: AskOptions) =>
    this.#target.during(() => this.#askAll(event, payload, options))

  fetchSockets = () => this.#target.during(() => this.operatorOf().fetchSockets())

  disconnectSockets = (close?: boolean) => this.operatorOf().disconnectSockets(close)

  async #askAll(event: string, payload: unknown, options: AskOptions | undefined) {
    const { address, namespace, contract, emitCheck } = this.#target
    const [checked] = emitCheck.check(address, event, payload === undefined ? [] : [payload], contract())
    const check = contract()?.emits.get(event)?.checkReply
    const sockets = await this.operatorOf().fetchSockets()
    const answers = new Map<string, unknown>()
    const missing: string[] = []
    await Promise.all(
      sockets.map((remote) => {
        // ask() notices when a socket of this node leaves, but not when a remote one does.
        const socket = namespace()?.sockets.get(remote.id) ?? remote
        return emitCheck
          .skip(() => ask(check, socket, event, checked, options))
          .then(
            (answer) => answers.set(remote.id, answer),
            (error: unknown) => {
              if (isInvalid(error)) throw error
              missing.push(remote.id)
            },
          )
      }),
    )
    return { answers, missing }
  }
}

/** The result of a broadcast with a timeout. */
interface BroadcastOutcome {
  readonly error: Error | null
  readonly answers: unknown[]
}

class TimedNamespaceAudience extends Narrowable<TimedNamespaceAudience> {
  readonly #target: AudienceTarget
  readonly #ms: number

  constructor(operatorOf: OperatorOf, target: AudienceTarget, ms: number) {
    super(operatorOf)
    this.#target = target
    this.#ms = ms
  }

  protected again(operatorOf: OperatorOf): TimedNamespaceAudience {
    return new TimedNamespaceAudience(operatorOf, this.#target, this.#ms)
  }

  emit(event: string, ...args: unknown[]): boolean {
    const ack = args.pop() as (error: Error | null, answers: unknown[]) => void
    const { address, log } = this.#target
    const report = (error: unknown) =>
      logError(log(), error, { namespace: address, emit: event }, 'the callback of an emit failed')
    void this.#send(event, args).then(({ error, answers }) => contain(() => ack(error, answers), report))
    return true
  }

  async emitWithAck(event: string, ...args: unknown[]): Promise<unknown[]> {
    const { error, answers } = await this.#send(event, args)
    if (error) throw Object.assign(error, { responses: answers })
    return answers
  }

  /** Throws if the check of the emit fails; any other error is in the resolved value. */
  #send(event: string, args: unknown[]): Promise<BroadcastOutcome> {
    const { address, contract, emitCheck, during } = this.#target
    const checked = emitCheck.check(address, event, args, contract())
    // Sent in this tick, so that a later emit arrives later.
    const sent = new Promise<BroadcastOutcome>((resolve) => {
      const settle = (error: Error | null, answers: unknown[]) => resolve({ error, answers })
      emitCheck.skip(() =>
        this.operatorOf()
          .timeout(this.#ms)
          .emit(event, ...checked, settle),
      )
    })
    const check = contract()?.emits.get(event)?.checkReply
    return during(() => sent).then(
      ({ error, answers }) => screenAnswers(check, event, error, answers),
      (error: Error) => ({ error, answers: [] }),
    )
  }
}

/** Whether an emit can't be encoded. */
function isInvalid(error: unknown): boolean {
  return (error as { readonly code?: unknown }).code === 'FST_NSP_EMIT_INVALID'
}

/** Creates an audience from a function that returns Socket.IO's operator. */
export function createAudience(operatorOf: OperatorOf, target: AudienceTarget): Audience<DefaultEventsMap> {
  return new NamespaceAudience(operatorOf, target) as unknown as Audience<DefaultEventsMap>
}
