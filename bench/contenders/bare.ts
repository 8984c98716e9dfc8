import { createServer } from 'node:http'
import { Server } from 'socket.io'
import type { Scenario } from '../scenarios.js'
import { wireByHand } from './by-hand.js'
import { listen } from './listening.js'

/*
 * The contender `bare`: Socket.IO as in its own guide, with Ajv called by hand.
 */

export async function start(scenario: Scenario): Promise<number> {
  const server = createServer()
  wireByHand(new Server(server), scenario)
  return listen(server)
}
