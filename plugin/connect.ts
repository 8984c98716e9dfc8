import Fastify, {
  type FastifyInstance,
  type FastifyRequest,
  type FastifySchema,
  type onErrorHookHandler,
  type onRequestHookHandler,
  type onResponseHookHandler,
  type RouteHandlerMethod,
} from 'fastify'
import { ConnectAnswer } from './answer.js'
import { findBinary, NOT_BINARY } from './binary-value.js'
import { FST_NSP_CLOSING } from './errors.js'
import { createExpiryHook } from './expiry.js'
import type { Attempt } from './joins.js'
import { isDynamic } from './name.js'
import { type NormalDefinition, needsCompiler } from './normal-form.js'
import { countKept, toPlain } from './plain.js'
import { invalidConnect, refusalOf } from './refusal.js'
import { type ConnectRequest, deriveConnect } from './request.js'
import { type AnySchema, compileCheck, isStandardSchema, SchemaMismatch } from './schema.js'
import { after, recast } from './sequence.js'
import { ConnectRefusal } from './wire-error.js'

/*
 * A namespace is a hidden CONNECT route in the context that declares it, and joining it is a request to that route: so
 * params, coercion, hooks, sessions, decorators, error handlers and log levels are Fastify's, and none is rebuilt. The
 * network can't reach it: node hands a CONNECT to an event that nobody listens to.
 */

// What a route calls the parts of a definition's `schema`.
const PARTS = { params: 'params', querystring: 'query', headers: 'headers', auth: 'body' } as const
type Part = keyof typeof PARTS

// One for all, so that it's compiled once.
const UNUSED = { type: 'object' }

/** Adds the route of a namespace to the context that declares it. `url` is without the context's prefix. */
export function addConnectRoute(context: FastifyInstance, url: string, definition: NormalDefinition): void {
  const { schema, joinHooks } = definition
  if (!context.supportedMethods.includes('CONNECT')) context.addHttpMethod('CONNECT', { hasBody: true })
  const { auth, ...parts } = takeParts(schema, (part) => !isStandardSchema(part))
  const standard = Object.entries(takeParts(schema, isStandardSchema)) as [Part, AnySchema][]
  // Fastify makes the compilers of a context, which the events need, only where a route has a schema: this one has one
  // for their sake, of something that is not there, and whatever a compiler makes of it, it refuses nobody. That of its
  // responses is of none at all, so there is nothing for a compiler to make.
  const hasCompiled = needsCompiler(definition)
  const isForEvents = auth === undefined && Object.keys(parts).length === 0 && hasCompiled
  const unused = isDynamic(context.prefix + url) ? 'querystring' : 'params'
  context.route({
    method: 'CONNECT',
    url,
    attachValidation: isForEvents,
    schema: {
      hide: true,
      ...parts,
      ...(auth !== undefined && { body: auth }),
      ...(isForEvents && { [unused]: UNUSED }),
      ...(hasCompiled && { response: {} }),
    } as FastifySchema,
    onRequest: [setAuth, ...joinHooks.onRequest],
    // Last before Fastify's own validation: so a Standard Schema has its place.
    preValidation: [
      ...joinHooks.preValidation,
      ...(standard.length > 0 ? [async (request: FastifyRequest) => checkStandard(request, standard)] : []),
    ],
    preHandler: [...joinHooks.preHandler, createExpiryHook(definition, Date.now)],
    onError: keepError,
    onResponse: heed,
    handler: admit,
  })
}

const setAuth: onRequestHookHandler = (request, reply, done) => {
  // inject() can reach the route.
  if (!(reply.raw instanceof ConnectAnswer)) return reply.callNotFound()
  request.body = (request.raw as unknown as ConnectRequest).auth
  done()
}

const admit: RouteHandlerMethod = (request, reply) => {
  ;(reply.raw as ConnectAnswer).admitted = request
  reply.send()
}

// That Fastify listens for the end of an answer says that it has begun: it does so where a hook waits for that.
const heed: onResponseHookHandler = (_request, _reply, done) => done()

const keepError: onErrorHookHandler = ({ id, log, server }, reply, error, done) => {
  const isWorded = server.errorHandler !== findDefaultErrorHandler()
  Object.assign(reply.raw, { error, isWorded, requestId: id, log })
  done()
}

let defaultErrorHandler: FastifyInstance['errorHandler'] | undefined

/** That of an instance to which nobody has given one: it chooses no words. Of another copy of Fastify it is another. */
function findDefaultErrorHandler(): FastifyInstance['errorHandler'] {
  defaultErrorHandler ??= Fastify().errorHandler
  return defaultErrorHandler
}

/**
 * Asks the connect route of an address.
 * in: the handshake's raw request and its log, the address, the client's auth, and whose it is: where that ends before, no further hook
 * begins, and nothing comes of it; out: the request that was admitted, at once where all of its hooks are synchronous.
 * throws, or rejects with, ConnectRefusal, or one of our own.
 */
export type Connect = (
  handshake: Pick<FastifyRequest, 'raw' | 'log'>,
  address: string,
  auth: object,
  attempt: Attempt,
) => FastifyRequest | PromiseLike<FastifyRequest>

export function createConnect(route: FastifyInstance['routing']): Connect {
  return (handshake, address, auth, attempt) => {
    const raw = deriveConnect(handshake.raw, address, copyAuth(auth))
    const answer = new ConnectAnswer(raw)
    answer.log = handshake.log
    let outcome: FastifyRequest | Error | undefined
    answer.onEnd = () => {
      outcome = outcomeOf(answer)
    }
    route(raw, answer)
    if (outcome instanceof Error) throw outcome
    if (outcome) return outcome
    return new Promise<FastifyRequest>((resolve, reject) => {
      attempt.cancel = () => answer.abandon()
      answer.onEnd = () => {
        attempt.cancel = undefined
        const end = outcomeOf(answer)
        if (end instanceof Error) reject(end)
        else resolve(end)
      }
    })
  }
}

/** A copy: schemas coerce and complete it in place. Binary data, which another `parser` may bring, reaches none of them. */
function copyAuth(auth: object): object {
  const before = countKept()
  const copy = toPlain(auth) as object
  if (countKept() === before) return copy
  throw invalidConnect('auth', [{ path: String(findBinary(copy)), message: NOT_BINARY }])
}

/** The request that was admitted, or why not; as it is when the answer ends, for a hook may go on. */
function outcomeOf(answer: ConnectAnswer): FastifyRequest | Error {
  const { admitted, statusCode } = answer
  if (admitted && statusCode < 300) return admitted
  // Fastify's word to every request while it is closing, before it has begun; whatever a hook says comes after that.
  const hasBegun = answer.listenerCount('finish') > 0
  if (!hasBegun && statusCode === 503 && answer.getHeader('connection') === 'close') return new FST_NSP_CLOSING()
  return new ConnectRefusal(refusalOf(answer))
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
