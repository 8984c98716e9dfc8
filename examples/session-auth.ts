import { randomBytes } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import cookie from '@fastify/cookie'
import session from '@fastify/session'
import Fastify, { type FastifyInstance, type FastifyRequest } from 'fastify'
import namespaces, { defineNamespace } from 'fastify-namespaces'
import { type Static, Type } from 'typebox'

/*
 * Authentication with an HTTP session: a user who signs in over HTTP is signed in on the socket, because the handshake has the
 * cookie.
 *
 * SESSION_SECRET=… node --import tsx examples/session-auth.ts
 */

declare module 'fastify' {
  interface Session {
    user?: string
  }
}

const DAY_MS = 86_400_000

const Credentials = Type.Object({ user: Type.String(), password: Type.String() })

const Note = Type.Object({ from: Type.String(), text: Type.String() })

// Stands for a database of password hashes.
const PASSWORDS = new Map([
  ['ada', 'analytical'],
  ['ben', 'kite'],
])

/** The signed-in user. Throws the refusal that the client receives if nobody is signed in. */
function userOf({ session }: FastifyRequest): string {
  if (session.user === undefined) {
    throw Object.assign(new Error('Sign in first'), { statusCode: 401, code: 'SIGN_IN' })
  }
  return session.user
}

export const inbox = defineNamespace({
  description: 'Notes to a user, on each of their devices',
  preHandler: async (request) => {
    userOf(request)
  },
  expiresAt: ({ session }) => session.cookie.expires ?? undefined,
  onConnect: ({ socket, request }) => {
    socket.join(roomOf(userOf(request)))
  },
  emits: { 'note:new': { payload: Note } },
  events: {
    'note:send': {
      payload: Type.Object({ to: Type.String(), text: Type.String({ maxLength: 500 }) }),
      handler: (note, { request, to }) => {
        to(roomOf(note.to)).emit('note:new', { from: userOf(request), text: note.text })
      },
    },
  },
})

function roomOf(user: string): string {
  return `user:${user}`
}

/** Builds the server without listening. */
export async function buildServer(): Promise<FastifyInstance> {
  const app: FastifyInstance = Fastify()
  await app.register(cookie)
  await app.register(session, {
    secret: process.env.SESSION_SECRET ?? randomBytes(32).toString('hex'),
    saveUninitialized: false,
    cookie: { secure: 'auto', sameSite: 'lax', maxAge: DAY_MS },
  })
  await app.register(namespaces, {
    namespaces: { '/inbox': inbox },
    userIdOf: ({ session }) => session.user,
  })

  app.post<{ Body: Static<typeof Credentials> }>(
    '/login',
    { schema: { body: Credentials } },
    async (request, reply) => {
      const { user, password } = request.body
      if (PASSWORDS.get(user) !== password) return reply.code(401).send({ message: 'Wrong user or password' })
      await request.session.regenerate() // an id from before the login must not work after it
      request.session.user = user
      return { user }
    },
  )

  app.post('/logout', async (request) => {
    const user = userOf(request)
    await request.session.destroy() // before disconnecting: a client that joins again must be refused
    return { disconnected: app.disconnectUser(user, 'Signed out') }
  })
  return app
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const app = await buildServer()
  console.log(await app.listen({ port: Number(process.env.PORT ?? 3000) }))
}
