import { randomBytes } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import jwt from '@fastify/jwt'
import Fastify, { type FastifyInstance, type FastifyRequest } from 'fastify'
import namespaces, { defineNamespace } from 'fastify-namespaces'
import { type Static, Type } from 'typebox'

/*
 * A token that joins, that expires, and that is renewed while the socket lives; and three namespaces over one connection:
 * one for everybody, one for those with a token, one for admins.
 *
 * JWT_SECRET=… node --import tsx examples/jwt.ts
 */

const Credentials = Type.Object({ user: Type.String(), password: Type.String() })

const Token = Type.Object({ token: Type.String({ maxLength: 4096 }) })

const Message = Type.Object({ from: Type.String(), text: Type.String() })

// In place of a database, and of hashes.
const PASSWORDS = new Map([
  ['ada', 'analytical'],
  ['ben', 'kite'],
])
const ADMINS = new Set(['ada'])
const banned = new Set<string>()

/** Whose token it was. */
function userOf({ user }: FastifyRequest): string {
  return (user as { sub: string }).sub
}

/** Whoever has a token, and is welcome. */
async function membersOnly(request: FastifyRequest): Promise<void> {
  await request.jwtVerify() // reads the Authorization header, which is `Bearer ${auth.token}` here
  if (banned.has(userOf(request))) throw Object.assign(new Error('Banned'), { statusCode: 403, code: 'BANNED' })
}

async function adminsOnly(request: FastifyRequest): Promise<void> {
  if (!ADMINS.has(userOf(request)))
    throw Object.assign(new Error('Admins only'), { statusCode: 403, code: 'ADMINS_ONLY' })
}

export const news = defineNamespace({
  description: 'For everybody',
  emits: { 'news:new': { payload: Type.String() } },
})

export const chat = defineNamespace({
  description: 'For members',
  onRequest: membersOnly,
  emits: { 'message:new': { payload: Message } },
  events: {
    'message:send': {
      payload: Type.Object({ text: Type.String({ maxLength: 2000 }) }),
      handler: ({ text }, { request, namespace }) => {
        namespace.emit('message:new', { from: userOf(request), text })
      },
    },
    'token:refresh': {
      payload: Token,
      reply: Type.Object({ user: Type.String() }),
      handler: async (auth, context) => {
        await context.reauthenticate(auth) // what refuses it is the ack
        return { user: userOf(context.request) } // the new one
      },
    },
  },
})

export const admin = defineNamespace({
  description: 'For admins',
  onRequest: [membersOnly, adminsOnly],
  events: {
    'user:ban': {
      payload: Type.Object({ user: Type.String() }),
      reply: Type.Object({ disconnected: Type.Integer() }),
      handler({ user }) {
        banned.add(user) // first: who joins again must meet it
        return { disconnected: this.disconnectUser(user, 'Banned') }
      },
    },
  },
})

/** Builds the server, not listening yet. */
export async function buildServer(): Promise<FastifyInstance> {
  const app: FastifyInstance = Fastify()
  await app.register(jwt, {
    secret: process.env.JWT_SECRET ?? randomBytes(32).toString('hex'),
    sign: { expiresIn: '10m' },
  })
  await app.register(namespaces, { namespaces: { '/news': news, '/chat': chat, '/admin': admin } })

  app.post<{ Body: Static<typeof Credentials> }>(
    '/token',
    { schema: { body: Credentials } },
    async (request, reply) => {
      const { user, password } = request.body
      if (PASSWORDS.get(user) !== password) return reply.code(401).send({ message: 'That is not the password' })
      return { token: app.jwt.sign({ sub: user }) }
    },
  )
  return app
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const app = await buildServer()
  console.log(await app.listen({ port: Number(process.env.PORT ?? 3000) }))
}
