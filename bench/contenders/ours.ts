import Fastify from 'fastify'
import { createMessage, type Message, messageSchema, NAMESPACE, ROOM, ROOM_SEATS, replySchema } from '../message.js'
import type { Scenario } from '../scenarios.js'
import { listenWith, loadPlugin, type Plugin } from './built.js'

/*
 * This package with everything on: schemas of payloads, replies and emits, a hook, every limit, and the logger.
 */

export async function start(scenario: Scenario): Promise<number> {
  const plugin = await loadPlugin()
  // what production has: /dev/null is where the bench sends it
  const app = Fastify({ logger: { level: 'info' } })
  await app.register(plugin.default, {
    // high enough to refuse nothing; it is counted all the same
    limits: { eventsPerSecond: 1_000_000 },
    namespaces: { [NAMESPACE]: scenario.id === 'features' ? defineFeatures(plugin) : defineBench(plugin) },
  })
  if (scenario.id === 'features') app.io.of(NAMESPACE).use((_socket, next) => next())
  return listenWith(app)
}

function defineBench({ defineNamespace }: Plugin) {
  let shouts = 0
  const heard = { events: 0 }
  return defineNamespace({
    emits: { news: { payload: messageSchema } },
    eventHooks: {
      onEvent: () => {
        heard.events++
      },
    },
    events: {
      echo: { payload: messageSchema, reply: replySchema, handler: ({ id }) => ({ id, ok: true }) },
      raw: { handler: (message) => ({ id: (message as Message).id, ok: true }) },
      binary: { handler: (data) => data },
      shout: {
        handler: (_payload, { namespace }) => {
          namespace.emit('news', createMessage(shouts++))
        },
      },
    },
    onConnect: ({ socket }) => {
      if (Number(socket.handshake.query.seat) < ROOM_SEATS) void socket.join(ROOM)
    },
  })
}

function defineFeatures({ defineNamespace }: Plugin) {
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
