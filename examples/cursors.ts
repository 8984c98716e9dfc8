import { fileURLToPath } from 'node:url'
import Fastify, { type FastifyInstance } from 'fastify'
import namespaces, { dataType, defineNamespace } from 'fastify-namespaces'
import { Type } from 'typebox'

const Point = Type.Object({ x: Type.Number(), y: Type.Number() })
const Moved = Type.Object({ ...Point.properties, user: Type.String() })
const Text = Type.Object({ text: Type.String({ maxLength: 2_000 }) })

export const doc = defineNamespace({
  description: 'A document that several people edit: who is where, and who types',
  schema: {
    params: Type.Object({ docId: Type.String() }),
    auth: Type.Object({ user: Type.String({ minLength: 1 }) }),
  },
  data: dataType<{ user: string }>(),
  emits: {
    'cursor:moved': { payload: Moved },
    'typing:start': {},
    'text:changed': { payload: Text },
  },
  events: {
    'cursor:move': {
      payload: Point,
      relay: {
        to: 'editors',
        emit: 'cursor:moved',
        data: ({ payload, socket }) => ({ ...payload, user: socket.data.user }),
        volatile: true,
      },
    },
    'typing:start': { relay: { to: 'editors' } },
    'text:change': {
      payload: Text,
      preHandler: ({ socket }) => {
        if (socket.data.user === 'guest') throw Object.assign(new Error('Guests only read'), { statusCode: 403 })
      },
      relay: { emit: 'text:changed' }, // without `to`: everybody in this document
    },
  },
  onConnect: ({ socket, request }) => {
    socket.data.user = request.body.user
    if (socket.data.user !== 'guest') void socket.join('editors')
  },
})

/** Builds the server without listening. */
export async function buildServer(): Promise<FastifyInstance> {
  const app: FastifyInstance = Fastify()
  await app.register(namespaces, { namespaces: { '/docs/:docId': doc } })
  return app
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const app = await buildServer()
  console.log(await app.listen({ port: Number(process.env.PORT ?? 3000) }))
}
