import Fastify, { type FastifyRequest } from 'fastify'
import type { Namespace } from 'socket.io'
import type { AnyNamespaceDefinition } from '../../plugin/index.js'
import { checkToken, namespacesOf, ROOM, ROOM_SEATS, teamOf } from '../application.js'
import { createMessage, type Message, messageSchema, pointSchema } from '../message.js'
import type { Scenario } from '../scenarios.js'
import { listenWith, plugin } from './built.js'

/*
 * The contender `ours plain`: this package with the one schema that the scenarios need, without hooks and log, with every
 * limit off that can be turned off. Its emits are not declared.
 */

const { defineNamespace } = plugin

const limits = {
  eventsPerSecond: 0,
  eventsInFlight: 0,
  eventsWaiting: 0,
  roomsPerSocket: 0,
  namespacesPerConnection: 0,
  joinsPerSecond: 0,
  dynamicNamespaces: 0,
  connections: 0,
  bytesWaiting: 0,
}

export async function start(scenario: Scenario): Promise<number> {
  const app = Fastify()
  const define = (name: string) => (scenario.kind === 'relay' ? defineRelay() : defineBench(app.io.of(name), scenario))
  await app.register(plugin.default, { limits })
  for (const name of namespacesOf(scenario)) app.namespace(name, define(name) as AnyNamespaceDefinition)
  return listenWith(app)
}

function defineBench(namespace: Namespace, { hasHook }: Scenario) {
  let shouts = 0
  return defineNamespace({
    ...(hasHook && { onRequest: async ({ headers }: FastifyRequest) => checkToken(headers.authorization?.slice(7)) }),
    events: {
      echo: { payload: messageSchema, handler: ({ id }) => ({ id, ok: true }) },
      raw: { handler: (message) => ({ id: (message as Message).id, ok: true }) },
      binary: { handler: (data) => data },
      shout: { handler: () => void namespace.emit('news', createMessage(shouts++)) },
      'shout:room': {
        // Does what socket.to() does; its types have no emits here.
        handler: (_, { socket }) => void namespace.to(ROOM).except(socket.id).emit('news', createMessage(shouts++)),
      },
      'shout:others': { handler: () => void namespace.except(ROOM).emit('news', createMessage(shouts++)) },
    },
    onConnect: ({ socket }) => {
      if (Number(socket.handshake.query.seat) < ROOM_SEATS) void socket.join(ROOM)
    },
  })
}

function defineRelay() {
  const to = ({ socket }: { socket: { handshake: { query: { seat?: unknown } } } }) =>
    teamOf(socket.handshake.query.seat)
  return defineNamespace({
    events: {
      move: { payload: pointSchema, relay: { to, volatile: true } },
      draw: { payload: pointSchema, relay: { to } },
    },
    onConnect: (context) => void context.socket.join(to(context)),
  })
}
