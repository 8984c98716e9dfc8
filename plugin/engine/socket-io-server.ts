import { createServer, type Server as HttpServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { FastifyInstance } from 'fastify'
import fastifySocketIo from 'fastify-socket.io'
import type { Server } from 'socket.io'
import type { NormalOptions } from '../definition/normalize/plugin-options.js'

/*
 * Creates the Socket.IO server with fastify-socket.io, which only this file imports. That plugin calls `new Server(fastify.server)`:
 * on the real server the engine would take requests before Fastify sees them (no hooks, no inject, half of `localhost`). So it is
 * registered in a context whose `server` is another one that never listens, and handshake-route.ts passes requests to the engine.
 */

export interface SocketIoServerOptions {
  readonly io: NormalOptions['io']
  /** Runs in Fastify's preClose hook, where the engine has to be closed: the http server waits for its connections. */
  readonly preClose: () => Promise<void>
}

export interface CreatedSocketIoServer {
  readonly io: Server
  /** Answers a request for the bundle of socket.io-client, as Socket.IO does. */
  serveClient(raw: IncomingMessage, response: ServerResponse): void
}

/** Creates the Socket.IO server of an instance, on an http server that never listens. It closes with the instance. */
export async function createSocketIoServer(
  instance: FastifyInstance,
  options: SocketIoServerOptions,
): Promise<CreatedSocketIoServer> {
  const virtual = createServer()
  let io!: Server
  await instance.register(async (scope) => {
    Object.defineProperty(scope, 'server', { value: virtual })
    await scope.register(fastifySocketIo.default, {
      ...options.io,
      preClose: (done) => {
        options.preClose().then(
          () => done(),
          (error: unknown) => done(error),
        )
      },
    })
    io = scope.io
  })
  // The engine discards its sessions when its http server closes, and io.close() closes this one at once. Without this
  // listener, engine-sessions.ts can close them in order.
  virtual.removeAllListeners('close')
  io.httpServer = createFacade(instance.server, virtual)
  return { io, serveClient: (raw, response) => void virtual.emit('request', raw, response) }
}

/**
 * The value of `io.httpServer`: the real server (@socket.io/sticky emits connections on it), except for `close`. `io.close()`
 * calls that, and only Fastify may close the real server.
 */
function createFacade(real: HttpServer, virtual: HttpServer): HttpServer {
  return new Proxy(real, {
    get(server, key) {
      if (key === 'close') return virtual.close.bind(virtual)
      const value: unknown = Reflect.get(server, key, server)
      return typeof value === 'function' ? value.bind(server) : value
    },
  })
}
