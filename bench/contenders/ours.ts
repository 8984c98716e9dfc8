import { createRequire } from 'node:module'
import Fastify, { type FastifyRequest } from 'fastify'
import { checkToken, NAMESPACE, namespacesOf, ROOM, ROOM_SEATS } from '../application.js'
import { createMessage, type Message, messageSchema, replySchema } from '../message.js'
import type { Scenario } from '../scenarios.js'
import { defineMany, listenWith, plugin } from './built.js'

/*
 * The contender `ours`: this package with schemas of payloads, replies and emits, a hook, every limit, and the logger.
 */

const { defineNamespace } = plugin
// Fastify's own logger with the setting that its documentation recommends for speed: it writes 4 kB at a time. The output goes
// to /dev/null.
const pino = createRequire(import.meta.resolve('fastify'))('pino')

interface OursOptions {
  /** The plugin's option. */
  readonly fast?: boolean
  readonly hasLog?: boolean
}

export async function start(scenario: Scenario, { fast = true, hasLog = true }: OursOptions = {}): Promise<number> {
  const app = Fastify({ logger: hasLog && { level: 'info', stream: pino.destination({ minLength: 4_096 }) } })
  const define = scenario.hasEverything ? defineFeatures : defineBench
  const definitions =
    scenario.kind === 'startup'
      ? defineMany(scenario)
      : Object.fromEntries(namespacesOf(scenario).map((name) => [name, define(scenario)]))
  await app.register(plugin.default, {
    fast,
    // High enough to refuse nothing; the events are still counted.
    limits: { eventsPerSecond: 1_000_000, joinsPerSecond: 1_000_000 },
    namespaces: definitions,
  })
  if (scenario.hasEverything) app.io.of(NAMESPACE).use((_socket, next) => next())
  return listenWith(app)
}

function defineBench({ hasHook, isUndeclared }: Scenario) {
  const heard = { events: 0 }
  let shouts = 0
  return defineNamespace({
    ...(hasHook && { onRequest: async ({ headers }: FastifyRequest) => checkToken(headers.authorization?.slice(7)) }),
    emits: { [isUndeclared ? 'other' : 'news']: { payload: messageSchema } },
    eventHooks: {
      onEvent: () => {
        heard.events++
      },
    },
    events: {
      echo: { payload: messageSchema, reply: replySchema, handler: ({ id }) => ({ id, ok: true }) },
      raw: { handler: (message) => ({ id: (message as Message).id, ok: true }) },
      binary: { handler: (data) => data },
      shout: { handler: (_, { namespace }) => void namespace.emit('news', createMessage(shouts++)) },
      'shout:room': { handler: (_, { to }) => void to(ROOM).emit('news', createMessage(shouts++)) },
      'shout:others': {
        handler: (_, { namespace }) => void namespace.except(ROOM).emit('news', createMessage(shouts++)),
      },
    },
    onConnect: ({ socket }) => {
      if (Number(socket.handshake.query.seat) < ROOM_SEATS) void socket.join(ROOM)
    },
  })
}

function defineFeatures() {
  const heard = { events: 0 }
  return defineNamespace({
    eventHooks: { onEvent: async () => {}, preHandler: async () => {} },
    events: {
      echo: { payload: messageSchema, reply: replySchema, handler: async ({ id }) => ({ id, ok: true }) },
    },
    onConnect: ({ socket }) => {
      socket.onAny(() => {
        heard.events++
      })
    },
  })
}
