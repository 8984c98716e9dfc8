import Fastify from 'fastify'
import { createMessage, type Message, messageSchema, NAMESPACE, ROOM, ROOM_SEATS } from '../message.js'
import type { Scenario } from '../scenarios.js'
import { listenWith, loadPlugin } from './built.js'

/*
 * This package in its plainest dress: the one schema that is asked for, no hooks, no log, no limit that can be turned off.
 * What it emits is not declared.
 */

const limits = {
  eventsPerSecond: 0,
  eventsInFlight: 0,
  eventsWaiting: 0,
  roomsPerSocket: 0,
  namespacesPerConnection: 0,
  dynamicNamespaces: 0,
  connections: 0,
  bytesWaiting: 0,
}

export async function start(_scenario: Scenario): Promise<number> {
  const { default: namespaces, defineNamespace } = await loadPlugin()
  const app = Fastify()
  let shouts = 0
  const bench = defineNamespace({
    events: {
      echo: { payload: messageSchema, handler: ({ id }) => ({ id, ok: true }) },
      raw: { handler: (message) => ({ id: (message as Message).id, ok: true }) },
      binary: { handler: (data) => data },
      shout: {
        handler: () => {
          app.io.of(NAMESPACE).emit('news', createMessage(shouts++))
        },
      },
    },
    onConnect: ({ socket }) => {
      if (Number(socket.handshake.query.seat) < ROOM_SEATS) void socket.join(ROOM)
    },
  })
  await app.register(namespaces, { limits, namespaces: { [NAMESPACE]: bench } })
  return listenWith(app)
}
