import { createHash } from 'node:crypto'
import type { FastifyInstance } from 'fastify'
import type { NormalDocumentOptions } from '../definition/normalize/document-options.js'
import type { Document } from './create-document.js'

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
    let etag: string | undefined
    instance.get(
      `${prefix}${routePrefix}/${file}`,
      // Hidden from @fastify/swagger.
      { ...hooks, ...(logLevel && { logLevel }), schema: { hide: true } as object },
      async (request, reply) => {
        const text = await document[part]
        etag ??= `"${createHash('sha256').update(text).digest('base64url')}"`
        // It may be kept, but not used without asking.
        reply.header('cache-control', 'no-cache').header('etag', etag)
        if (isKnown(request.headers['if-none-match'], etag)) return reply.code(304).send()
        return reply.type(type).send(text)
      },
    )
  }
}

/** Whether a client has it. A proxy that compresses makes an ETag weak. */
function isKnown(header: string | undefined, etag: string): boolean {
  const known = (header ?? '').split(',').map((each) => each.trim().replace(/^W\//, ''))
  return known.includes(etag) || known.includes('*')
}
