import { type IncomingMessage, ServerResponse } from 'node:http'
import type { Answer } from './answer.js'

/*
 * Responses to an upgrade that is none: on its raw connection, which ends with it.
 */

type Route = (raw: IncomingMessage, response: ServerResponse) => void

/** Sends an upgrade through Fastify as a plain request. */
export function routeUpgrade(route: Route, raw: IncomingMessage): void {
  route(raw, respondTo(raw))
}

/** Sends what Fastify has answered to a handshake, and was no acceptance. */
export function refuseUpgrade(raw: IncomingMessage, answer: Answer): void {
  respondTo(raw).writeHead(answer.statusCode, answer.endToEndHeaders).end(answer.body)
}

function respondTo(raw: IncomingMessage): ServerResponse {
  const connection = raw.socket
  const response = new ServerResponse(raw)
  response.shouldKeepAlive = false
  response.assignSocket(connection)
  response.once('finish', () => connection.destroySoon())
  return response
}
