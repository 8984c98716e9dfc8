import { fileURLToPath } from 'node:url'
import fastifyPlugin from 'fastify-plugin'
import { createConsole } from './console/create-console.js'

/*
 * The subpath export `fastify-namespaces/console`: a page to try namespaces.
 */

export type { ConsoleOptions } from './console/console-options.js'

// In the sources and in the build the page is as far from here.
const pageFiles = fileURLToPath(new URL('../dist/console/', import.meta.url))

/**
 * The Fastify plugin that serves the console: a page that shows the declared namespaces, joins them, sends events and shows what comes
 * back. Register it after fastify-namespaces. Its options are {@link ConsoleOptions}. It needs the package @fastify/static.
 *
 * @example
 * import namespacesConsole from 'fastify-namespaces/console'
 *
 * await app.register(namespacesConsole, { routePrefix: '/namespaces' })
 */
export const namespacesConsole = fastifyPlugin(createConsole(pageFiles), {
  name: 'fastify-namespaces/console',
  fastify: '5.x',
})

export default namespacesConsole
