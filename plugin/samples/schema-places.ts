import { toStep } from '../schema/schema.js'
import { isPlainObject, type Keywords } from '../schema/schema-ref.js'
import { type BundledSchema, follow, STAND_IN } from './bundle-schema.js'
import { createFit } from './schema-fit.js'

/*
 * Finds the places of a value to which a schema says something.
 */

// Of a longer value of a keyword, e.g. a union, the name of a variant shows the beginning.
const LABEL_LENGTH = 60

export interface SchemaPlace {
  /** A JSON pointer; `''` for the value itself. */
  readonly path: string
  readonly schema: Keywords
  /** What stands there. */
  readonly value: unknown
  /** Whether it belongs to one alternative of several: then an error may name another place. */
  readonly isInUnion: boolean
  /** The whole value, with something else at this place. */
  replace(value: unknown): unknown
}

export function findPlaces(bundle: BundledSchema, value: unknown): SchemaPlace[] {
  const schema = follow(bundle, bundle)
  return [...walk({ path: '', schema, value, isInUnion: false, replace: (other) => other })]

  function* walk(place: SchemaPlace): Generator<SchemaPlace> {
    yield place
    const { schema, value, isInUnion } = place
    const within = (part: unknown, inUnion = isInUnion) =>
      walk({ ...place, schema: follow(bundle, part), isInUnion: inUnion })
    for (const part of listOf(schema.allOf)) yield* within(part)
    for (const union of [listOf(schema.anyOf), listOf(schema.oneOf)]) {
      const [branch] = union.filter((part) => createFit(bundle, part)(value) === undefined)
      if (branch !== undefined) yield* within(branch, true)
    }
    for (const [key, item] of childrenOf(value)) {
      const part = schemaOf(schema, value, key)
      if (part === undefined) continue
      yield* walk({
        path: place.path + toStep(key),
        schema: follow(bundle, part),
        value: item,
        isInUnion,
        replace: (other) => place.replace(withChild(value, key, other)),
      })
    }
  }
}

/** The alternatives of a union or the parts of an `allOf`. */
export function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : []
}

/** A keyword with its value, for people. */
export function toLabel(keyword: string, limit: unknown): string {
  const text = limit === STAND_IN ? 'binary data' : JSON.stringify(limit)
  return `${keyword} ${text.length > LABEL_LENGTH ? `${text.slice(0, LABEL_LENGTH)}…` : text}`
}

function childrenOf(value: unknown): [string, unknown][] {
  return Array.isArray(value) || isPlainObject(value) ? Object.entries(value) : []
}

/** The schema of a property or an item. Of items that have the same schema, only the first has one here. */
function schemaOf(schema: Keywords, value: unknown, key: string): unknown {
  if (Array.isArray(value)) {
    const tuple = listOf(schema.prefixItems ?? schema.items)
    if (tuple.length > 0) return tuple[Number(key)]
    return key === '0' ? schema.items : undefined
  }
  const { properties, patternProperties, additionalProperties } = schema
  if (Object.hasOwn(Object(properties), key)) return Object(properties)[key]
  const patterns = Object.entries(Object(patternProperties))
  const [, byPattern] = patterns.find(([pattern]) => new RegExp(pattern, 'u').test(key)) ?? []
  return byPattern ?? additionalProperties
}

function withChild(value: unknown, key: string, item: unknown): unknown {
  if (Array.isArray(value)) return value.with(Number(key), item)
  return { ...Object(value), [key]: item }
}
