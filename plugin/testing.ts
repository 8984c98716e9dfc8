import type { FastifyInstance } from 'fastify'
import type { InjectedSocket, InjectSocketOptions } from './testing/inject-socket.js'

export type { InjectedSocket, InjectSocketOptions } from './testing/inject-socket.js'

/*
 * The subpath export `fastify-namespaces/testing`: injectSocket as a function, and its types.
 */

/**
 * Joins a namespace of an app in this process with Socket.IO's own client: `app.injectSocket()` as a function, for code whose
 * type of the app does not show the decorators of the plugin.
 *
 * @param app - an instance with the plugin
 * @param address - the address of a namespace
 * @throws as `app.injectSocket()` does
 *
 * @example
 * import { injectSocket } from 'fastify-namespaces/testing'
 *
 * const client = await injectSocket<typeof chat>(app, '/chat', { auth: { token } })
 */
export function injectSocket<Definition = unknown>(
  app: Pick<FastifyInstance, 'injectSocket'>,
  address: string,
  options?: InjectSocketOptions,
): Promise<InjectedSocket<Definition>> {
  return app.injectSocket<Definition>(address, options)
}
