import type { FastifyInstance } from 'fastify'
import type { createInjector, InjectedSocket, InjectorOptions, InjectSocketOptions } from './inject-socket.js'

/*
 * Loads the code of `app.injectSocket()` with its first call, so that a server in production never loads it.
 */

/**
 * Creates the decorator `injectSocket`.
 *
 * @returns the decorator, and `close`, which waits until its clients have closed
 */
export function createInjectSocket(instance: FastifyInstance, options: InjectorOptions) {
  let injector: Promise<ReturnType<typeof createInjector>> | undefined

  return {
    async injectSocket<Definition>(
      address: string,
      socketOptions?: InjectSocketOptions,
    ): Promise<InjectedSocket<Definition>> {
      injector ??= import('./inject-socket.js').then((loaded) => loaded.createInjector(instance, options))
      return (await injector).injectSocket<Definition>(address, socketOptions)
    },

    async close(): Promise<void> {
      await (await injector)?.close()
    },
  }
}
