import { randomBytes } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import jwt from '@fastify/jwt'
import Fastify, { type FastifyInstance, type FastifyRequest } from 'fastify'
import namespaces, { defineNamespace } from 'fastify-namespaces'
import { type Static, Type } from 'typebox'

/*
 * Authentication with a JWT that expires and is renewed on the live socket. Three namespaces share one connection: one for
 * everybody, one for clients with a token, one for admins.
 *
 * JWT_SECRET=… node --import tsx examples/jwt.ts
 */

const Credentials = Type.Object({ user: Type.String(), password: Type.String() })

const Token = Type.Object({ token: Type.String({ maxLength: 4096 }) })

const Message = Type.Object({ from: Type.String(), text: Type.String() })

// Stands for a database of password hashes.
const PASSWORDS = new Map([
  ['ada', 'analytical'],
  ['ben', 'kite'],
])
const ADMINS = new Set(['ada'])
const banned = new Set<string>()

/** The user of the verified token. */
function userOf({ user }: FastifyRequest): string {
  return (user as { sub: string }).sub
}

/** Admits clients that have a valid token and are not banned. */
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
        await context.reauthenticate(auth) // if it is refused, the ack has the refusal
        return { user: userOf(context.request) } // the user of the new token
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
        banned.add(user) // before disconnecting: a client that joins again must be refused
        return { disconnected: this.disconnectUser(user, 'Banned') }
      },
    },
  },
})

/** Builds the server without listening. */
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
      if (PASSWORDS.get(user) !== password) return reply.code(401).send({ message: 'Wrong user or password' })
      return { token: app.jwt.sign({ sub: user }) }
    },
  )
  return app
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const app = await buildServer()
  console.log(await app.listen({ port: Number(process.env.PORT ?? 3000) }))
}
