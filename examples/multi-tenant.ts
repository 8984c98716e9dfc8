import { randomBytes } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import jwt from '@fastify/jwt'
import Fastify, { type FastifyInstance, type FastifyRequest } from 'fastify'
import namespaces, { defineNamespace } from 'fastify-namespaces'
import { type Static, Type } from 'typebox'

/*
 * One definition, one namespace for each organisation; and one hook, that guards the routes of an organisation and its
 * namespaces alike.
 *
 * JWT_SECRET=… node --import tsx examples/multi-tenant.ts
 */

const OrgParams = Type.Object({ orgId: Type.Integer() })
type OrgParams = Static<typeof OrgParams>

const Announcement = Type.Object({ from: Type.String(), text: Type.String({ maxLength: 2000 }) })

// In place of a database.
const MEMBERS = new Map([
  [1, new Set(['ada', 'ben'])],
  [2, new Set(['cleo'])],
])

/** Whose token it was. */
function userOf({ user }: FastifyRequest): string {
  return (user as { sub: string }).sub
}

async function membersOnly(request: FastifyRequest): Promise<void> {
  const { orgId } = request.params as OrgParams
  if (MEMBERS.get(orgId)?.has(userOf(request))) return
  throw Object.assign(new Error('Not your organisation'), { statusCode: 403, code: 'MEMBERS_ONLY' })
}

export const org = defineNamespace({
  description: 'One organisation',
  schema: { params: OrgParams },
  emits: {
    'announcement:new': { payload: Announcement },
    'members:online': { payload: Type.Integer() },
  },
  events: {
    'member:find': {
      payload: Type.Object({ text: Type.String() }),
      reply: Type.Array(Type.String()),
      handler: ({ text }, { params }) => [...(MEMBERS.get(params.orgId) ?? [])].filter((name) => name.includes(text)),
    },
  },
})

/** What an organisation has. `scope` has the prefix `/orgs/:orgId`. */
async function orgs(scope: FastifyInstance): Promise<void> {
  scope.addHook('onRequest', async (request) => {
    await request.jwtVerify()
  })
  scope.addHook('preHandler', membersOnly) // by then the params have been checked, and orgId is a number

  scope.namespace('/', org) // -> /orgs/:orgId

  scope.post<{ Params: OrgParams; Body: { text: string } }>(
    '/announcements', // -> /orgs/:orgId/announcements
    { schema: { params: OrgParams, body: Type.Pick(Announcement, ['text']) } },
    async (request, reply) => {
      const announcement = { from: userOf(request), text: request.body.text }
      scope.namespaceOf(org, request.params).emit('announcement:new', announcement)
      return reply.code(202).send()
    },
  )
}

/** A job: tells each organisation how many of its sockets are there. */
export async function countOnline(app: FastifyInstance): Promise<void> {
  for (const orgId of MEMBERS.keys()) {
    const live = app.namespaceOf(org, { orgId })
    const sockets = await live.fetchSockets()
    if (sockets.length > 0) live.emit('members:online', sockets.length)
  }
}

/** Builds the server, not listening yet. */
export async function buildServer(): Promise<FastifyInstance> {
  const app: FastifyInstance = Fastify()
  await app.register(jwt, { secret: process.env.JWT_SECRET ?? randomBytes(32).toString('hex') })
  await app.register(namespaces)
  await app.register(orgs, { prefix: '/orgs/:orgId' })
  return app
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const app = await buildServer()
  console.log(await app.listen({ port: Number(process.env.PORT ?? 3000) }))
  for (const sub of ['ada', 'cleo']) console.log(sub, app.jwt.sign({ sub }))
  setInterval(() => void countOnline(app).catch((error) => app.log.error(error)), 60_000).unref()
}
