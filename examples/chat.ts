import type { Namespace, Socket } from 'socket.io'
import { Type } from 'typebox'
import { defineNamespace } from '../plugin/index.js'

/*
 * Rooms to talk in: one room at a time, its members see what is said. Incoming events are checked by hand, for they
 * come from anybody; each is answered by one ack, `{ ok: true, data }` or `{ ok: false, error }`.
 */

const NAME_LENGTH = 24
const TEXT_LENGTH = 500
const MEMBERS_SHOWN = 50

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

/** Where a socket sits, kept as its `data.seat`. */
interface Seat {
  readonly room: string
  readonly name: string
}

export const chat = defineNamespace({
  description: 'Rooms to talk in',
  emits: { 'message:new': { payload: Message }, 'room:changed': { payload: Room } },
  onConnect: ({ socket, namespace }) => {
    socket.on('room:join', (input: unknown, ack: unknown) => {
      const room = readText(input, 'room', NAME_LENGTH)
      const name = readText(input, 'name', NAME_LENGTH)
      if (room === undefined) return refuse(ack, `room must be a text of 1 to ${NAME_LENGTH} characters`)
      if (name === undefined) return refuse(ack, `name must be a text of 1 to ${NAME_LENGTH} characters`)
      leaveRoom(socket, namespace)
      socket.data.seat = { room, name } satisfies Seat
      void socket.join(keyOf(room)) // the in-memory adapter does it at once
      const present = presentIn(namespace, room)
      namespace.in(keyOf(room)).emit('room:changed', present)
      accept(ack, present)
    })

    socket.on('room:leave', (ack: unknown) => {
      leaveRoom(socket, namespace)
      accept(ack)
    })

    socket.on('message:send', (input: unknown, ack: unknown) => {
      const seat = seatOf(socket)
      const text = readText(input, 'text', TEXT_LENGTH)
      if (seat === undefined) return refuse(ack, 'join a room first')
      if (text === undefined) return refuse(ack, `text must be a text of 1 to ${TEXT_LENGTH} characters`)
      const message = { room: seat.room, from: seat.name, text, at: new Date().toISOString() }
      namespace.in(keyOf(seat.room)).emit('message:new', message)
      accept(ack)
    })
  },
  onDisconnect: ({ socket, namespace }) => leaveRoom(socket, namespace),
})

// Socket.IO keeps a room for each socket, under its id: the prefix keeps people out of these.
function keyOf(room: string): string {
  return `room:${room}`
}

function seatOf(socket: Socket): Seat | undefined {
  return socket.data.seat
}

function leaveRoom(socket: Socket, namespace: Namespace): void {
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

/** The trimmed text under a key of what may be anything; undefined where there is none, or too long a one. */
function readText(input: unknown, key: string, maxLength: number): string | undefined {
  const value: unknown = Object(input)[key]
  const text = typeof value === 'string' && value.length <= maxLength ? value.trim() : ''
  return text === '' ? undefined : text
}

function accept(ack: unknown, data?: object): void {
  if (typeof ack === 'function') ack({ ok: true, ...(data && { data }) })
}

function refuse(ack: unknown, message: string): void {
  if (typeof ack === 'function') ack({ ok: false, error: { code: 'BAD_INPUT', statusCode: 400, message } })
}
