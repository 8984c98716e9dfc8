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
  let injector: ReturnType<typeof createInjector> | undefined

  return {
    async injectSocket<Definition>(
      address: string,
      socketOptions?: InjectSocketOptions,
    ): Promise<InjectedSocket<Definition>> {
      const { createInjector } = await import('./inject-socket.js')
      injector ??= createInjector(instance, options)
      return injector.injectSocket<Definition>(address, socketOptions)
    },

    async close(): Promise<void> {
      await injector?.close()
    },
  }
}
