import type { DefaultEventsMap, Namespace, Socket } from 'socket.io'
import { type Askable, ask } from './ask.js'
import type { CheckEmit } from './codec.js'
import type { Contract } from './contract.js'
import type { AskOptions, Audience } from './definition.js'
import { FST_NSP_EMIT_INVALID, FST_NSP_EMIT_UNKNOWN } from './errors.js'
import { isThenable, recast } from './sequence.js'

/*
 * Outgoing events. Whoever emits, and however (`socket.emit`, `namespace.to(room).emit`, an adapter), the event passes
 * the encoder once, and there its payload is checked: once for a broadcast, never per socket.
 */

/**
 * Makes the encoder's check.
 * in: the contract of a live namespace, by its name, and whether an undeclared emit is an error (in development).
 * throws FST_NSP_EMIT_UNKNOWN, FST_NSP_EMIT_INVALID.
 */
export function createEmitCheck(contractOf: (namespace: string) => Contract | undefined, isStrict: boolean): CheckEmit {
  return (namespace, event, args) => {
    if (args[0] instanceof Checked) return [args[0].value, ...args.slice(1)]
    const contract = contractOf(namespace)
    if (!contract?.hasEmits) return args
    const emit = contract.emits.get(event)
    if (!emit) {
      if (isStrict) throw new FST_NSP_EMIT_UNKNOWN(event, namespace)
      return args
    }
    if (!emit.checkPayload) return args
    const [payload, ...rest] = args
    const checked = recast(
      () => emit.checkPayload?.(payload),
      (error) => {
        throw new FST_NSP_EMIT_INVALID(event, namespace, (error as Error).message)
      },
    )
    if (!isThenable(checked)) return [checked, ...rest]
    checked.then(undefined, () => {})
    throw new FST_NSP_EMIT_INVALID(event, namespace, 'it is asynchronous, and an emit can not wait')
  }
}

/** A payload that needs no check: it had one before it went to several sockets one by one, or it is our own. */
export class Checked {
  readonly value: unknown

  constructor(value: unknown) {
    this.value = value
  }
}

/** What Socket.IO's broadcast operators have for us. */
interface Operator {
  to(room: string | string[]): Operator
  except(room: string | string[]): Operator
  emit(event: string, ...args: unknown[]): boolean
  fetchSockets(): Promise<Askable[]>
  disconnectSockets(close?: boolean): void
}

/** Where an audience is. */
export interface Stage {
  /** The live namespace, at the time of an emit. */
  readonly namespace: () => Namespace
  /** Undefined until the instance is ready. */
  readonly contract: () => Contract | undefined
  readonly checkEmit: CheckEmit
  /** Keeps the namespace alive while something is waited for. */
  readonly during: <Result>(call: () => Promise<Result>) => Promise<Result>
}

/** Makes an audience of Socket.IO's own operator, which is asked for anew at each emit. */
export function createAudience(operatorOf: () => Operator, stage: Stage): Audience<DefaultEventsMap> {
  const { namespace, contract, checkEmit, during } = stage

  async function askAll(event: string, payload?: unknown, options?: AskOptions) {
    const [checked] = payload === undefined ? [] : checkEmit(namespace().name, event, [payload])
    const check = contract()?.emits.get(event)?.checkReply
    const sockets = await operatorOf().fetchSockets()
    const answers = new Map<string, unknown>()
    const missing: string[] = []
    await Promise.all(
      sockets.map((remote) => {
        // Of this node we have the socket itself, and know when it leaves; another node checks for itself.
        const local = namespace().sockets.get(remote.id)
        const sent = local && payload !== undefined ? new Checked(checked) : payload
        return ask(check, local ?? remote, event, sent, options).then(
          (answer) => answers.set(remote.id, answer),
          () => missing.push(remote.id),
        )
      }),
    )
    return { answers, missing }
  }

  const audience = {
    emit: (event: string, ...args: unknown[]) => operatorOf().emit(event, ...args),
    to: (room: string | string[]) => createAudience(() => operatorOf().to(room), stage),
    except: (room: string | string[]) => createAudience(() => operatorOf().except(room), stage),
    ask: (event: string, payload?: unknown, options?: AskOptions) => during(() => askAll(event, payload, options)),
    fetchSockets: () => during(() => operatorOf().fetchSockets()),
    disconnectSockets: (close?: boolean) => operatorOf().disconnectSockets(close),
  }
  return audience as unknown as Audience<DefaultEventsMap>
}

/** Bounds the rooms of a socket, or of all that have this prototype, whoever joins them. */
export function boundRooms(socket: Socket, limit: number, refuse: () => Error): void {
  if (limit === 0) return
  const { join } = socket
  socket.join = function (this: Socket, rooms) {
    const { rooms: joined } = this
    // its own room, named by its id, is not counted
    if (joined.size - 1 + (Array.isArray(rooms) ? rooms.length : 1) > limit) {
      const added = [rooms].flat().filter((room) => !joined.has(room))
      if (joined.size - 1 + added.length > limit) throw refuse()
    }
    return join.call(this, rooms)
  }
}
