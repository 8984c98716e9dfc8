import {
  createRefResolver,
  isKeywords,
  isPlainObject,
  type Keywords,
  locationOf,
  type SchemaLocation,
} from '../../plugin/schema/schema-ref.js'
import { matchesPattern } from './safe-pattern.js'

/*
 * Reads the schemas that speak about one place of a value: a schema, what it refers to, and its alternatives.
 */

const IN_PLACE = ['allOf', 'anyOf', 'oneOf', 'if', 'then', 'else', 'not']
// The schemas of one place. A hostile server may send more.
const MOST_PARTS = 200

/** A schema of a place, with the document in which its references are resolved. */
export interface SchemaPart {
  readonly keywords: Keywords
  readonly at: SchemaLocation
  /** Whether a value need not fit it: it stands in an alternative, a condition or a `not`. */
  readonly isOptional: boolean
}

export type SchemaReader = ReturnType<typeof createSchemaReader>

/**
 * Creates a reader of a schema.
 *
 * @param shared - the schemas to which it refers, by `$id`
 */
export function createSchemaReader(schema: unknown, shared: Readonly<Record<string, unknown>> = {}) {
  const resolveRef = createRefResolver(shared)
  const known = new WeakMap<object, readonly SchemaPart[]>()
  const root = locationOf({ root: Object(schema) }, schema)

  /** The target of the `$ref` of a schema; undefined if it has none, or none that can be followed. */
  function targetOf({ schema, root, document }: SchemaLocation): SchemaLocation | undefined {
    const { $ref } = Object(schema)
    try {
      return typeof $ref === 'string' ? resolveRef($ref, root, document) : undefined
    } catch {
      return undefined // a name that is no URI
    }
  }

  /** All schemas that speak about the same value as a schema does, itself first. */
  function partsOf(at: SchemaLocation): readonly SchemaPart[] {
    const { schema } = at
    if (!isKeywords(schema)) return []
    const before = known.get(schema)
    if (before) return before
    const found = new Map<unknown, SchemaPart>()
    collect(at, false)
    const parts = [...found.values()]
    known.set(schema, parts)
    return parts

    function collect(at: SchemaLocation, isOptional: boolean): void {
      if (!isKeywords(at.schema) || found.has(at.schema) || found.size >= MOST_PARTS) return
      found.set(at.schema, { keywords: at.schema, at, isOptional })
      const target = targetOf(at)
      if (target) collect(target, isOptional)
      for (const key of IN_PLACE)
        for (const inner of [at.schema[key]].flat()) collect(locationOf(at, inner), isOptional || key !== 'allOf')
    }
  }

  /** The schemas of a property or an item of the value that a schema speaks about. */
  function innerOf({ keywords, at }: SchemaPart, key: string, isItem: boolean): readonly SchemaLocation[] {
    const { properties, patternProperties, additionalProperties, items, additionalItems } = keywords
    const own = isItem
      ? Array.isArray(items)
        ? (items[Number(key)] ?? additionalItems)
        : items
      : ownOf(properties, key)
    if (own !== undefined || isItem) return [locationOf(at, own)]
    const byPattern = entriesOf(patternProperties).filter(([pattern]) => matchesPattern(pattern, key))
    if (byPattern.length === 0 && additionalProperties === false) return []
    const inner = byPattern.length > 0 ? byPattern.map(([, schema]) => schema) : [additionalProperties]
    return inner.map((schema) => locationOf(at, schema))
  }

  /** All schemas of the place of a value to which a path leads. */
  function partsAt(path: readonly (string | number)[]): readonly SchemaPart[] {
    let parts = partsOf(root)
    for (const step of path) {
      const isItem = typeof step === 'number'
      parts = parts.flatMap((part) => innerOf(part, String(step), isItem).flatMap(partsOf)).slice(0, MOST_PARTS)
    }
    return parts
  }

  return { root, targetOf, partsOf, innerOf, partsAt }
}

/** The entries of a map of schemas; of anything else none. */
export function entriesOf(map: unknown): [string, unknown][] {
  return isPlainObject(map) ? Object.entries(map) : []
}

/** A value of a map of schemas, never one that the map inherits. */
export function ownOf(map: unknown, key: string): unknown {
  return isPlainObject(map) && Object.hasOwn(map, key) ? map[key] : undefined
}

/** A value as a list; anything else as an empty one. */
export function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : []
}

/** A key as a step of a JSON pointer. */
export function toStep(key: string): string {
  return `/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`
}
