import { randomBytes } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import jwt from '@fastify/jwt'
import Fastify, { type FastifyInstance, type FastifyRequest } from 'fastify'
import namespaces, { defineNamespace } from 'fastify-namespaces'
import { type Static, Type } from 'typebox'

/*
 * One definition, and a namespace for each organisation. The same hooks protect the routes and the namespaces of an
 * organisation.
 *
 * JWT_SECRET=… node --import tsx examples/multi-tenant.ts
 */

const OrgParams = Type.Object({ orgId: Type.Integer() })
type OrgParams = Static<typeof OrgParams>

const Announcement = Type.Object({ from: Type.String(), text: Type.String({ maxLength: 2000 }) })

// Stands for a database.
const MEMBERS = new Map([
  [1, new Set(['ada', 'ben'])],
  [2, new Set(['cleo'])],
])

/** The user of the verified token. */
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

/** The routes and the namespace of an organisation. `scope` has the prefix `/orgs/:orgId`. */
async function orgs(scope: FastifyInstance): Promise<void> {
  scope.addHook('onRequest', async (request) => {
    await request.jwtVerify()
  })
  scope.addHook('preHandler', membersOnly) // runs after the params were checked: orgId is a number

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

/** A job: emits the number of joined sockets to each organisation. */
export async function countOnline(app: FastifyInstance): Promise<void> {
  for (const orgId of MEMBERS.keys()) {
    const live = app.namespaceOf(org, { orgId })
    const sockets = await live.fetchSockets()
    if (sockets.length > 0) live.emit('members:online', sockets.length)
  }
}

/** Builds the server without listening. */
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
