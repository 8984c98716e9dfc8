import type { FastifyInstance } from 'fastify'
import { documentOf } from '../document/document-of.js'
import { FST_NSP_NOT_REGISTERED } from './console-errors.js'
import { type ConsoleOptions, readConsoleOptions } from './console-options.js'
import { addConsoleRoutes } from './console-routes.js'

/**
 * Creates the plugin of the console.
 *
 * @param pageFiles - the folder of the built page
 */
export function createConsole(pageFiles: string) {
  return async function namespacesConsole(instance: FastifyInstance, userOptions: ConsoleOptions): Promise<void> {
    const document = documentOf(instance)
    if (!document) throw new FST_NSP_NOT_REGISTERED()
    const options = readConsoleOptions(userOptions, pageFiles)
    const { uiHooks, prefix, routePrefix, logLevel } = options
    if (process.env.NODE_ENV === 'production' && !uiHooks) {
      instance.log.info('the console is off, because NODE_ENV is production: give it uiHooks, and it is served')
      return
    }
    await instance.register((context) => addConsoleRoutes(context, document, options), {
      prefix: prefix + routePrefix,
      ...(logLevel && { logLevel }),
    })
    const page = `${instance.prefix}${prefix}${routePrefix}/`
    instance.addHook('onListen', async () => {
      instance.log.info({ console: instance.listeningOrigin + page }, 'the console is served')
    })
  }
}
