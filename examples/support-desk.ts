import { fileURLToPath } from 'node:url'
import Fastify, { type FastifyInstance } from 'fastify'
import namespaces, { defineNamespace, roomName } from 'fastify-namespaces'
import { Type } from 'typebox'

const Ticket = Type.Object({ id: Type.Integer({ minimum: 1 }) })
const Message = Type.Object({ id: Type.Integer(), text: Type.String({ maxLength: 2_000 }) })

/** Who may read which ticket. */
const customers: Readonly<Record<number, string>> = { 1: 'ada', 2: 'ben' }

export const desk = defineNamespace({
  description: 'A support desk: each ticket is a room',
  schema: { auth: Type.Object({ user: Type.String({ minLength: 1 }) }) },
  emits: {
    'message:new': { payload: Type.Object({ ...Message.properties, from: Type.String() }) },
    'typing:start': { payload: Ticket },
  },
  rooms: {
    'ticket/:id': {
      params: Ticket,
      description: 'The messages of one ticket',
      preJoin: ({ room, request }) => {
        const { user } = request.body
        if (user === 'support' || customers[room.params.id] === user) return
        throw Object.assign(new Error('This ticket is not yours'), { statusCode: 403, code: 'NOT_YOURS' })
      },
      presence: { key: ({ request }) => request.body.user, meta: ({ room }) => ({ reads: room.params.id }) },
    },
  },
  events: {
    'typing:start': { payload: Ticket, relay: { to: ({ payload }) => roomName('ticket/:id', payload) } },
    'message:send': {
      payload: Message,
      errors: { NOT_IN_ROOM: Type.Null() },
      handler: ({ id, text }, { socket, request, to, error }) => {
        if (!socket.rooms.has(roomName('ticket/:id', { id }))) throw error('NOT_IN_ROOM', null)
        to.ticket({ id }).emit('message:new', { id, text, from: request.body.user })
      },
    },
  },
})

/** Builds the server without listening. */
export async function buildServer(): Promise<FastifyInstance> {
  const app: FastifyInstance = Fastify()
  await app.register(namespaces, { namespaces: { '/desk': desk } })
  return app
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const app = await buildServer()
  console.log(await app.listen({ port: Number(process.env.PORT ?? 3000) }))
}
