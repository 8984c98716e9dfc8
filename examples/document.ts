import { createHash, timingSafeEqual } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import namespaces, { defineNamespace } from 'fastify-namespaces'
import namespacesConsole from 'fastify-namespaces/console'
import { Type } from 'typebox'

/*
 * A support desk whose AsyncAPI document and console are served behind a password.
 *
 * DOCUMENT_PASSWORD=… node --import tsx examples/document.ts
 */

const Message = Type.Object(
  {
    from: Type.String({ description: 'The name of the person' }),
    text: Type.String({ maxLength: 2000 }),
    at: Type.String({ format: 'date-time' }),
  },
  { $id: 'Message' },
)

export const ticket = defineNamespace({
  summary: 'One ticket',
  description: 'The conversation of a customer with the support desk.',
  tags: ['support'],
  schema: {
    params: Type.Object({ ticketId: Type.Integer({ description: 'The number of the ticket', examples: [4711] }) }),
    auth: Type.Object({ token: Type.String() }),
  },
  emits: {
    'message:new': { summary: 'Somebody has said something', payload: Message },
  },
  events: {
    'message:send': {
      summary: 'Says something',
      payload: Type.Object({ from: Type.String(), text: Type.String({ maxLength: 2000 }) }),
      examples: [{ from: 'Ada', text: 'The printer is on fire' }],
      reply: Message,
      errors: { TICKET_CLOSED: Type.Object({ closedAt: Type.String({ format: 'date-time' }) }) },
      handler: ({ from, text }, { namespace, params, error }) => {
        if (params.ticketId === 0) throw error('TICKET_CLOSED', { closedAt: '2026-01-01T00:00:00Z' })
        const message = { from, text, at: new Date().toISOString() }
        namespace.emit('message:new', message)
        return message
      },
    },
    'ticket:watch': {
      deprecated: true,
      description: 'Does nothing: every socket gets `message:new`.',
      handler: () => {},
    },
    'ticket:dump': { hide: true, handler: () => ({ memory: process.memoryUsage().rss }) },
  },
})

/** Asks for a password. A browser shows its own dialogue. */
async function askForPassword({ headers }: FastifyRequest, reply: FastifyReply): Promise<FastifyReply | undefined> {
  const expected = `Basic ${Buffer.from(`docs:${process.env.DOCUMENT_PASSWORD ?? 'docs'}`).toString('base64')}`
  if (timingSafeEqual(digest(headers.authorization ?? ''), digest(expected))) return undefined
  return reply.code(401).header('www-authenticate', 'Basic realm="docs"').send({ message: 'Which password?' })
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}

/** Builds the server without listening. */
export async function buildServer(): Promise<FastifyInstance> {
  const app: FastifyInstance = Fastify()
  await app.register(namespaces, {
    namespaces: { '/tickets/:ticketId': ticket },
    document: {
      info: { title: 'Support desk', version: '1.0.0' },
      servers: { production: { host: 'desk.example.com', protocol: 'wss' } },
      hooks: { onRequest: askForPassword },
    },
  })
  await app.register(namespacesConsole, { theme: { title: 'Support desk' }, uiHooks: { onRequest: askForPassword } })
  return app
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const app = await buildServer()
  console.log(
    await app.listen({ port: Number(process.env.PORT ?? 3000) }),
    '-> /namespaces/ and /namespaces/asyncapi.json',
  )
}
