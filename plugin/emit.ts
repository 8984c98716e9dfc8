import type { Socket } from 'socket.io'
import type { EmitCheck } from './emit-check.js'

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
    const ack = typeof args.at(-1) === 'function' ? [args.pop()] : []
    let checked: unknown[]
    try {
      checked = check(this.nsp.name, event, args)
    } catch (error) {
      // What `volatile` or `timeout()` has said was for this emit: Socket.IO would keep it for the next one.
      Object.assign(this, { flags: {} })
      throw error
    }
    if (isByAdapter) return skip(() => emit.call(this, event, ...checked, ...ack))
    return emit.call(this, event, ...checked, ...ack)
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
