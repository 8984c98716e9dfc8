import type {
  FastifyInstance,
  FastifyReply,
  FastifyRequest,
  HookHandlerDoneFunction,
  RouteShorthandOptions,
} from 'fastify'
import type { IsAny, None, OutputOf } from '../schema/schema.js'

/*
 * The types of joining a namespace, which is one Fastify request. Join maps the parts of that request to schemas; it is
 * inferred from the `schema` of a definition.
 */

export type OneOrMany<Type> = Type | readonly Type[]

type OutputAt<Join, Part> =
  IsAny<Join> extends true ? unknown : Part extends keyof Join ? OutputOf<Join[Part]> : unknown

/** The params of an address: strings, or the output of their schema. */
export type ParamsOf<Join> =
  IsAny<Join> extends true
    ? Readonly<Record<string, unknown>>
    : 'params' extends keyof Join
      ? OutputOf<Join['params']>
      : Readonly<Record<string, string>>

/** The Fastify request that joins a namespace. Its body is `auth`, and `auth.token` is its Authorization header. */
export type JoinRequest<Join = None> = FastifyRequest<{
  Params: OutputAt<Join, 'params'>
  Querystring: OutputAt<Join, 'querystring'>
  Headers: OutputAt<Join, 'headers'>
  Body: OutputAt<Join, 'auth'>
}>

// Declared as a method, because TypeScript compares the parameters of methods both ways: a definition of any types then fits.
interface JoinHookShape<Join> {
  hook(this: FastifyInstance, request: JoinRequest<Join>, reply: FastifyReply, done: HookHandlerDoneFunction): void
}

/**
 * A hook of joining, with the signature of Fastify's hooks: asynchronous, or with `done`. To refuse the socket, throw or send a
 * reply.
 *
 * @example
 * onRequest: async (request) => { await request.jwtVerify() }
 */
export type JoinHook<Join = None> = JoinHookShape<Join>['hook']

/** The hooks of joining: the hooks that a route runs before its handler. */
export interface JoinHooks<Join = None> {
  /** Runs first. Nothing is checked yet, including `auth` in `request.body`. */
  onRequest?: OneOrMany<JoinHook<Join>>
  /** Runs before the schemas are checked. */
  preValidation?: OneOrMany<JoinHook<Join>>
  /** Runs after the schemas were checked, before the socket joins. */
  preHandler?: OneOrMany<JoinHook<Join>>
}

/**
 * Fastify's other route options that apply to joining. `preParsing` receives an empty stream, because the body is `auth`.
 * `errorHandler`, `preSerialization` and `onSend` run for a refusal, and `onResponse` for every answer. With `constraints`,
 * the namespace exists only for requests that match them.
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
