import { createHash } from 'node:crypto'
import type { FastifyInstance, RouteShorthandOptions } from 'fastify'

/** A text that a route serves. */
export interface RoutedText {
  /** The value of the header Content-Type. */
  readonly type: string
  /** Called for each request. The text is always the same. */
  readonly read: () => string | Promise<string>
}

/** Adds a route for a text, with an ETag. It is hidden from @fastify/swagger. */
export function addTextRoute(
  instance: FastifyInstance,
  url: string,
  { type, read }: RoutedText,
  options: RouteShorthandOptions = {},
): void {
  let etag: string | undefined
  instance.get(url, { ...options, schema: { hide: true } as object }, async (request, reply) => {
    const text = await read()
    etag ??= `"${createHash('sha256').update(text).digest('base64url')}"`
    // It may be kept, but not used without asking.
    reply.header('cache-control', 'no-cache').header('etag', etag)
    if (isKnown(request.headers['if-none-match'], etag)) return reply.code(304).send()
    return reply.type(type).send(text)
  })
}

/** Whether a client has it. A proxy that compresses makes an ETag weak. */
function isKnown(header: string | undefined, etag: string): boolean {
  const known = (header ?? '').split(',').map((each) => each.trim().replace(/^W\//, ''))
  return known.includes(etag) || known.includes('*')
}
