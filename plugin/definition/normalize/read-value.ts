import type { AnySchema } from '../../schema/schema.js'
import { FST_NSP_DEFINITION_INVALID } from '../../shared/errors.js'
import { kindOf, suggest } from '../../shared/wording.js'

/*
 * Values that a user wrote, read one by one: each is what it must be, or is refused with the path where it stands.
 * Every function here throws FST_NSP_DEFINITION_INVALID.
 */

export type Source = Readonly<Record<string, unknown>>

/** An object that is no array; with `known`, of no other keys than these. */
export function readObject(value: unknown, path: string, known?: readonly string[]): Source {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new FST_NSP_DEFINITION_INVALID(path, `must be an object: got ${kindOf(value)}`)
  }
  const unknownKey = Object.keys(value).find((key) => known && !known.includes(key))
  if (known && unknownKey !== undefined) {
    const problem = `is unknown: ${suggest(unknownKey, known)}use one of ${known.join(', ')}`
    throw new FST_NSP_DEFINITION_INVALID(`${path}.${unknownKey}`, problem)
  }
  return value as Source
}

/** An object as a Map: its keys may be called `__proto__`. `readEntry` is given each value, its path and its key. */
export function readMap<Entry>(
  value: unknown,
  path: string,
  readEntry: (value: unknown, path: string, key: string) => Entry,
): Map<string, Entry> {
  const entries = Object.entries(readObject(value, path))
  return new Map(entries.map(([key, entry]) => [key, readEntry(entry, `${path}[${JSON.stringify(key)}]`, key)]))
}

/** The value of a key, undefined where it is left out. `type` as `typeof` gives it. */
export function read<Value>(source: Source, key: string, path: string, type: string): Value | undefined {
  const value = source[key]
  if (value === undefined || typeof value === type) return value as Value | undefined
  throw new FST_NSP_DEFINITION_INVALID(`${path}.${key}`, `must be a ${type}: got ${kindOf(value)}`)
}

/** A whole number of milliseconds from `least` on, as far as node's timers go; undefined where it is left out. */
export function readDuration(source: Source, key: string, path: string, least: 0 | 1): number | undefined {
  const value = read<number>(source, key, path, 'number')
  const isDuration = value === undefined || (Number.isInteger(value) && value >= least && value <= 2_147_483_647)
  if (isDuration) return value
  const orNone = least === 0 ? ', or 0' : ''
  throw new FST_NSP_DEFINITION_INVALID(`${path}.${key}`, `must be a whole number of milliseconds${orNone}`)
}

/** For each of these names a list of functions: of one, of several, or of none. */
export function readFunctions<Name extends string>(
  source: Source,
  names: readonly Name[],
  path: string,
): Readonly<Record<Name, readonly never[]>> {
  const listOf = (name: Name) => {
    const functions = [source[name] === undefined ? [] : source[name]].flat()
    const stranger = functions.findIndex((value) => typeof value !== 'function')
    if (stranger === -1) return Object.freeze(functions)
    const got = kindOf(functions[stranger])
    throw new FST_NSP_DEFINITION_INVALID(`${path}.${name}`, `must be a function, or an array of functions: got ${got}`)
  }
  return Object.freeze(Object.fromEntries(names.map((name) => [name, listOf(name)]))) as Record<Name, never[]>
}

/** Anything that can be a schema; undefined where it is left out. */
export function readSchema(schema: unknown, path: string): AnySchema | undefined {
  // ArkType's schemas are functions
  const isSchema = ['undefined', 'boolean', 'object', 'function'].includes(kindOf(schema))
  if (isSchema) return schema as AnySchema | undefined
  throw new FST_NSP_DEFINITION_INVALID(path, `must be a schema: got ${kindOf(schema)}`)
}
