import { defineNamespace } from 'fastify-namespaces'
import { type Static, Type } from 'typebox'

/*
 * A namespace for each room. A room keeps its last messages for clients that join, and a name belongs to the first socket that
 * sends under it.
 */

const MESSAGES_KEPT = 100

const Name = Type.String({ minLength: 1, maxLength: 24, pattern: '^\\S(.*\\S)?$' })

const RoomName = Type.Union([Type.Literal('garden'), Type.Literal('kitchen'), Type.Literal('attic')])
export type RoomName = Static<typeof RoomName>

const Message = Type.Object({
  id: Type.String({ format: 'uuid' }),
  from: Name,
  text: Type.String({ maxLength: 500, pattern: '\\S' }),
  at: Type.String({ format: 'date-time' }),
})
export type Message = Static<typeof Message>

/** What is kept of a room: its last messages, and the socket that each name belongs to. Stands for a database. */
interface Room {
  readonly messages: Message[]
  readonly owners: Map<string, string>
}
const rooms = new Map<string, Room>()

function roomOf(name: string): Room {
  const room = rooms.get(name) ?? { messages: [], owners: new Map<string, string>() }
  rooms.set(name, room)
  return room
}

export const chat = defineNamespace({
  summary: 'A chat room',
  schema: { params: Type.Object({ room: RoomName }) },
  emits: { 'message:new': { payload: Message, summary: 'A message, to everyone in the room' } },
  events: {
    'message:list': {
      summary: 'The last messages, oldest first',
      reply: Type.Array(Message),
      handler: (_payload, { params }) => roomOf(params.room).messages,
    },
    'message:send': {
      summary: 'Send a message once, however often it is repeated',
      payload: Type.Omit(Message, ['at']),
      errors: { NAME_TAKEN: Type.Object({ suggestion: Name }) },
      idempotency: { key: ({ id }) => id },
      handler: ({ id, from, text }, { params, socket, namespace, error, log }) => {
        const { messages, owners } = roomOf(params.room)
        if ((owners.get(from) ?? socket.id) !== socket.id)
          throw error('NAME_TAKEN', { suggestion: nextFree(from, owners) })
        owners.set(from, socket.id)
        const message = { id, from, text: text.trim(), at: new Date().toISOString() }
        messages.push(message)
        if (messages.length > MESSAGES_KEPT) messages.shift()
        namespace.emit('message:new', message)
        log.info(`message in ${params.room}`)
      },
    },
  },
  onDisconnect: ({ socket, params }) => {
    const { owners } = roomOf(params.room)
    for (const [name, owner] of owners) if (owner === socket.id) owners.delete(name)
  },
})

function nextFree(name: string, owners: ReadonlyMap<string, string>): string {
  const stem = name.replace(/ \d+$/, '').slice(0, 20)
  for (let number = 2; ; number++) if (!owners.has(`${stem} ${number}`)) return `${stem} ${number}`
}
