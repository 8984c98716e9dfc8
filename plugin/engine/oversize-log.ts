import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Server } from 'socket.io'
import type { RatedLog } from '../shared/log/rated-log.js'

/*
 * Frames and bodies that have more bytes than the engine takes. It ends their connection, or answers 413, and says nothing:
 * here the log is told which option it was.
 */

const MESSAGE = 'a client has sent more at once than limits.payloadBytes lets through: raise it, or send less'

// The words of ws; should they change, its closing is as silent as it was.
const TOO_LARGE = /max payload size exceeded/i

/** Call it before anybody keeps the engine's `handleRequest`. */
export function logOversize({ engine }: Pick<Server, 'engine'>, log: RatedLog): void {
  const limit = Number(engine.opts.maxHttpBufferSize)
  const report = (transport: string) => void log.write('warn', { transport, limit }, MESSAGE)

  // One for all connections.
  const hear = (_reason: string, description: unknown) => {
    if (TOO_LARGE.test(String(Object(description).message))) report('websocket')
  }
  engine.on('connection', (connection: NodeJS.EventEmitter) => void connection.on('close', hear))

  const handleRequest = engine.handleRequest.bind(engine)
  engine.handleRequest = (raw: IncomingMessage, response: ServerResponse) => {
    // A body that does not say how long it is may turn out to be too long.
    const length = raw.headers['content-length']
    if (raw.method !== 'POST') handleRequest(raw, response)
    else {
      if (length === undefined) response.once('finish', () => response.statusCode === 413 && report('polling'))
      else if (Number(length) > limit) report('polling')
      handleRequest(raw, response)
    }
  }
}
