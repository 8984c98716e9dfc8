import { followRef, isAnnotation, type ScopedSchema, scopeInside } from './scoped-schema.js'

/*
 * Whether two schemas say the same, annotations aside.
 */

/** What the value of a keyword is: a schema or a list of them, a map of schemas, or anything else. */
export type KeywordKind = 'schema' | 'map' | 'data'

const KEYWORD_KINDS: Readonly<Record<string, KeywordKind>> = {
  ...Object.fromEntries(
    ['properties', 'patternProperties', 'dependencies', 'definitions', '$defs'].map((keyword) => [keyword, 'map']),
  ),
  ...Object.fromEntries(
    [
      ...['items', 'prefixItems', 'additionalItems', 'unevaluatedItems', 'contains'],
      ...['additionalProperties', 'unevaluatedProperties', 'propertyNames'],
      ...['not', 'if', 'then', 'else', 'allOf', 'anyOf', 'oneOf'],
    ].map((keyword) => [keyword, 'schema']),
  ),
}

export function kindOf(keyword: string): KeywordKind {
  return KEYWORD_KINDS[keyword] ?? 'data'
}

/** Whether a keyword has the same meaning in two schemas. */
export function isSameKeyword(one: ScopedSchema, other: ScopedSchema, keyword: string): boolean {
  const [left, right] = [one.schema[keyword], other.schema[keyword]]
  return compare({ one, other, pending: new Map() }, left, right, kindOf(keyword))
}

/** Whether two schemas have the same keywords with the same meaning. A reference is the same if its target is. */
export function isSameSchema(one: ScopedSchema, other: ScopedSchema): boolean {
  return compare({ one, other, pending: new Map() }, one.schema, other.schema, 'schema')
}

interface SchemaPair {
  readonly one: ScopedSchema
  readonly other: ScopedSchema
  /** Schemas that are the same unless a difference is found elsewhere: references may lead in a circle. */
  readonly pending: Map<unknown, Set<unknown>>
}

function compare(comparison: SchemaPair, left: unknown, right: unknown, kind: KeywordKind): boolean {
  if (typeof left !== 'object' || typeof right !== 'object' || left === null || right === null) return left === right
  if (Array.isArray(left) !== Array.isArray(right)) return false
  const inner = { ...comparison }
  if (kind === 'schema' && !Array.isArray(left)) {
    const others = comparison.pending.get(left) ?? new Set()
    if (others.has(right)) return true
    comparison.pending.set(left, others.add(right))
    Object.assign(inner, { one: scopeInside(comparison.one, left), other: scopeInside(comparison.other, right) })
  }
  const keysOf = (value: object) =>
    Object.keys(value)
      .filter((key) => counts(key, kind))
      .sort()
  const keys = keysOf(left)
  if (JSON.stringify(keys) !== JSON.stringify(keysOf(right))) return false
  return keys.every((key) => {
    if (key === '$ref' && kind !== 'map') return kind === 'schema' && leadToTheSame(inner)
    const kindInside = Array.isArray(left) || kind !== 'schema' ? (kind === 'map' ? 'schema' : kind) : kindOf(key)
    return compare(inner, Object(left)[key], Object(right)[key], kindInside)
  })
}

// A default counts: without it, what a client leaves out is missing.
function counts(key: string, kind: KeywordKind): boolean {
  return kind !== 'schema' || key === 'default' || !isAnnotation(key)
}

function leadToTheSame(comparison: SchemaPair): boolean {
  const [one, other] = [followRef(comparison.one), followRef(comparison.other)]
  return (
    one !== undefined &&
    other !== undefined &&
    compare({ ...comparison, one, other }, one.schema, other.schema, 'schema')
  )
}
