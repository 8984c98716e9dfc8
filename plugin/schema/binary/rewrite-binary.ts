import {
  isKeywords,
  isPlainObject,
  type Keywords,
  locationOf,
  type ResolveRef,
  type SchemaLocation,
} from '../schema-ref.js'
import { findBinaryProblem, StandIn } from './binary-keyword.js'

/*
 * Reads the keyword `binary` of a JSON Schema, and rewrites the schema for validators, which do not know the keyword.
 */

const INNER = 'additionalItems additionalProperties allOf anyOf contains else if items not oneOf propertyNames then'
const INNER_KEYS = new Set(INNER.split(' '))
const MAP_KEYS = new Set(['dependencies', 'dependentSchemas', 'patternProperties', 'properties'])
const DEFINITIONS = ['definitions', '$defs']

type Change = (inner: unknown, pointer: string) => unknown

/** Copies a schema with each subschema mapped, without its definitions. */
function mapInner(schema: Keywords, change: Change): Record<string, unknown> {
  const changed = Object.entries(schema).flatMap(([key, value]): [string, unknown][] => {
    if (DEFINITIONS.includes(key)) return []
    if (MAP_KEYS.has(key) && isPlainObject(value)) return [[key, mapValues(value, `/${key}`, change)]]
    if (!INNER_KEYS.has(key)) return [[key, value]]
    const isList = Array.isArray(value)
    return [[key, isList ? value.map((inner, at) => change(inner, `/${key}/${at}`)) : change(value, `/${key}`)]]
  })
  return Object.fromEntries(changed)
}

function mapValues(map: Keywords, pointer: string, change: Change): Record<string, unknown> {
  return Object.fromEntries(Object.entries(map).map(([key, inner]) => [key, change(inner, `${pointer}/${key}`)]))
}

/**
 * Collects every `maxBytes` of a schema and of its references.
 *
 * @param most - the limit `payloadBytes`
 * @returns the values in ascending order; empty if the schema has no `binary`
 * @throws Error naming the place, if a keyword is wrong or its `maxBytes` exceeds `most`
 */
export function readLimits(
  location: SchemaLocation,
  resolveRef: ResolveRef,
  most = Number.POSITIVE_INFINITY,
): readonly number[] {
  const limits = new Set<number>()
  const seen = new Set<unknown>()

  function read(at: SchemaLocation, pointer: string): void {
    const { schema, root, document } = at
    if (!isKeywords(schema) || seen.has(schema)) return
    seen.add(schema)
    if (schema.binary !== undefined) {
      const problem = findBinaryProblem(schema)
      if (problem !== undefined) throw new Error(pointer + problem)
      const { maxBytes } = schema.binary as { maxBytes: number }
      if (maxBytes > most) {
        const what = `is ${maxBytes}, above limits.payloadBytes (${most}): raise limits.payloadBytes, or lower maxBytes`
        throw new Error(`${pointer}/binary/maxBytes ${what}`)
      }
      limits.add(maxBytes)
    }
    const target = typeof schema.$ref === 'string' ? resolveRef(schema.$ref, root, document) : undefined
    if (target) read(target, `${pointer}/$ref`)
    mapInner(schema, (inner, step) => read(locationOf(at, inner), pointer + step))
  }

  read(location, '')
  return [...limits].sort((a, b) => a - b)
}

/**
 * Rewrites a schema for a validator. `binary` becomes an `enum` of the stand-ins that are small enough, which no value of JSON
 * equals; an object schema accepts no stand-in. The targets of references are copied into the schema.
 *
 * @throws Error if a reference can not be resolved
 */
export function toCheckable(location: SchemaLocation, resolveRef: ResolveRef, limits: readonly number[]): object {
  const standIns = limits.map((limit) => new StandIn({}, limit))
  const guard = { not: { enum: [...standIns, new StandIn({}, Number.POSITIVE_INFINITY)] } }
  const names = new Map<unknown, string>()
  const definitions: Record<string, unknown> = {}

  function copy(at: SchemaLocation): unknown {
    const { schema } = at
    if (!isKeywords(schema)) return schema
    if (schema.binary !== undefined) {
      const { maxBytes } = schema.binary as { maxBytes: number }
      return { enum: standIns.filter((one) => one.valueOf() <= maxBytes) }
    }
    const { $id, $ref, ...made } = mapInner(schema, (inner) => copy(locationOf(at, inner)))
    if (typeof $ref === 'string') made.$ref = refer($ref, at)
    const isOfObjects = [schema.type].flat().includes('object')
    return isOfObjects ? { ...made, allOf: [...listOf(made.allOf), guard] } : made
  }

  function refer(ref: string, { root, document }: SchemaLocation): string {
    const target = resolveRef(ref, root, document)
    if (!target)
      throw new Error(`the reference ${ref} can not be resolved in a schema with binary: refer to a schema by its path`)
    const known = names.get(target.schema)
    const name = known ?? `part${names.size}`
    if (known === undefined) {
      names.set(target.schema, name)
      definitions[name] = copy(target)
    }
    return `#/definitions/${name}`
  }

  const whole = copy(location) as object
  return names.size > 0 ? { ...whole, definitions } : whole
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : []
}
