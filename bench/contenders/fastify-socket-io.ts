import Fastify, { type FastifyPluginAsync } from 'fastify'
import fastifySocketIo from 'fastify-socket.io'
import type { Server } from 'socket.io'
import type { Scenario } from '../scenarios.js'
import { listenWith } from './built.js'
import { wireByHand } from './by-hand.js'

/*
 * The contender `fastify-socket.io`: the plugin that adds a Socket.IO server to Fastify, with the application by hand.
 */

export async function start(scenario: Scenario): Promise<number> {
  const app = Fastify()
  const loaded = fastifySocketIo as unknown as { default?: FastifyPluginAsync }
  await app.register(loaded.default ?? (fastifySocketIo as unknown as FastifyPluginAsync))
  await app.ready()
  wireByHand((app as unknown as { io: Server }).io, scenario)
  return listenWith(app)
}
