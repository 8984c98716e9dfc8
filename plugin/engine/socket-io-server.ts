import { createServer, type Server as HttpServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { FastifyInstance } from 'fastify'
import fastifySocketIo from 'fastify-socket.io'
import type { Server } from 'socket.io'
import type { NormalOptions } from '../definition/normalize/plugin-options.js'

/*
 * The only file that knows fastify-socket.io. It does `new Server(fastify.server)`, and with the real server in that
 * place the engine would take its requests before Fastify sees them: no hook, no inject, half of `localhost`. So it is
 * registered in a context of our own whose `server` is a virtual one, that never listens; handshake.ts feeds the engine.
 */

/** What closing the server needs to know. */
export interface SocketIoServerOptions {
  readonly io: NormalOptions['io']
  /** Runs in Fastify's preClose: the place to close the engine, for the http server waits for its connections. */
  readonly preClose: () => Promise<void>
}

export interface CreatedSocketIoServer {
  readonly io: Server
  /** Answers a request for the client's bundle, as Socket.IO does. */
  serveClient(raw: IncomingMessage, response: ServerResponse): void
}

/**
 * Makes the Socket.IO server of an instance.
 * in: a context; out: its Socket.IO server, on a virtual http server; closing with the context.
 */
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
  // The engine discards its sessions when its http server closes, and io.close() closes this one at once: sessions.ts
  // lets the sessions say goodbye first.
  virtual.removeAllListeners('close')
  io.httpServer = createFacade(instance.server, virtual)
  return { io, serveClient: (raw, response) => void virtual.emit('request', raw, response) }
}

/**
 * The application's server for who asks for `io.httpServer` (@socket.io/sticky emits connections on it), but for its end:
 * `io.close()` closes it, and that server is Fastify's to close.
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
