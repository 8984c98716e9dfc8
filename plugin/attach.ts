import { createServer } from 'node:http'
import type { FastifyInstance } from 'fastify'
import fastifySocketIo from 'fastify-socket.io'
import type { Server } from 'socket.io'
import type { NormalOptions } from './options.js'

/*
 * The only file that knows fastify-socket.io. It does `new Server(fastify.server)`, and with the real server in that
 * place the engine would take its requests before Fastify sees them: no hook, no inject, half of `localhost`. So it is
 * registered in a context of our own whose `server` is a virtual one, that never listens; handshake.ts feeds the engine.
 */

/** What closing the server needs to know. */
export interface AttachOptions {
  readonly io: NormalOptions['io']
  /** Runs in Fastify's preClose: the place to close the engine, for the http server waits for its connections. */
  readonly preClose: () => Promise<void>
}

/**
 * Makes the Socket.IO server of an instance.
 * in: a context; out: its Socket.IO server, on a virtual http server; closing with the context.
 */
export async function attachServer(instance: FastifyInstance, options: AttachOptions): Promise<Server> {
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
  return io
}
