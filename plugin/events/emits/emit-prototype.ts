import type { Namespace, Socket } from 'socket.io'
import type { AnyFunction } from '../../shared/safe-listeners.js'
import type { EmitCheck } from './check-emit.js'

/*
 * What a socket emits by itself is checked, and its rooms are bounded, whoever joins them.
 */

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
