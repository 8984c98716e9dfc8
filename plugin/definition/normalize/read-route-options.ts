import type { JoinHook, JoinRouteOptions } from '../namespace-definition.js'
import { read, readFunctions, readObject, type Source } from './read-value.js'

/*
 * What a definition has of a route: the hooks of joining, and the options that a connect has a use for.
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

// What else a route takes, by its type.
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

/** The options as they were given; none that was left out. */
export type NormalRoute = Readonly<Pick<JoinRouteOptions, keyof typeof ROUTE_KEYS>>

export function readJoinHooks(source: Source, path: string): NormalJoinHooks {
  return readFunctions(source, JOIN_HOOK_NAMES, path)
}

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
