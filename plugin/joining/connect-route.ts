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
import type { NormalDefinition } from '../definition/normalize/normalize-definition.js'
import type { ConnectResponse } from '../engine/http/captured-response.js'
import { isRawConnect, type RawConnect } from '../engine/http/raw-connect.js'
import { redactRouteLogs } from '../engine/http/redacted-logs.js'
import { type AnySchema, compileCheck, isStandardSchema, SchemaMismatch } from '../schema/schema.js'
import { captureScope } from '../shared/async-scope.js'
import { invalidConnect } from './connect-error.js'
import { createExpiryHook } from './expiry.js'

/*
 * A namespace is a hidden CONNECT route in the context that declares it; to join the namespace is a request to that route.
 * Fastify itself does params, coercion, hooks, HTTP sessions, decorators, error handlers and log levels. A constraint
 * separates the two kinds: a connect matches these routes only, and any other request matches none of them.
 */

// The part of a request that each part of a definition's `schema` describes.
const PARTS = { params: 'params', querystring: 'query', headers: 'headers', auth: 'body' } as const
type SchemaPart = keyof typeof PARTS

/*
 * The router derives the constraint's value from a connect, so that only a route with it matches. From any other request it
 * derives none. Routes with the same path and another constraint are not duplicates.
 */
const CONSTRAINT = 'fastifyNamespaces'
const IS_CONNECT = 'connect'
const onlyConnects = {
  name: CONSTRAINT,
  storage: () => new Map() as never, // find-my-way keeps numbers there
  deriveConstraint: (raw: object) => (isRawConnect(raw) ? IS_CONNECT : undefined),
  mustMatchWhenDerived: true,
}

// One object for all routes, so that Fastify compiles it once.
const UNUSED = { type: 'object' }

/** Whether any schema of a definition's events or emits needs the JSON Schema compiler of a context. */
function needsCompiler(definition: NormalDefinition): boolean {
  const schemas = [
    ...[...definition.emits.values(), ...definition.events.values()].flatMap(({ payload, reply }) => [payload, reply]),
    ...[...definition.events.values()].flatMap(({ stream, errors }) => [stream?.item, ...errors.values()]),
    ...[...definition.rooms.values()].map(({ params }) => params),
  ]
  return schemas.some((schema) => schema !== undefined && !isStandardSchema(schema))
}

/** Adds the connect route of a namespace to the context that declares it. `url` is without the context's prefix. */
export function addConnectRoute(context: FastifyInstance, url: string, definition: NormalDefinition): void {
  const { schema, joinHooks, route } = definition
  // The application may have added CONNECT already, without a body.
  context.addHttpMethod('CONNECT', { hasBody: true, overrideExisting: true })
  if (!context.hasConstraintStrategy(CONSTRAINT)) context.addConstraintStrategy(onlyConnects)
  const { auth, ...parts } = takeParts(schema, (part) => !isStandardSchema(part))
  const standard = Object.entries(takeParts(schema, isStandardSchema)) as [SchemaPart, AnySchema][]
  // Fastify makes a context's compilers, which the events need, only for routes with a schema. A route that has none gets
  // one for a part that is never present, so it refuses nothing. The `response` is empty: nothing to compile.
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
    // Last before Fastify's own validation, so that Standard Schemas are checked at the same point.
    preValidation: [
      ...joinHooks.preValidation,
      ...(standard.length > 0
        ? [async (request: FastifyRequest) => checkStandard(request, standard, route.attachValidation)]
        : []),
    ],
    preHandler: [...joinHooks.preHandler, createExpiryHook(definition, context, Date.now)],
    onError: keepErrorOf(definition),
    // Last, so that it does not run if a hook before it throws.
    onSend: [...joinHooks.onSend, markSendable],
    onResponse: [...joinHooks.onResponse, markBegun],
    handler: admit,
  })
}

/** Binds the functions of route options to the instance: Fastify calls them without `this`. */
function bind(route: NormalDefinition['route'], context: FastifyInstance): NormalDefinition['route'] {
  const { errorHandler, schemaErrorFormatter } = route
  return {
    ...route,
    ...(errorHandler && { errorHandler: errorHandler.bind(context) }),
    ...(schemaErrorFormatter && { schemaErrorFormatter: schemaErrorFormatter.bind(context) }),
  }
}

/** Copies the lists of hooks: other plugins push their own hooks into the lists of a route. */
function copyOf(hooks: NormalDefinition['joinHooks']) {
  return Object.fromEntries(Object.entries(hooks).map(([name, list]) => [name, [...list]]))
}

const setAuth: onRequestHookHandler = (request, _reply, done) => {
  request.body = (request.raw as RawConnect).auth
  done()
}

const admit: RouteHandlerMethod = (request, reply) => {
  ;(request.raw as RawConnect).scope = captureScope()
  ;(reply.raw as ConnectResponse).admitted = request
  reply.send()
}

// Present so that Fastify listens for `finish`, which shows that it has begun: Fastify listens only if an onResponse hook exists.
const markBegun: onResponseHookHandler = (_request, _reply, done) => done()

function keepErrorOf({ route }: NormalDefinition): onErrorHookHandler {
  return ({ id, log, server }, reply, error, done) => {
    const isWorded = route.errorHandler !== undefined || server.errorHandler !== findDefaultErrorHandler()
    // A payload with a content type, or a stream that ends with the response: its error is not a refusal.
    const isOfSending = reply.hasHeader('content-type') || reply.raw.listenerCount('close') > 0
    Object.assign(reply.raw, { error, isWorded, isOfSending, requestId: id, log })
    done()
  }
}

const markSendable: onSendHookHandler = (_request, reply, _payload, done) => {
  ;(reply.raw as ConnectResponse).isSendable = true
  done()
}

let defaultErrorHandler: FastifyInstance['errorHandler'] | undefined

/** Fastify's default error handler, from a new instance. Another copy of Fastify has another one. */
function findDefaultErrorHandler(): FastifyInstance['errorHandler'] {
  defaultErrorHandler ??= Fastify().errorHandler
  return defaultErrorHandler
}

function takeParts(schema: NormalDefinition['schema'], isWanted: (part: AnySchema) => boolean) {
  return Object.fromEntries(Object.entries(schema).filter(([, part]) => isWanted(part))) as NormalDefinition['schema']
}

/** Checks the parts that have a Standard Schema. `isAttached` is Fastify's attachValidation: hooks handle the mismatch. */
async function checkStandard(
  request: FastifyRequest,
  parts: readonly (readonly [SchemaPart, AnySchema])[],
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
