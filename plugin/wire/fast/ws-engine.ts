import type { FastifyBaseLogger } from 'fastify'
import type { ServerOptions } from 'socket.io'
import { FST_NSP_FAST_UNAVAILABLE } from '../../shared/errors.js'
import { WebSocketServer } from '../websocket/websocket-server.js'
import { findFastProblem } from './self-test.js'

/*
 * Chooses the class that engine.io makes WebSockets with, its `wsEngine` option: ours, which the fast path needs, or that of ws.
 */

// With one of these the application asks for what only another class can do.
const FOREIGN = ['perMessageDeflate', 'wsEngine'] as const

/** @returns the options that Socket.IO's server needs for our WebSockets; none if stock ws has to be used */
export async function chooseWsEngine(
  options: Partial<ServerOptions>,
  log: Pick<FastifyBaseLogger, 'info' | 'warn'>,
  findProblem = findFastProblem,
): Promise<Pick<Partial<ServerOptions>, 'wsEngine'>> {
  const foreign = FOREIGN.find((name) => options[name])
  if (foreign !== undefined) {
    log.info(`half of the fast path is off: the application sets io.${foreign}`)
    return {}
  }
  const difference = await findProblem()
  // The type asks for a class that is called without `new`.
  if (difference === undefined) return { wsEngine: WebSocketServer as never }
  const { code, message } = new FST_NSP_FAST_UNAVAILABLE(difference)
  log.warn({ code, difference }, message)
  return {}
}
