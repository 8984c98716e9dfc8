import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Server } from 'socket.io'
import type { RatedLog } from '../shared/log/rated-log.js'

/*
 * Logs frames and bodies that are larger than the engine accepts. The engine closes the connection, or answers 413, without a
 * log line; this one names the option.
 */

const MESSAGE = 'a client sent more bytes at once than limits.payloadBytes allows: raise the limit, or send less'

// The message of ws. If it changes, these closings are no longer logged.
const TOO_LARGE = /max payload size exceeded/i

/** Call it before `engine.handleRequest` is replaced or bound. */
export function logOversize({ engine }: Pick<Server, 'engine'>, log: RatedLog): void {
  const limit = Number(engine.opts.maxHttpBufferSize)
  const report = (transport: string) => void log.write('warn', { transport, limit }, MESSAGE)

  // All connections share this listener.
  const hear = (_reason: string, description: unknown) => {
    if (TOO_LARGE.test(String(Object(description).message))) report('websocket')
  }
  engine.on('connection', (connection: NodeJS.EventEmitter) => void connection.on('close', hear))

  const handleRequest = engine.handleRequest.bind(engine)
  engine.handleRequest = (raw: IncomingMessage, response: ServerResponse) => {
    // Without a Content-Length the size is known only when the engine answers.
    const length = raw.headers['content-length']
    if (raw.method !== 'POST') handleRequest(raw, response)
    else {
      if (length === undefined) response.once('finish', () => response.statusCode === 413 && report('polling'))
      else if (Number(length) > limit) report('polling')
      handleRequest(raw, response)
    }
  }
}
