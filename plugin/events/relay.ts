import type { FastifyInstance } from 'fastify'
import type { Namespace } from 'socket.io'
import type { CompiledEvent, CompiledRelay } from '../definition/compile-contract.js'
import { FST_NSP_RELAY_INVALID, FST_NSP_ROOM_FOREIGN } from '../shared/errors.js'
import { isThenable } from '../shared/maybe-async.js'
import { kindOf } from '../shared/wording.js'
import { sendLate } from '../wire/read-batch.js'
import { PacketType } from '../wire/socket-io-packages.js'
import type { EmitCheck } from './emits/check-emit.js'
import { RunContext } from './event-context.js'

/*
 * Passes an event on, in the place of its handler: to the rooms that its relay names, without the sender. The payload has been checked;
 * the emit is checked only if its payload is another one.
 */

/** What calls the handler of an event. */
export type Handle = (context: RunContext) => unknown

/** The context of `to` and `data`. */
export class RelayRunContext extends RunContext {
  get payload(): unknown {
    return this.event.payload
  }
}

const NOWHERE: readonly string[] = []

export function createRelay(
  event: CompiledEvent,
  { to, emit, data, project, write, volatile, membersOnly }: CompiledRelay,
  instance: FastifyInstance,
  emitCheck: Pick<EmitCheck, 'relay'>,
): Handle {
  const broken = (problem: string) => new FST_NSP_RELAY_INVALID(event.name, problem)

  /** The rooms of one event; undefined for the whole namespace. */
  function roomsOf(context: RunContext): readonly string[] | undefined {
    if (typeof to !== 'function') return to
    const named = to.call(instance, context)
    if (typeof named === 'string') return [named]
    if (named === undefined || named === null) return NOWHERE
    if (Array.isArray(named) && named.every((room) => typeof room === 'string')) return named
    throw broken(`its \`to\` must return a room, a list of rooms, or undefined for none: got ${describe(named)}`)
  }

  function dataOf(context: RunContext): unknown {
    const returned = data?.call(instance, context)
    if (isThenable(returned)) throw broken(`its \`data\` must return the payload: got ${describe(returned)}`)
    return returned
  }

  return (context) => {
    const { socket, namespace } = context
    const rooms = roomsOf(context)
    if (membersOnly && rooms?.some((room) => !socket.rooms.has(room))) throw new FST_NSP_ROOM_FOREIGN(event.name)
    if (rooms?.length === 0) return
    const send = (payload: unknown) => broadcast(namespace as Namespace, socket.id, rooms, payload)
    if (data) send(dataOf(context))
    else if (project) {
      const payload = project(context.event.payload)
      emitCheck.relay(payload, write, () => send(payload))
    } else send(context.event.payload)
  }

  /** What `socket.to(rooms).emit()` does, without an operator for each of its steps. */
  function broadcast(
    { adapter }: Namespace,
    sender: string,
    rooms: readonly string[] | undefined,
    payload: unknown,
  ): void {
    const packet = { type: PacketType.EVENT, data: payload === undefined ? [emit] : [emit, payload] }
    sendLate(() =>
      adapter.broadcast(packet, {
        rooms: new Set(rooms),
        except: new Set([sender]),
        flags: volatile ? { volatile } : {},
      }),
    )
  }
}

/** What a function of a relay has returned. Nothing awaits a promise: without a handler its rejection would end the process. */
function describe(returned: unknown): string {
  if (!isThenable(returned)) return Array.isArray(returned) ? 'a list with another value' : kindOf(returned)
  returned.then(undefined, () => {})
  return 'a promise'
}
