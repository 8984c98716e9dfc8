import { setImmediate as nextLoop } from 'node:timers/promises'
import Fastify, { type FastifyInstance } from 'fastify'
import { z } from 'zod'
import namespaces, { Binary, defineNamespace, type NamespacesOptions } from '../../plugin/index.js'
import { listen, MODE } from '../plugin/harness.js'

/*
 * The server for hostile inputs and the fuzzer: events of every kind, in namespaces with and without a definition.
 */

/** Schemas whose validation could be made to iterate over the bytes of an attachment. */
const WALKERS = {
  text: { type: 'string' },
  list: { type: 'array', items: { type: 'object', additionalProperties: { type: 'string' } } },
  map: { type: 'object', additionalProperties: { type: 'integer' }, propertyNames: { pattern: '^' } },
  open: {},
  standard: z.looseObject({}),
  file: { type: 'object', properties: { data: Binary({ maxBytes: 1_000 }) }, additionalProperties: false },
}

const TEXT = {
  type: 'object',
  properties: { text: { type: 'string', maxLength: 1_000 } },
  required: ['text'],
  additionalProperties: false,
}

export interface Target {
  readonly app: FastifyInstance
  readonly port: number
  /** The number of handler calls. */
  readonly calls: { count: number }
  /** What the application itself keeps for its sockets; 0 without a client. */
  readonly audit: () => Readonly<Record<string, number>>
}

/** Starts the server on loopback, with the plugin's options `limits` and `fast`. */
export async function startTarget(limits: NamespacesOptions['limits'] = {}, { fast = true } = MODE): Promise<Target> {
  const calls = { count: 0 }
  /** Sockets whose onConnect has run and whose onDisconnect has not. */
  const live = new Set<unknown>()
  const room = defineNamespace({
    // Each phase of a connect takes a while, so that a connection can be lost in it.
    onRequest: async () => nextLoop(),
    preHandler: async ({ params, body }) => {
      await nextLoop()
      const { id } = params as { id: string }
      const { details } = Object(body) as { details?: unknown }
      // Details that can't be encoded: the client must get the refusal without them.
      if (id.startsWith('no')) throw Object.assign(new Error('No'), { statusCode: 409, details: { n: 10n, details } })
    },
    onConnect: async ({ socket }) => {
      live.add(socket)
      await nextLoop()
      await socket.join('room')
    },
    onDisconnect: ({ socket }) => void live.delete(socket),
    events: { any: { handler: (payload) => payload } },
  })
  const plain = defineNamespace({
    events: {
      echo: {
        payload: TEXT,
        reply: TEXT,
        handler: (payload) => {
          calls.count++
          return payload as { text: string }
        },
      },
      ...Object.fromEntries(
        Object.entries(WALKERS).map(([name, payload]) => [
          name,
          {
            payload,
            handler: () => {
              calls.count++
            },
          },
        ]),
      ),
      any: {
        handler: (payload) => {
          calls.count++
          return payload
        },
      },
      later: {
        handler: async (payload) => {
          calls.count++
          await nextLoop()
          return payload
        },
      },
      fails: {
        handler: () => {
          throw new Error('a secret')
        },
      },
      // Its ack comes after those of all events before it.
      last: {
        handler: async () => {
          for (let rest = 10; rest > 0; rest--) await nextLoop()
        },
      },
    },
  })
  const tail = {
    stream: TEXT,
    itemId: () => 1,
    credits: 4,
    readTimeoutMs: 50,
    async *handler() {
      calls.count++
      for (const text of ['one', 'two', 'three']) yield { text }
    },
  }
  const app: FastifyInstance = Fastify()
  await app.register(namespaces, {
    namespaces: {
      '/': plain,
      '/chat': { events: { ...plain.events, tail } } as never,
      '/orgs/:id': room,
      '/deaf/:id': room,
    },
    limits,
    admissionTimeoutMs: 2_000,
    fast,
    // Short, so that an abandoned engine session is closed before the test ends.
    io: { upgradeTimeout: 100, pingInterval: 2_000, pingTimeout: 1_000 },
    closeTimeoutMs: 5_000,
  })
  app.io.on('new_namespace', (namespace) => {
    // Never settles: a connect to it gets a timeout error.
    if (namespace.name.startsWith('/deaf/')) namespace.use(() => {})
    else if (namespace.name.startsWith('/orgs/')) namespace.use((_socket, next) => void nextLoop().then(() => next()))
  })
  app.get('/slow', async () => {
    for (let rest = 10; rest > 0; rest--) await nextLoop()
    return {}
  })
  app.io.of('/plain').on('connection', (socket) => {
    socket.on('any', (...args: unknown[]) => {
      calls.count++
      const ack = args.pop()
      if (typeof ack === 'function') ack({ ok: true, data: args[0] })
    })
    socket.on('last', async (ack: (envelope: unknown) => void) => {
      for (let rest = 10; rest > 0; rest--) await nextLoop()
      ack({ ok: true })
    })
    const answer = (args: unknown[]) => {
      const [payload] = args as [{ text: string }]
      const ack = args.at(-1)
      const data = payload.text.length
      if (typeof ack === 'function') ack({ ok: true, data })
    }
    socket.on('throws', (...args: unknown[]) => answer(args))
    socket.on('rejects', async (...args: unknown[]) => answer(args))
    // Trusts the reply of the client, as an application might.
    socket.on('asks', () => socket.emit('question', (answer: { text: string }) => answer.text.length))
  })
  return { app, port: await listen(app), calls, audit: () => ({ live: live.size }) }
}
