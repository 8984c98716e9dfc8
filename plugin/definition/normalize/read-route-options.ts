import type { JoinHook, JoinRouteOptions } from '../join-types.js'
import { read, readFunctions, readObject, type Source } from './read-value.js'

/*
 * Reads the route options of a definition: the hooks of joining, and the other options of a Fastify route that apply to it.
 */

const JOIN_HOOK_NAMES = [
  'onRequest',
  'preParsing',
  'preValidation',
  'preHandler',
  'preSerialization',
  'onSend',
  'onResponse',
  'onRequestAbort',
] as const

// The other options of a route, with their types.
const ROUTE_KEYS = {
  config: 'object',
  constraints: 'object',
  logLevel: 'string',
  logSerializers: 'object',
  errorHandler: 'function',
  schemaErrorFormatter: 'function',
  attachValidation: 'boolean',
} as const satisfies Partial<Record<keyof JoinRouteOptions, string>>

export const ROUTE_NAMES: readonly string[] = [...JOIN_HOOK_NAMES, ...Object.keys(ROUTE_KEYS)]

type ShortHooks = Record<'onRequest' | 'preValidation' | 'preHandler', readonly JoinHook[]>

/** The hooks of joining: always arrays. */
export type NormalJoinHooks = Readonly<ShortHooks & Record<(typeof JOIN_HOOK_NAMES)[number], readonly never[]>>

/** The given options, unchanged. */
export type NormalRoute = Readonly<Pick<JoinRouteOptions, keyof typeof ROUTE_KEYS>>

/** @throws FST_NSP_DEFINITION_INVALID naming the path, if a hook is not a function */
export function readJoinHooks(source: Source, path: string): NormalJoinHooks {
  return readFunctions(source, JOIN_HOOK_NAMES, path)
}

/** @throws FST_NSP_DEFINITION_INVALID naming the path, if an option has the wrong type */
export function readRoute(source: Source, path: string): NormalRoute {
  const given = Object.entries(ROUTE_KEYS).filter(([key]) => source[key] !== undefined)
  return Object.freeze(
    Object.fromEntries(
      given.map(([key, type]) => {
        if (type === 'object') return [key, readObject(source[key], `${path}.${key}`)]
        return [key, read(source, key, path, type)]
      }),
    ),
  )
}
