import type { FastifyInstance } from 'fastify'
import type { createInjector, InjectedSocket, InjectorOptions, InjectSocketOptions } from './inject-socket.js'

/*
 * `app.injectSocket()` as a server has it: what it needs is loaded with the first call, so a server in production never loads it.
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
