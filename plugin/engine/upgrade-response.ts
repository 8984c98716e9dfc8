import { type IncomingMessage, ServerResponse } from 'node:http'
import type { FastifyBaseLogger } from 'fastify'
import { isPrivateEngine, type PrivateEngine } from '../wire/fast/private-fields.js'
import { findUntested, readVersions } from '../wire/fast/tested-versions.js'
import type { CapturedResponse } from './http/captured-response.js'
import { abort } from './http/detached-request.js'

/*
 * Completes an upgrade: by a WebSocket of the engine, or by an HTTP response that refuses it and closes the connection.
 */

type Upgrade = PrivateEngine['handleUpgrade']

/**
 * Creates the function that passes upgrades to the engine. It saves the response object that engine.io creates for its middlewares
 * and that the connection would keep. With middlewares, or an engine.io that was not tested, it is `engine.handleUpgrade`.
 */
export function createUpgrade(engine: { handleUpgrade: Upgrade }, log: Pick<FastifyBaseLogger, 'warn'>): Upgrade {
  if (findUntested(readVersions()) === undefined) {
    if (isPrivateEngine(engine)) return upgradeWithoutResponse(engine)
    // With `transports: ['polling']` the engine has no `ws`.
    if ('ws' in engine && engine.ws) log.warn('fast is off for upgrades: engine.io lacks a private field that it uses')
  }
  return engine.handleUpgrade.bind(engine)
}

function upgradeWithoutResponse(engine: PrivateEngine): Upgrade {
  return (raw, connection, head) => {
    if (engine.middlewares.length > 0) return engine.handleUpgrade(raw, connection, head)
    engine.prepare(raw)
    engine.verify(raw, true, (problem) => {
      // On failure engine.handleUpgrade() verifies again and writes the error response. For a refusal by allowRequest it
      // writes nothing: refuseUpgrade() has done so.
      if (problem !== undefined) return engine.handleUpgrade(raw, connection, head)
      engine.ws.handleUpgrade(raw, connection, Buffer.from(head), (webSocket) =>
        engine.onWebSocket(raw, connection, webSocket),
      )
    })
  }
}

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
