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
 * A JSON Schema with the keyword `binary` in it: read, and rewritten for validators, which don't know the keyword.
 */

const INNER = 'additionalItems additionalProperties allOf anyOf contains else if items not oneOf propertyNames then'
const INNER_KEYS = new Set(INNER.split(' '))
const MAP_KEYS = new Set(['dependencies', 'dependentSchemas', 'patternProperties', 'properties'])
const DEFINITIONS = ['definitions', '$defs']

type Change = (inner: unknown, pointer: string) => unknown

/** A copy of a schema, with each schema that stands in it changed; what it defines is left out. */
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
 * Every `maxBytes` of a schema, and of what its references lead to, from the lowest up: none of one that says nothing of
 * binary data. Throws for a keyword that is wrong, and for more than `most`, which is what a packet may have; naming its location.
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
 * The schema that a validator is given: where it says `binary`, it takes a stand-in that is locationOf, and nothing that JSON
 * makes; and no object is one. It is whole in itself, with a copy of all that its references lead to. Throws for one that
 * leads to where nobody knows.
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
