import type { Namespace, Socket } from 'socket.io'
import type { AnyFunction } from '../../shared/safe-listeners.js'
import type { EmitCheck } from './check-emit.js'

/*
 * Replaces `emit` and `join` of a socket or of a socket prototype: checks what is emitted, and limits the number of rooms.
 */

/**
 * Checks the emits of a socket, or of all sockets with this prototype, before Socket.IO starts the timer of an ack.
 *
 * @param isByAdapter - with recovery on, Socket.IO emits through the adapter, whose check is then skipped
 */
export function checkEmits(socket: Socket, { check, skip }: EmitCheck, isByAdapter: boolean): void {
  const { emit } = socket
  socket.emit = function (this: Socket, event, ...args) {
    const ack = typeof args.at(-1) === 'function' ? (args.pop() as AnyFunction) : undefined
    let checked: unknown[]
    try {
      checked = check(this.nsp.name, event, args)
    } catch (error) {
      // Socket.IO would apply the flags of `volatile` and `timeout()` to the next emit.
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

/** Sends an emit with an ack. If it can't be encoded and throws, the callback is not called, and the timer is cleared. */
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
    // Socket.IO's own callback clears the timer.
    acks.get(id)?.()
    acks.delete(id)
    throw error
  }
}

/** Limits the rooms of a socket, or of all sockets with this prototype. */
export function boundRooms(socket: Socket, limit: number, refuse: () => Error): void {
  if (limit === 0) return
  const { join } = socket
  socket.join = function (this: Socket, rooms) {
    const { rooms: joined } = this
    // The socket's own room, named by its id, is not counted.
    if (joined.size - 1 + (Array.isArray(rooms) ? rooms.length : 1) > limit) {
      const added = [rooms].flat().filter((room) => !joined.has(room))
      if (joined.size - 1 + added.length > limit) throw refuse()
    }
    return join.call(this, rooms)
  }
}
