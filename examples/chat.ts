import { defineNamespace } from 'fastify-namespaces'
import type { Namespace, Socket } from 'socket.io'
import { Type } from 'typebox'

/*
 * A chat with rooms. A socket is in one room at a time, and the members of a room see its messages.
 */

const MEMBERS_SHOWN = 50

const Name = Type.String({ maxLength: 24, pattern: '\\S' })

const Message = Type.Object({
  room: Type.String(),
  from: Type.String(),
  text: Type.String(),
  at: Type.String({ format: 'date-time' }),
})

const Room = Type.Object({
  room: Type.String(),
  count: Type.Integer(),
  members: Type.Array(Type.String(), { maxItems: MEMBERS_SHOWN }),
})

/** The room and the name of a socket, kept in `socket.data.seat`. */
interface Seat {
  readonly room: string
  readonly name: string
}

export const chat = defineNamespace({
  description: 'Chat rooms',
  emits: { 'message:new': { payload: Message }, 'room:changed': { payload: Room } },
  events: {
    'room:join': {
      payload: Type.Object({ room: Name, name: Name }),
      reply: Room,
      handler: ({ room, name }, { socket, namespace }) => {
        leaveRoom(socket, namespace)
        const seat: Seat = { room: room.trim(), name: name.trim() }
        socket.data.seat = seat
        void socket.join(keyOf(seat.room)) // synchronous with the in-memory adapter
        const present = presentIn(namespace, seat.room)
        namespace.in(keyOf(seat.room)).emit('room:changed', present)
        return present
      },
    },
    'room:leave': {
      handler: (_payload, { socket, namespace }) => leaveRoom(socket, namespace),
    },
    'message:send': {
      payload: Type.Object({ text: Type.String({ maxLength: 500, pattern: '\\S' }) }),
      errors: { NOT_IN_ROOM: Type.Null() },
      handler: ({ text }, { socket, namespace, error }) => {
        const seat = seatOf(socket)
        if (!seat) throw error('NOT_IN_ROOM', null)
        const message = { room: seat.room, from: seat.name, text: text.trim(), at: new Date().toISOString() }
        namespace.in(keyOf(seat.room)).emit('message:new', message)
      },
    },
  },
  onDisconnect: ({ socket, namespace }) => leaveRoom(socket, namespace),
})

// Socket.IO has a room for each socket, named by its id. The prefix keeps clients from joining those.
function keyOf(room: string): string {
  return `room:${room}`
}

function seatOf(socket: Pick<Socket, 'data'>): Seat | undefined {
  return socket.data.seat
}

function leaveRoom(socket: Pick<Socket, 'data' | 'leave'>, namespace: Namespace): void {
  const seat = seatOf(socket)
  if (seat === undefined) return
  socket.data.seat = undefined
  void socket.leave(keyOf(seat.room))
  namespace.in(keyOf(seat.room)).emit('room:changed', presentIn(namespace, seat.room))
}

function presentIn(namespace: Namespace, room: string) {
  const sockets = [...(namespace.adapter.rooms.get(keyOf(room)) ?? [])].map((id) => namespace.sockets.get(id))
  const names = sockets.flatMap((socket) => (socket && seatOf(socket)?.name) ?? [])
  return { room, count: sockets.length, members: names.slice(0, MEMBERS_SHOWN) }
}
