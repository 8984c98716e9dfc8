import { type IncomingMessage, ServerResponse } from 'node:http'
import type { FastifyBaseLogger } from 'fastify'
import { isPrivateEngine, type PrivateEngine } from '../wire/private-fields.js'
import { findUntested, readVersions } from '../wire/tested-versions.js'
import type { CapturedResponse } from './http/captured-response.js'
import { abort } from './http/detached-request.js'

/*
 * What becomes of an upgrade: a WebSocket of the engine's, or, where it is none, a response on its raw connection, which
 * ends with it.
 */

type Upgrade = PrivateEngine['handleUpgrade']

/**
 * What the engine does with an upgrade, but for the response that it makes for its middlewares and that its connection
 * keeps, where it has none; and just what it does where it is not the engine that was tested.
 */
export function createUpgrade(engine: { handleUpgrade: Upgrade }, log: Pick<FastifyBaseLogger, 'warn'>): Upgrade {
  if (findUntested(readVersions()) === undefined) {
    if (isPrivateEngine(engine)) return upgradeWithoutResponse(engine)
    // It has no `ws` where WebSockets are not wanted.
    if ('ws' in engine && engine.ws) log.warn('fast is off for upgrades: the engine is not what it was tested with')
  }
  return engine.handleUpgrade.bind(engine)
}

function upgradeWithoutResponse(engine: PrivateEngine): Upgrade {
  return (raw, connection, head) => {
    if (engine.middlewares.length > 0) return engine.handleUpgrade(raw, connection, head)
    engine.prepare(raw)
    engine.verify(raw, true, (problem) => {
      // It refuses in its own words, and asks itself once more to do so; whom `allowRequest` refuses is not told by it.
      if (problem !== undefined) return engine.handleUpgrade(raw, connection, head)
      engine.ws.handleUpgrade(raw, connection, Buffer.from(head), (webSocket) =>
        engine.onWebSocket(raw, connection, webSocket),
      )
    })
  }
}

/** A response that has been made, and not written. */
type Written = Pick<CapturedResponse, 'statusCode' | 'endToEndHeaders'> & {
  readonly body: Buffer | string
  readonly statusMessage?: string
}

/** Sends what Fastify has answered to a handshake, and was no acceptance. */
export function refuseUpgrade(raw: IncomingMessage, answer: Written): void {
  const response = respondTo(raw)
  response.statusMessage = answer.statusMessage as string
  response.writeHead(answer.statusCode, answer.endToEndHeaders).end(answer.body)
}

/** Says so if the client of an upgrade goes before it is answered. */
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
