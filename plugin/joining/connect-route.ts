import Fastify, {
  type FastifyInstance,
  type FastifyRequest,
  type FastifySchema,
  type onErrorHookHandler,
  type onRequestHookHandler,
  type onResponseHookHandler,
  type onSendHookHandler,
  type RouteHandlerMethod,
} from 'fastify'
import { isDynamic } from '../definition/namespace-name.js'
import { type NormalDefinition, needsCompiler } from '../definition/normalize/normalize-definition.js'
import type { ConnectResponse } from '../engine/http/captured-response.js'
import { ConnectRequest } from '../engine/http/connect-request.js'
import { type AnySchema, compileCheck, isStandardSchema, SchemaMismatch } from '../schema/schema.js'
import { captureScope } from '../shared/async-scope.js'
import { redactRouteLogs } from '../shared/log/redaction.js'
import { invalidConnect } from './connect-error.js'
import { createExpiryHook } from './expiry.js'

/*
 * A namespace is a hidden CONNECT route in the context that declares it, and joining it is a request to that route: so
 * params, coercion, hooks, sessions, decorators, error handlers and log levels are Fastify's, and none is rebuilt. A
 * constraint keeps it apart: only a connect meets it, and a connect meets no other route.
 */

// What a route calls the parts of a definition's `schema`.
const PARTS = { params: 'params', querystring: 'query', headers: 'headers', auth: 'body' } as const
type Part = keyof typeof PARTS

/*
 * Of a connect the router derives it, so only a route that has it can match; of any other request it derives none. Routes of
 * one path that differ in it are no duplicates.
 */
const CONSTRAINT = 'fastifyNamespaces'
const IS_CONNECT = 'connect'
const onlyConnects = {
  name: CONSTRAINT,
  storage: () => new Map() as never, // find-my-way keeps numbers there
  deriveConstraint: (raw: object) => (raw instanceof ConnectRequest ? IS_CONNECT : undefined),
  mustMatchWhenDerived: true,
}

// One for all, so that it's compiled once.
const UNUSED = { type: 'object' }

/** Adds the route of a namespace to the context that declares it. `url` is without the context's prefix. */
export function addConnectRoute(context: FastifyInstance, url: string, definition: NormalDefinition): void {
  const { schema, joinHooks, route } = definition
  // An application may have it already, and without a body.
  context.addHttpMethod('CONNECT', { hasBody: true, overrideExisting: true })
  if (!context.hasConstraintStrategy(CONSTRAINT)) context.addConstraintStrategy(onlyConnects)
  const { auth, ...parts } = takeParts(schema, (part) => !isStandardSchema(part))
  const standard = Object.entries(takeParts(schema, isStandardSchema)) as [Part, AnySchema][]
  // Fastify makes the compilers of a context, which the events need, only where a route has a schema: this one has one
  // for their sake, of something that is not there, and whatever a compiler makes of it, it refuses nobody. That of its
  // responses is of none at all, so there is nothing for a compiler to make.
  const hasCompiled = needsCompiler(definition)
  const isForEvents = auth === undefined && Object.keys(parts).length === 0 && hasCompiled
  const unused = isDynamic(context.prefix + url) ? 'querystring' : 'params'
  context.route({
    ...bind(route, context),
    ...redactRouteLogs(context),
    method: 'CONNECT',
    url,
    constraints: { ...route.constraints, [CONSTRAINT]: IS_CONNECT },
    attachValidation: isForEvents || route.attachValidation === true,
    schema: {
      hide: true,
      ...parts,
      ...(auth !== undefined && { body: auth }),
      ...(isForEvents && { [unused]: UNUSED }),
      ...(hasCompiled && { response: {} }),
    } as FastifySchema,
    ...copyOf(joinHooks),
    onRequest: [setAuth, ...joinHooks.onRequest],
    // Last before Fastify's own validation: so a Standard Schema has its place.
    preValidation: [
      ...joinHooks.preValidation,
      ...(standard.length > 0
        ? [async (request: FastifyRequest) => checkStandard(request, standard, route.attachValidation)]
        : []),
    ],
    preHandler: [...joinHooks.preHandler, createExpiryHook(definition, context, Date.now)],
    onError: keepErrorOf(definition),
    // The last of them: where one before it throws, it is not reached.
    onSend: [...joinHooks.onSend, noteSending],
    onResponse: [...joinHooks.onResponse, heed],
    handler: admit,
  })
}

