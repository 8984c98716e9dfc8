import type { DefaultEventsMap, Namespace, Socket } from 'socket.io'
import { type Askable, ask } from './ask.js'
import type { Contract } from './contract.js'
import type { AskOptions, Audience } from './definition.js'
import type { EmitCheck } from './emit-check.js'
import type { AnyFunction } from './listeners.js'

/*
 * Outgoing events: an audience is where they go, and a socket checks what it emits by itself.
 */

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
  readonly address: string
  /** The live namespace, at the time of an emit. */
  readonly namespace: () => Namespace
  /** Undefined until the instance is ready. */
  readonly contract: () => Contract | undefined
  readonly emitCheck: EmitCheck
  /** Keeps the namespace alive while something is waited for. */
  readonly during: <Result>(call: () => Promise<Result>) => Promise<Result>
  /** Where the namespace can't be opened yet, calls something when it can: true. */
  readonly postpone: (call: () => unknown) => boolean
}

/** Makes an audience of Socket.IO's own operator, which is asked for anew at each emit. */
export function createAudience(operatorOf: () => Operator, stage: Stage): Audience<DefaultEventsMap> {
  const { address, namespace, contract, emitCheck, during, postpone } = stage

  async function askAll(event: string, payload?: unknown, options?: AskOptions) {
    const [checked] = emitCheck.check(address, event, payload === undefined ? [] : [payload], contract())
    const check = contract()?.emits.get(event)?.checkReply
    const sockets = await operatorOf().fetchSockets()
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

  /** What has to wait is checked now all the same: who emits it hears of a mistake. */
  function emit(event: string, ...args: unknown[]): boolean {
    let checked: unknown[] | undefined
    const isPostponed = postpone(
      () => checked && emitCheck.skip(() => operatorOf().emit(event, ...(checked as unknown[]))),
    )
    if (!isPostponed) return operatorOf().emit(event, ...args)
    checked = emitCheck.check(address, event, args, contract())
    return true
  }

  const audience = {
    emit,
    to: (room: string | string[]) => createAudience(() => operatorOf().to(room), stage),
    except: (room: string | string[]) => createAudience(() => operatorOf().except(room), stage),
    ask: (event: string, payload?: unknown, options?: AskOptions) => during(() => askAll(event, payload, options)),
    fetchSockets: () => during(() => operatorOf().fetchSockets()),
    disconnectSockets(close?: boolean) {
      const call = () => operatorOf().disconnectSockets(close)
      if (!postpone(call)) call()
    },
  }
  return audience as unknown as Audience<DefaultEventsMap>
}

/**
 * Checks what a socket emits by itself, or all sockets that have this prototype: before an ack waits, and its timer runs.
 * `isByAdapter`: with recovery on, Socket.IO hands what a socket emits to the adapter, which is checked too.
 */
export function checkEmits(socket: Socket, { check, skip }: EmitCheck, isByAdapter: boolean): void {
  const { emit } = socket
  socket.emit = function (this: Socket, event, ...args) {
    const ack = typeof args.at(-1) === 'function' ? (args.pop() as AnyFunction) : undefined
    let checked: unknown[]
    try {
      checked = check(this.nsp.name, event, args)
    } catch (error) {
      // What `volatile` or `timeout()` has said was for this emit: Socket.IO would keep it for the next one.
      Object.assign(this, { flags: {} })
      throw error
    }
    if (!ack && !isByAdapter) return emit.call(this, event, ...checked)
    const send = (...own: AnyFunction[]) => {
      const call = () => emit.call(this, event, ...checked, ...own)
      return isByAdapter ? skip(call) : call()
    }
    return ack ? sendWithAck(this, ack, send) : send()
  }
}

/** An emit that throws, for it can't be encoded, has no answer: its callback is not called, and no timer is left. */
function sendWithAck(socket: Socket, ack: AnyFunction, send: (ack: AnyFunction) => boolean): boolean {
  const { acks, nsp } = socket as unknown as { readonly acks: Map<number, () => void>; readonly nsp: Namespace }
  const id = nsp._ids
  let isSent = true
  try {
    return send((...args) => {
      if (isSent) Reflect.apply(ack, socket, args)
    })
  } catch (error) {
    isSent = false
    // It clears the timer.
    acks.get(id)?.()
    acks.delete(id)
    throw error
  }
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
