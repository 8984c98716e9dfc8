import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Document } from '../document/create-document.js'
import { addTextRoute } from '../document/routes/text-route.js'
import { cacheControlOf, consoleHeaders } from './console-headers.js'
import type { NormalConsoleOptions } from './console-options.js'
import { loadStatic, readPage } from './page-files.js'

/*
 * The routes of the console, in a context of their own.
 */

const JSON_TYPE = 'application/json; charset=utf-8'

/** @param document - of the plugin, whose manifest the page shows */
export async function addConsoleRoutes(
  context: FastifyInstance,
  document: Document,
  { staticCSP, uiHooks = {}, baseDir, theme }: NormalConsoleOptions,
): Promise<void> {
  const headers = consoleHeaders(staticCSP)
  const html = await readPage(baseDir)
  const fastifyStatic = await loadStatic()
  const config = JSON.stringify({
    title: theme.title,
    path: context.describeNamespaces().path,
    page: `${context.prefix}/`,
    isLive: process.env.NODE_ENV !== 'production',
  })

  // Before the hooks of the user, so that a refusal has the headers, too.
  context.addHook('onRequest', async (_request, reply) => void reply.headers(headers))
  for (const [name, hooks] of Object.entries(uiHooks)) {
    for (const hook of [hooks].flat()) context.addHook(name as 'onRequest', hook as never)
  }
  addTextRoute(context, '/', { type: 'text/html; charset=utf-8', read: () => html }, { preHandler: addSlash })
  addTextRoute(context, '/config.json', { type: JSON_TYPE, read: () => config })
  // Not `manifest.json`, which the option `document` may serve at the same path.
  addTextRoute(context, '/description.json', { type: JSON_TYPE, read: () => document.manifest })
  await context.register(fastifyStatic, {
    root: baseDir,
    decorateReply: false,
    index: false,
    preCompressed: true,
    cacheControl: false,
    // They are made of size and time, and npm gives all files the same time: main.js with other hashes in it would count as the same.
    etag: false,
    lastModified: false,
    setHeaders: (reply, path) => void reply.header('cache-control', cacheControlOf(path)),
  })
}

/** Without a slash at its end, the page would look for its files in the folder above. */
async function addSlash({ originalUrl }: FastifyRequest, reply: FastifyReply): Promise<FastifyReply | undefined> {
  const [path = '', query = ''] = originalUrl.split(/(?=\?)/)
  if (path.endsWith('/')) return undefined
  // Relative, because a proxy may have put a prefix before the path.
  return reply.redirect(`./${path.slice(path.lastIndexOf('/') + 1)}/${query}`)
}
