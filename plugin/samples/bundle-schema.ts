import {
  createRefResolver,
  isPlainObject,
  type Keywords,
  locationOf,
  type SchemaLocation,
} from '../schema/schema-ref.js'
import { isBinary } from '../shared/json-value.js'

/*
 * Bundles a JSON Schema with all schemas that it refers to, so that a library needs no other document to read it.
 */

/** A JSON Schema in which each `$ref` is a pointer into the schema itself. */
export interface BundledSchema {
  readonly $ref: string
  readonly bundled: Readonly<Record<string, unknown>>
}

// Keywords whose values are data, not schemas.
const VALUE_KEYS = ['const', 'default', 'enum', 'examples']
/** A text that stands for binary data, for libraries that know values of JSON only. */
export const STAND_IN = '\u0000binary'

/**
 * Bundles a schema. The keyword `binary` becomes a constant, which `fromJson()` and `toJson()` exchange for binary data.
 *
 * @param schema - a JSON Schema of a description
 * @param shared - the schemas of addSchema() by `$id`
 * @throws Error if a `$ref` can't be followed
 */
export function bundleSchema(schema: unknown, shared: Readonly<Record<string, unknown>> = {}): BundledSchema {
  const resolveRef = createRefResolver(shared)
  const bundled: Record<string, unknown> = {}
  const names = new Map<unknown, string>()

  function add(location: SchemaLocation): string {
    const known = names.get(location.schema)
    if (known !== undefined) return known
    const pointer = `#/bundled/${names.size}`
    const name = String(names.size)
    names.set(location.schema, pointer)
    bundled[name] = copy(location)
    return pointer
  }

  function copy(location: SchemaLocation): unknown {
    const { schema, root, document } = location
    if (Array.isArray(schema)) return schema.map((item) => copy(locationOf(location, item)))
    if (!isPlainObject(schema)) return schema
    if (isPlainObject(schema.binary)) return { const: STAND_IN }
    if (typeof schema.$ref === 'string') {
      const target = resolveRef(schema.$ref, root, document)
      if (!target) throw new Error(`${schema.$ref} can't be followed`)
      return { $ref: add(target) }
    }
    const entries = Object.entries(schema).filter(([key, value]) => key !== '$id' || typeof value !== 'string')
    return Object.fromEntries(
      entries.map(([key, value]) => [key, VALUE_KEYS.includes(key) ? value : copy(locationOf(location, value))]),
    )
  }

  return { $ref: add(locationOf({ root: Object(schema) }, schema)), bundled }
}

/** The schema to which a `$ref` of a bundle leads; any other schema as it is. */
export function follow({ bundled }: BundledSchema, schema: unknown): Keywords {
  let target = schema
  for (const seen = new Set(); typeof Object(target).$ref === 'string' && !seen.has(target); ) {
    seen.add(target)
    target = bundled[String(Object(target).$ref).slice('#/bundled/'.length)]
  }
  return Object(target)
}

/** A value with binary data in the place of its stand-ins. */
export function fromJson(value: unknown): unknown {
  if (value === STAND_IN) return Uint8Array.of(0)
  return mapValues(value, fromJson)
}

/** A value with stand-ins in the place of its binary data. */
export function toJson(value: unknown): unknown {
  return isBinary(value) ? STAND_IN : mapValues(value, toJson)
}

function mapValues(value: unknown, map: (value: unknown) => unknown): unknown {
  if (Array.isArray(value)) return value.map(map)
  if (!isPlainObject(value)) return value
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, map(item)]))
}
