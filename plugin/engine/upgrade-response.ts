import { type IncomingMessage, ServerResponse } from 'node:http'
import type { CapturedResponse } from './http/captured-response.js'
import { abort } from './http/detached-request.js'

/*
 * The HTTP response that refuses an upgrade and closes its connection.
 */

/** A response that is complete and not yet sent. */
type UnsentResponse = Pick<CapturedResponse, 'statusCode' | 'endToEndHeaders'> & {
  readonly body: Buffer | string
  readonly statusMessage?: string
}

/** Sends the response of Fastify, or of the origin policy, that refuses an upgrade. */
export function refuseUpgrade(raw: IncomingMessage, refusal: UnsentResponse): void {
  const response = respondTo(raw)
  response.statusMessage = refusal.statusMessage as string
  response.writeHead(refusal.statusCode, refusal.endToEndHeaders).end(refusal.body)
}

/** Aborts the request of an upgrade if its client disconnects before the response. */
export function watchUpgrade(raw: IncomingMessage, response: CapturedResponse): void {
  const { socket } = raw
  const gone = () => {
    socket.off('end', gone).off('close', gone)
    abort(raw)
  }
  socket.on('end', gone).on('close', gone)
  response.once('finish', () => socket.off('end', gone).off('close', gone))
}

function respondTo(raw: IncomingMessage): ServerResponse {
  const connection = raw.socket
  const response = new ServerResponse(raw)
  response.shouldKeepAlive = false
  response.assignSocket(connection)
  response.once('finish', () => connection.destroySoon())
  return response
}
