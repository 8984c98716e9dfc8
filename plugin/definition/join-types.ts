import type {
  FastifyInstance,
  FastifyReply,
  FastifyRequest,
  HookHandlerDoneFunction,
  RouteShorthandOptions,
} from 'fastify'
import type { InputOf, IsAny, None, OutputOf } from '../schema/schema.js'

/*
 * What is known of joining a namespace, which is one Fastify request. The type parameter is the map from a part of that
 * request to its schema, as it is inferred from the `schema` of a definition.
 */

export type OneOrMany<Type> = Type | readonly Type[]

/** The schemas of joining, by the part of the request that they check. */
export interface JoinSchemas {
  /** The parameters of the namespace's address. */
  readonly params?: unknown
  /** The query of the handshake. */
  readonly querystring?: unknown
  /** The headers of the handshake. */
  readonly headers?: unknown
  /** Socket.IO's `auth`, which a client gives for each namespace: the body of the request. */
  readonly auth?: unknown
}

type OutputAt<Join, Part> =
  IsAny<Join> extends true ? unknown : Part extends keyof Join ? OutputOf<Join[Part]> : unknown

/** The parameters of an address: strings, or what their schema makes of them. */
export type ParamsOf<Join> =
  IsAny<Join> extends true
    ? Readonly<Record<string, unknown>>
    : 'params' extends keyof Join
      ? OutputOf<Join['params']>
      : Readonly<Record<string, string>>

/** What the schema of `auth` takes; without one, whatever a client likes. */
export type AuthInputOf<Join> = 'auth' extends keyof Join ? InputOf<Join['auth']> : Record<string, unknown>

/** The Fastify request of joining. */
export type JoinRequest<Join = None> = FastifyRequest<{
  Params: OutputAt<Join, 'params'>
  Querystring: OutputAt<Join, 'querystring'>
  Headers: OutputAt<Join, 'headers'>
  Body: OutputAt<Join, 'auth'>
}>

// A method's parameter may know more than that of the method it is assigned to: so a definition goes into a list of any.
interface JoinHookShape<Join> {
  hook(this: FastifyInstance, request: JoinRequest<Join>, reply: FastifyReply, done: HookHandlerDoneFunction): void
}

/**
 * A hook of joining, of the shape that Fastify's have: asynchronous, or with `done`. What it throws, and a reply that it
 * sends, refuses the socket.
 */
export type JoinHook<Join = None> = JoinHookShape<Join>['hook']

/** The hooks of joining, by name: those that a route has before its handler. */
export interface JoinHooks<Join = None> {
  /** First of all: nothing is checked yet, `auth` in `request.body` neither. */
  onRequest?: OneOrMany<JoinHook<Join>>
  /** Before the schemas are checked. */
  preValidation?: OneOrMany<JoinHook<Join>>
  /** After they were checked, before the socket joins. */
  preHandler?: OneOrMany<JoinHook<Join>>
}

/**
 * What else a route takes, and a connect has a use for; each is Fastify's own. A connect has its `auth` for a body, which is
 * here already, so `preParsing` is given an empty stream. `errorHandler`, `preSerialization` and `onSend` are of a
 * refusal, and `onResponse` of each answer. With `constraints` the namespace is there for those requests only.
 */
export type JoinRouteOptions = Pick<
  RouteShorthandOptions,
  | 'attachValidation'
  | 'config'
  | 'constraints'
  | 'errorHandler'
  | 'logLevel'
  | 'logSerializers'
  | 'onRequestAbort'
  | 'onResponse'
  | 'onSend'
  | 'preParsing'
  | 'preSerialization'
  | 'schemaErrorFormatter'
>
