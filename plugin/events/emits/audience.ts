import type { FastifyBaseLogger } from 'fastify'
import type { DefaultEventsMap, Namespace } from 'socket.io'
import type { Contract } from '../../definition/compile-contract.js'
import type { AskOptions, Audience } from '../../definition/namespace-definition.js'
import { logError } from '../../shared/log/error-log.js'
import { contain } from '../../shared/maybe-async.js'
import { type Askable, ask, screenAnswers } from './ask.js'
import type { EmitCheck } from './check-emit.js'

/*
 * An audience is where an emit goes. It has what Socket.IO's own operators have, each asked for anew at each emit.
 */

type Rooms = string | string[]

/** What Socket.IO's broadcast operators have for us. */
export interface Operator {
  to(room: Rooms): Operator
  except(room: Rooms): Operator
  compress(isCompressed: boolean): Operator
  readonly volatile: Operator
  readonly local: Operator
  timeout(ms: number): Pick<Operator, 'emit'>
  emit(event: string, ...args: unknown[]): boolean
  fetchSockets(): Promise<Askable[]>
  disconnectSockets(close?: boolean): void
}

/** Where an audience is. */
export interface Stage {
  readonly address: string
  /** The live namespace, at the time of an emit. */
  readonly namespace: () => Namespace
  /** Undefined until the instance is ready. */
  readonly contract: () => Contract | undefined
  readonly emitCheck: EmitCheck
  readonly log: () => FastifyBaseLogger
  /** Keeps the namespace alive while something is waited for. */
  readonly during: <Result>(call: () => Promise<Result>) => Promise<Result>
  /** Where the namespace can't be opened yet, calls something when it can: true. */
  readonly postpone: (call: () => unknown) => boolean
}

/** What narrows an audience. `again` makes one of its kind. */
abstract class Narrowable<This> {
  protected readonly operatorOf: () => Operator
  // Bound, for whoever takes them out of their audience.
  readonly to = (room: Rooms): This => this.again(() => this.operatorOf().to(room))
  readonly except = (room: Rooms): This => this.again(() => this.operatorOf().except(room))

  constructor(operatorOf: () => Operator) {
    this.operatorOf = operatorOf
  }

  protected abstract again(operatorOf: () => Operator): This

  in(room: Rooms): This {
    return this.to(room)
  }

  compress(isCompressed: boolean): This {
    return this.again(() => this.operatorOf().compress(isCompressed))
  }

  get volatile(): This {
    return this.again(() => this.operatorOf().volatile)
  }

  get local(): This {
    return this.again(() => this.operatorOf().local)
  }
}

class StageAudience extends Narrowable<StageAudience> {
  readonly #stage: Stage

  constructor(operatorOf: () => Operator, stage: Stage) {
    super(operatorOf)
    this.#stage = stage
  }

  protected again(operatorOf: () => Operator): StageAudience {
    return new StageAudience(operatorOf, this.#stage)
  }

  timeout(ms: number): TimedStageAudience {
    return new TimedStageAudience(this.operatorOf, this.#stage, ms)
  }

  /** What has to wait is checked now all the same: who emits it hears of a mistake. */
  emit = (event: string, ...args: unknown[]): boolean => {
    const { address, contract, emitCheck, postpone } = this.#stage
    let checked: unknown[] | undefined
    const isPostponed = postpone(
      () => checked && emitCheck.skip(() => this.operatorOf().emit(event, ...(checked as unknown[]))),
    )
    if (!isPostponed) return this.operatorOf().emit(event, ...args)
    checked = emitCheck.check(address, event, args, contract())
    return true
  }

  ask = (event: string, payload?: unknown, options?: AskOptions) =>
    this.#stage.during(() => this.#askAll(event, payload, options))

  fetchSockets = () => this.#stage.during(() => this.operatorOf().fetchSockets())

  disconnectSockets = (close?: boolean) => {
    const call = () => this.operatorOf().disconnectSockets(close)
    if (!this.#stage.postpone(call)) call()
  }

  async #askAll(event: string, payload: unknown, options: AskOptions | undefined) {
    const { address, namespace, contract, emitCheck } = this.#stage
    const [checked] = emitCheck.check(address, event, payload === undefined ? [] : [payload], contract())
    const check = contract()?.emits.get(event)?.checkReply
    const sockets = await this.operatorOf().fetchSockets()
    const answers = new Map<string, unknown>()
    const missing: string[] = []
    await Promise.all(
      sockets.map((remote) => {
        // Of this node we have the socket itself, and know when it leaves.
        const socket = namespace().sockets.get(remote.id) ?? remote
        return emitCheck
          .skip(() => ask(check, socket, event, checked, options))
          .then(
            (answer) => answers.set(remote.id, answer),
            () => missing.push(remote.id),
          )
      }),
    )
    return { answers, missing }
  }
}

/** What a broadcast with a time has given. */
interface Outcome {
  readonly error: Error | null
  readonly answers: unknown[]
}

class TimedStageAudience extends Narrowable<TimedStageAudience> {
  readonly #stage: Stage
  readonly #ms: number

  constructor(operatorOf: () => Operator, stage: Stage, ms: number) {
    super(operatorOf)
    this.#stage = stage
    this.#ms = ms
  }

  protected again(operatorOf: () => Operator): TimedStageAudience {
    return new TimedStageAudience(operatorOf, this.#stage, this.#ms)
  }

  emit(event: string, ...args: unknown[]): boolean {
    const ack = args.pop() as (error: Error | null, answers: unknown[]) => void
    const { address, log } = this.#stage
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

  /** throws what the check of the emit throws; all else is told by the promise. */
  #send(event: string, args: unknown[]): Promise<Outcome> {
    const { address, contract, emitCheck, postpone, during } = this.#stage
    const checked = emitCheck.check(address, event, args, contract())
    // Sent now, so that what is emitted later comes later.
    const sent = new Promise<Outcome>((resolve) => {
      const hear = (error: Error | null, answers: unknown[]) => resolve({ error, answers })
      const send = () =>
        emitCheck.skip(() =>
          this.operatorOf()
            .timeout(this.#ms)
            .emit(event, ...checked, hear),
        )
      if (!postpone(send)) send()
    })
    const check = contract()?.emits.get(event)?.checkReply
    return during(() => sent).then(
      ({ error, answers }) => screenAnswers(check, event, error, answers),
      (error: Error) => ({ error, answers: [] }),
    )
  }
}

/** Makes an audience of Socket.IO's own operator. */
export function createAudience(operatorOf: () => Operator, stage: Stage): Audience<DefaultEventsMap> {
  return new StageAudience(operatorOf, stage) as unknown as Audience<DefaultEventsMap>
}
