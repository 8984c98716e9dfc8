import { randomUUID } from 'node:crypto'
import Fastify, { type FastifyInstance } from 'fastify'
import namespaces, { createMemoryStore, defineNamespace } from 'fastify-namespaces'
import { createPostgresStore, createRedisStore } from 'fastify-namespaces/stores'
import { Type } from 'typebox'

/*
 * Payments that a client may send again, to this node or to another one. Where the acks are kept is chosen by the environment.
 */

const { REDIS_URL, DATABASE_URL } = process.env

function chooseStore() {
  if (REDIS_URL) return createRedisStore({ url: REDIS_URL })
  if (DATABASE_URL) return createPostgresStore({ url: DATABASE_URL })
  return createMemoryStore() // one node
}

export const payments = defineNamespace({
  events: {
    pay: {
      payload: Type.Object({ key: Type.String({ minLength: 16 }), to: Type.String(), cents: Type.Integer() }),
      reply: Type.Object({ receipt: Type.String() }),
      idempotency: { key: ({ key }) => key, ttlMs: 86_400_000, store: chooseStore() },
      handler: async () => ({ receipt: randomUUID() }), // the money moves here, once
    },
  },
})

export async function buildServer(): Promise<FastifyInstance> {
  const app = Fastify()
  await app.register(namespaces, {
    userIdOf: ({ query }) => (query as { user?: string }).user, // for the example: use a token
    namespaces: { '/payments': payments },
  })
  return app
}
