import { fileURLToPath } from 'node:url'
import fastifyStatic from '@fastify/static'
import type { FastifyInstance } from 'fastify'

/*
 * The subpath export `fastify-namespaces/console`: a page to try namespaces.
 */

export async function namespacesConsole(
  instance: FastifyInstance,
  { routePrefix = '/namespaces', baseDir = '' } = {},
): Promise<void> {
  const page = `${instance.prefix}${routePrefix}/`
  const root = baseDir || fileURLToPath(new URL('../dist/console/', import.meta.url))
  await instance.register(fastifyStatic, { root, prefix: page, decorateReply: false, redirect: true })
  instance.get(`${routePrefix}/config.json`, async () => ({
    title: 'Namespaces',
    path: instance.describeNamespaces().path,
    page,
  }))
  instance.get(`${routePrefix}/manifest.json`, async () => instance.describeNamespaces())
}
