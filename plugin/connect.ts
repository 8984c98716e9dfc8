import type { FastifyInstance, FastifySchema } from 'fastify'

/*
 * The hidden CONNECT route of a namespace. So far it is there for its context's sake: Fastify makes the schema compilers
 * of a context only where one of its routes has a schema. The network can't reach it: node hands a CONNECT to an event
 * that nobody listens to.
 */

/** Adds the route of a namespace to the context that declares it. `url` is without the context's prefix. */
export function addConnectRoute(context: FastifyInstance, url: string): void {
  if (!context.supportedMethods.includes('CONNECT')) context.addHttpMethod('CONNECT', { hasBody: true })
  const schema = { hide: true, querystring: { type: 'object' }, response: { 200: { type: 'null' } } }
  context.route({
    method: 'CONNECT',
    url,
    schema: schema as FastifySchema,
    handler: (_request, reply) => reply.callNotFound(),
  })
}
