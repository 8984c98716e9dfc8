import { fileURLToPath, pathToFileURL } from 'node:url'
import fastifyPlugin from 'fastify-plugin'
import { createConsole } from './console/create-console.js'

/*
 * The subpath export `fastify-namespaces/console`: a page to try namespaces.
 */

export type { ConsoleOptions } from './console/console-options.js'

// A CommonJS bundle has no `import.meta.url`: it must load, because `baseDir` may be set.
const [here] = [import.meta.url, pathToFileURL(String(process.argv[1])).href].filter(Boolean)
// In the sources and in the build the page is as far from here.
const pageFiles = fileURLToPath(new URL('../dist/console/', here))

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
