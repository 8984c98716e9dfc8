import { createRequire } from 'node:module'
import Fastify, { type FastifyRequest } from 'fastify'
import { checkToken, NAMESPACE, namespacesOf, ROOM, ROOM_SEATS, teamOf } from '../application.js'
import {
  createItem,
  createMessage,
  ITEMS,
  itemSchema,
  type Message,
  messageSchema,
  pointSchema,
  replySchema,
} from '../message.js'
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
  /** Whether the items of a stream are emitted by hand. */
  readonly isByHand?: boolean
  /** Whether the emit of the broadcasts has `conflate`. */
  readonly isConflated?: boolean
}

export async function start(
  scenario: Scenario,
  { fast = true, hasLog = true, isByHand = false, isConflated = false }: OursOptions = {},
): Promise<number> {
  const app = Fastify({ logger: hasLog && { level: 'info', stream: pino.destination({ minLength: 4_096 }) } })
  const defineItems = isByHand ? defineEmits : defineStream
  const defineOther =
    { stream: defineItems, relay: defineRelay }[scenario.kind as string] ??
    (isConflated ? defineConflated : defineBench)
  const define = scenario.hasEverything ? defineFeatures : defineOther
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

function defineConflated(scenario: Scenario) {
  return defineBench(scenario, { conflate: ({ id }: Message) => id })
}

function defineBench({ hasHook, isUndeclared }: Scenario, bound = {}) {
  const heard = { events: 0 }
  let shouts = 0
  return defineNamespace({
    ...(hasHook && { onRequest: async ({ headers }: FastifyRequest) => checkToken(headers.authorization?.slice(7)) }),
    emits: { [isUndeclared ? 'other' : 'news']: { payload: messageSchema, ...bound } },
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

function defineRelay() {
  const heard = { events: 0 }
  return defineNamespace({
    emits: { move: { payload: pointSchema }, draw: { payload: pointSchema } },
    data: plugin.dataType<{ team: string }>(),
    eventHooks: {
      onEvent: () => {
        heard.events++
      },
    },
    events: {
      move: { payload: pointSchema, relay: { to: ({ socket }) => socket.data.team, volatile: true } },
      draw: { payload: pointSchema, relay: { to: ({ socket }) => socket.data.team } },
    },
    onConnect: ({ socket }) => {
      socket.data.team = teamOf(socket.handshake.query.seat)
      void socket.join(socket.data.team)
    },
  })
}

function defineStream() {
  return defineNamespace({
    events: {
      items: {
        stream: itemSchema,
        credits: 1_024,
        async *handler() {
          for (let index = 0; index < ITEMS; index++) yield createItem(index)
        },
      },
    },
  } as never)
}

function defineEmits() {
  return defineNamespace({
    emits: { item: { payload: itemSchema } },
    events: {
      items: {
        handler: (_payload, { emit }) => {
          for (let index = 0; index < ITEMS; index++) emit('item', createItem(index))
        },
      },
    },
  })
}