/** `this` is the instance in its functions, too: Fastify calls those of a route without one. */
function bind(route: NormalDefinition['route'], context: FastifyInstance): NormalDefinition['route'] {
  const { errorHandler, schemaErrorFormatter } = route
  return {
    ...route,
    ...(errorHandler && { errorHandler: errorHandler.bind(context) }),
    ...(schemaErrorFormatter && { schemaErrorFormatter: schemaErrorFormatter.bind(context) }),
  }
}

/** Plugins add hooks of their own to the lists of a route. */
function copyOf(hooks: NormalDefinition['joinHooks']) {
  return Object.fromEntries(Object.entries(hooks).map(([name, list]) => [name, [...list]]))
}

const setAuth: onRequestHookHandler = (request, _reply, done) => {
  request.body = (request.raw as unknown as ConnectRequest).auth
  done()
}

const admit: RouteHandlerMethod = (request, reply) => {
  ;(request.raw as unknown as ConnectRequest).scope = captureScope()
  ;(reply.raw as ConnectResponse).admitted = request
  reply.send()
}

// That Fastify listens for the end of an answer says that it has begun: it does so where a hook waits for that.
const heed: onResponseHookHandler = (_request, _reply, done) => done()

function keepErrorOf({ route }: NormalDefinition): onErrorHookHandler {
  return ({ id, log, server }, reply, error, done) => {
    const isWorded = route.errorHandler !== undefined || server.errorHandler !== findDefaultErrorHandler()
    // What is sent has a type, or is a stream that ends with the answer: then its error says nothing of who may join.
    const isOfSending = reply.hasHeader('content-type') || reply.raw.listenerCount('close') > 0
    Object.assign(reply.raw, { error, isWorded, isOfSending, requestId: id, log })
    done()
  }
}

const noteSending: onSendHookHandler = (_request, reply, _payload, done) => {
  ;(reply.raw as ConnectResponse).isSendable = true
  done()
}

let defaultErrorHandler: FastifyInstance['errorHandler'] | undefined

/** That of an instance to which nobody has given one: it chooses no words. Of another copy of Fastify it is another. */
function findDefaultErrorHandler(): FastifyInstance['errorHandler'] {
  defaultErrorHandler ??= Fastify().errorHandler
  return defaultErrorHandler
}

function takeParts(schema: NormalDefinition['schema'], isWanted: (part: AnySchema) => boolean) {
  return Object.fromEntries(Object.entries(schema).filter(([, part]) => isWanted(part))) as NormalDefinition['schema']
}

/** `isAttached`: as Fastify's attachValidation, what does not fit is left to the hooks. */
async function checkStandard(
  request: FastifyRequest,
  parts: readonly (readonly [Part, AnySchema])[],
  isAttached = false,
): Promise<void> {
  for (const [part, schema] of parts) {
    const target = request as unknown as Record<string, unknown>
    const check = compileCheck(schema, undefined as never) // a Standard Schema needs no compiler
    try {
      target[PARTS[part]] = await check(target[PARTS[part]])
    } catch (error) {
      if (!(error instanceof SchemaMismatch)) throw error
      const invalid = invalidConnect(part, error.mismatches)
      if (!isAttached) throw invalid
      request.validationError ??= Object.assign(invalid, {
        validation: error.mismatches,
        validationContext: PARTS[part],
      })
    }
  }
}
