import { fileURLToPath } from 'node:url'
import fastifyStatic from '@fastify/static'
import Fastify, { type FastifyInstance } from 'fastify'
import namespaces, { defineNamespaces } from 'fastify-namespaces'
import { chat } from './chat.js'
import { LogBook } from './log-book.js'
import { createLogs } from './logs.js'

/*
 * Serves two namespaces, and the front end that Vite has built.
 *
 * npm run example:typed-client
 */

const MEMORY_EVERY_MS = 2000

const book = new LogBook()

const definitions = defineNamespaces({ '/rooms/:room': chat, '/logs': createLogs(book) })

/** What the front end imports, as a type. */
export type Definitions = typeof definitions

/** Builds the server without listening. `frontEnd` is the folder that Vite has built. */
export async function buildServer(
  frontEnd = fileURLToPath(new URL('../dist', import.meta.url)),
): Promise<FastifyInstance> {
  const app: FastifyInstance = Fastify({
    logger: { level: 'debug', stream: book },
    forceCloseConnections: true, // browsers open connections in advance
  })
  await app.register(namespaces, {
    io: { connectionStateRecovery: {} }, // what is emitted while a client is away reaches it when it is back
    namespaces: definitions,
  })
  await app.register(fastifyStatic, { root: frontEnd })

  const timer = setInterval(() => {
    app.log.debug(`memory: ${Math.round(process.memoryUsage().rss / 2 ** 20)} MB`)
  }, MEMORY_EVERY_MS).unref()
  app.addHook('onClose', async () => clearInterval(timer))
  return app
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const app = await buildServer()
  console.log(await app.listen({ port: Number(process.env.PORT ?? 3000) }))
}
