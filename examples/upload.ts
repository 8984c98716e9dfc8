import { createHash } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import Fastify, { type FastifyInstance } from 'fastify'
import namespaces, { Binary, defineNamespace } from 'fastify-namespaces'
import { Type } from 'typebox'

const Image = Binary({ maxBytes: 500_000, contentType: 'image/png' })
const Avatar = Type.Object({ name: Type.String({ maxLength: 100 }), image: Image })

const avatars = new Map<string, Uint8Array>()

export const profile = defineNamespace({
  description: 'Avatars, as binary data',
  emits: { 'avatar:new': { payload: Avatar } },
  events: {
    'avatar:set': {
      payload: Avatar,
      reply: Type.Object({ id: Type.String(), bytes: Type.Integer() }),
      handler: ({ name, image }, { namespace }) => {
        const id = createHash('sha256').update(image).digest('hex')
        avatars.set(id, image)
        namespace.emit('avatar:new', { name, image })
        return { id, bytes: image.byteLength }
      },
    },
    'avatar:get': {
      payload: Type.Object({ id: Type.String() }),
      reply: Type.Union([Image, Type.Null()]),
      handler: ({ id }) => avatars.get(id) ?? null,
    },
  },
})

/** Builds the server without listening. */
export async function buildServer(): Promise<FastifyInstance> {
  const app: FastifyInstance = Fastify()
  await app.register(namespaces, { namespaces: { '/profile': profile } })
  return app
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const app = await buildServer()
  console.log(await app.listen({ port: Number(process.env.PORT ?? 3000) }))
}
