import type { AnySchema } from '../../schema/schema.js'
import { FST_NSP_DEFINITION_INVALID } from '../../shared/errors.js'
import { kindOf, suggest } from '../../shared/wording.js'

/*
 * Reads values of a definition and checks their types. Every function here throws FST_NSP_DEFINITION_INVALID with the path of
 * the value.
 */

export type Source = Readonly<Record<string, unknown>>

/**
 * Reads an object that is not an array.
 *
 * @param known - the allowed keys. Default: any.
 */
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

/**
 * Reads an object as a Map, because one of its keys may be `__proto__`.
 *
 * @param readEntry - reads one value, with its path and its key
 */
export function readMap<Entry>(
  value: unknown,
  path: string,
  readEntry: (value: unknown, path: string, key: string) => Entry,
): Map<string, Entry> {
  const entries = Object.entries(readObject(value, path))
  return new Map(entries.map(([key, entry]) => [key, readEntry(entry, `${path}[${JSON.stringify(key)}]`, key)]))
}

/**
 * Reads an optional value.
 *
 * @param type - the result of `typeof`
 */
export function read<Value>(source: Source, key: string, path: string, type: string): Value | undefined {
  const value = source[key]
  if (value === undefined || typeof value === type) return value as Value | undefined
  throw new FST_NSP_DEFINITION_INVALID(`${path}.${key}`, `must be a ${type}: got ${kindOf(value)}`)
}

/** Reads an optional whole number of milliseconds, from `least` to the maximum of Node.js timers. */
export function readDuration(source: Source, key: string, path: string, least: 0 | 1): number | undefined {
  const value = read<number>(source, key, path, 'number')
  const isDuration = value === undefined || (Number.isInteger(value) && value >= least && value <= 2_147_483_647)
  if (isDuration) return value
  const orNone = least === 0 ? ', or 0' : ''
  throw new FST_NSP_DEFINITION_INVALID(`${path}.${key}`, `must be a whole number of milliseconds${orNone}`)
}

/** Reads an optional word out of a list. */
export function readWord<Word extends string>(
  source: Source,
  key: string,
  path: string,
  words: readonly Word[],
): Word | undefined {
  const value = source[key]
  if (value === undefined || words.includes(value as Word)) return value as Word | undefined
  const got = typeof value === 'string' ? JSON.stringify(value) : kindOf(value)
  throw new FST_NSP_DEFINITION_INVALID(`${path}.${key}`, `must be one of ${words.join(', ')}: got ${got}`)
}

/** Reads, for each name, a function or an array of functions. The result always has arrays. */
export function readFunctions<Name extends string>(
  source: Source,
  names: readonly Name[],
  path: string,
): Readonly<Record<Name, readonly never[]>> {
  const listOf = (name: Name) => {
    const functions = [source[name] === undefined ? [] : source[name]].flat()
    const wrongIndex = functions.findIndex((value) => typeof value !== 'function')
    if (wrongIndex === -1) return Object.freeze(functions)
    const got = kindOf(functions[wrongIndex])
    throw new FST_NSP_DEFINITION_INVALID(`${path}.${name}`, `must be a function, or an array of functions: got ${got}`)
  }
  return Object.freeze(Object.fromEntries(names.map((name) => [name, listOf(name)]))) as Record<Name, never[]>
}

/** Reads an optional schema. */
export function readSchema(schema: unknown, path: string): AnySchema | undefined {
  // A schema of ArkType is a function.
  const isSchema = ['undefined', 'boolean', 'object', 'function'].includes(kindOf(schema))
  if (isSchema) return schema as AnySchema | undefined
  throw new FST_NSP_DEFINITION_INVALID(path, `must be a schema: got ${kindOf(schema)}`)
}
