import { fileURLToPath } from 'node:url'
import Fastify from 'fastify'
import namespaces, { defineNamespace } from 'fastify-namespaces'
import { Type } from 'typebox'

/** Finds the names of many people with one query. */
export type FindNames = (ids: readonly string[]) => Promise<Map<string, { name: string }>>

export function createLobby(findNames: FindNames) {
  return defineNamespace({
    description: 'Who is in the lobby',
    schema: { auth: Type.Object({ userId: Type.String() }) }, // a real server reads it from a verified token
    events: {
      'mood:set': {
        payload: Type.String({ maxLength: 20 }),
        handler: (mood, { presence }) => presence.update({ mood }),
      },
    },
    presence: {
      key: ({ request }) => request.body.userId,
      fetch: (ids) => findNames(ids),
      graceMs: 5_000,
    },
  })
}

/** Serves the lobby. With REDIS_URL, several nodes have one list. */
export async function buildServer(findNames: FindNames = async (ids) => new Map(ids.map((id) => [id, { name: id }]))) {
  const { REDIS_URL } = process.env
  const app = Fastify({ logger: { level: process.env.LOG_LEVEL ?? 'warn' } })
  const lobby = createLobby(findNames)
  await app.register(namespaces, {
    adapter: REDIS_URL ? { type: 'redis', url: REDIS_URL } : undefined,
    namespaces: { '/lobby': lobby },
  })
  app.get('/people', () => app.namespaceOf(lobby).presence())
  return app
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const app = await buildServer()
  console.log(await app.listen({ port: Number(process.env.PORT ?? 3000) }))
}
