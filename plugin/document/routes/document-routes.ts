import type { FastifyInstance } from 'fastify'
import type { NormalDocumentOptions } from '../../definition/normalize/document-options.js'
import type { Document } from '../create-document.js'
import { addTextRoute } from './text-route.js'

/*
 * The routes of the document and of the manifest. They are ordinary routes of the context: its hooks run for them.
 */

const FILES = {
  'asyncapi.json': ['json', 'application/json; charset=utf-8'],
  'asyncapi.yaml': ['yaml', 'application/yaml; charset=utf-8'],
  'manifest.json': ['manifest', 'application/json; charset=utf-8'],
} as const

/** @param prefix - the prefix of the plugin */
export function addDocumentRoutes(
  instance: FastifyInstance,
  document: Document,
  { routePrefix, hooks, logLevel }: NormalDocumentOptions,
  prefix: string,
): void {
  for (const [file, [part, type]] of Object.entries(FILES)) {
    const options = { ...hooks, ...(logLevel && { logLevel }) }
    addTextRoute(instance, `${prefix}${routePrefix}/${file}`, { type, read: () => document[part] }, options)
  }
}
