import { STATUS_CODES } from 'node:http'
import type { FastifyInstance, FastifyRequest, FastifySchema, onErrorHookHandler, RouteHandlerMethod } from 'fastify'
import { Answer } from './answer.js'
import { ConnectRefusal, FST_NSP_CONNECT_INVALID, FST_NSP_REFUSED, toWireError, type WireError } from './errors.js'
import { isDynamic } from './name.js'
import { type NormalDefinition, needsCompiler } from './normal-form.js'
import { deriveConnect } from './request.js'
import { type AnySchema, compileCheck, isStandardSchema, SchemaMismatch } from './schema.js'
import { after, recast } from './sequence.js'

/*
 * A namespace is a hidden CONNECT route in the context that declares it, and joining it is a request to that route: so
 * params, coercion, hooks, sessions, decorators, error handlers and log levels are Fastify's, and none is rebuilt. The
 * network can't reach it: node hands a CONNECT to an event that nobody listens to.
 */

const auths = new WeakMap<object, unknown>()

// What a route calls the parts of a definition's `schema`.
const PARTS = { params: 'params', querystring: 'query', headers: 'headers', auth: 'body' } as const
type Part = keyof typeof PARTS

// Longer than this a plain text is a page, not a message.
const MESSAGE_LENGTH = 200

/** Adds the route of a namespace to the context that declares it. `url` is without the context's prefix. */
export function addConnectRoute(context: FastifyInstance, url: string, definition: NormalDefinition): void {
  const { schema, joinHooks } = definition
  if (!context.supportedMethods.includes('CONNECT')) context.addHttpMethod('CONNECT', { hasBody: true })
  const { auth, ...parts } = takeParts(schema, (part) => !isStandardSchema(part))
  const standard = Object.entries(takeParts(schema, isStandardSchema)) as [Part, AnySchema][]
  // Fastify makes the compilers of a context, which the events need, only where a route has a schema: this one has one
  // for their sake, of something that is not there, and whatever a compiler makes of it, it refuses nobody.
  const isForEvents = auth === undefined && Object.keys(parts).length === 0 && needsCompiler(definition)
  const unused = isDynamic(context.prefix + url) ? 'querystring' : 'params'
  context.route({
    method: 'CONNECT',
    url,
    attachValidation: isForEvents,
    schema: {
      hide: true,
      ...parts,
      ...(auth !== undefined && { body: auth }),
      ...(isForEvents && { [unused]: { type: 'object' } }),
    } as FastifySchema,
    onRequest: [...joinHooks.onRequest],
    preParsing: async (request) => {
      if (auths.has(request.raw)) request.body = auths.get(request.raw)
    },
    // Last before Fastify's own validation: so a Standard Schema has its place.
    preValidation: [...joinHooks.preValidation, async (request) => checkStandard(request, standard)],
    preHandler: [...joinHooks.preHandler],
    onError: keepError,
    handler: admit,
  })
}

const admit: RouteHandlerMethod = (request, reply) => {
  if (!(reply.raw instanceof Answer)) return reply.callNotFound() // inject() can reach it
  reply.raw.admitted = request
  reply.send()
}

const keepError: onErrorHookHandler = ({ id }, reply, error, done) => {
  if (reply.raw instanceof Answer) Object.assign(reply.raw, { error, requestId: id })
  done()
}

/**
 * Asks the connect route of an address.
 * in: the handshake's request, the address, and the client's auth; out: the request that was admitted.
 * rejects with ConnectRefusal.
 */
export type Connect = (handshake: FastifyRequest, address: string, auth: object) => Promise<FastifyRequest>

export function createConnect(route: FastifyInstance['routing']): Connect {
  return (handshake, address, auth) =>
    new Promise((resolve, reject) => {
      const raw = deriveConnect(handshake.raw, address, auth)
      auths.set(raw, auth)
      const answer = new Answer(raw, ({ admitted, statusCode }) => {
        if (admitted && statusCode === 200) resolve(admitted)
        else reject(new ConnectRefusal(refusalOf(answer)))
      })
      route(raw, answer)
    })
}

function takeParts(schema: NormalDefinition['schema'], isWanted: (part: AnySchema) => boolean) {
  return Object.fromEntries(Object.entries(schema).filter(([, part]) => isWanted(part))) as NormalDefinition['schema']
}

async function checkStandard(request: FastifyRequest, parts: readonly (readonly [Part, AnySchema])[]): Promise<void> {
  for (const [part, schema] of parts) {
    const target = request as unknown as Record<string, unknown>
    const check = compileCheck(schema, undefined as never) // a Standard Schema needs no compiler
    const checked = recast(
      () => check(target[PARTS[part]]),
      (error) => {
        throw error instanceof SchemaMismatch ? invalidConnect(part, error.mismatches) : error
      },
    )
    await after(checked, (value) => {
      target[PARTS[part]] = value
    })
  }
}

function invalidConnect(part: Part, mismatches: SchemaMismatch['mismatches']): Error {
  const details = mismatches.map(({ path, message }) => ({ path: `/${part}${path}`, message }))
  return Object.assign(new FST_NSP_CONNECT_INVALID(), { details })
}

/** What an answer that is no admission tells the client: one shape, whoever gave it. */
function refusalOf({ error, requestId, statusCode, body }: Answer): WireError {
  if (error !== undefined) {
    const told = toWireError(recastError(error, statusCode))
    return told.code === 'FST_NSP_INTERNAL' ? { ...told, details: { id: requestId } } : told
  }
  // A hook, or an error handler of the application, has chosen these words itself.
  const { code, message, details } = parse(body)
  return {
    code: typeof code === 'string' ? code : 'FST_NSP_REFUSED',
    statusCode: statusCode >= 400 ? statusCode : 403,
    message: typeof message === 'string' ? message : (STATUS_CODES[statusCode] ?? new FST_NSP_REFUSED().message),
    ...(details !== undefined && { details }),
  }
}

/** An error as it was answered: its status may be the reply's, and Fastify's own validation has another shape. */
function recastError(thrown: unknown, statusCode: number): unknown {
  const { code, message, details, validation, validationContext } = Object(thrown)
  if (code === 'FST_ERR_VALIDATION' && Array.isArray(validation)) {
    const part = validationContext === 'body' ? 'auth' : validationContext
    return invalidConnect(
      part,
      validation.map((each) => ({ path: String(each.instancePath ?? ''), message: String(each.message) })),
    )
  }
  return { code, message, details, statusCode }
}

function parse(body: string): Partial<Record<keyof WireError, unknown>> {
  try {
    return Object(JSON.parse(body))
  } catch {
    return { message: body.length > 0 && body.length <= MESSAGE_LENGTH ? body : undefined }
  }
}
