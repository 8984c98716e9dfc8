import { followRef, isAnnotation, type SchemaObject, type ScopedSchema, scopeInside } from './scoped-schema.js'

/*
 * Whether a value of `const` or `enum` fits a schema. Of objects and arrays only what needs no look inside is answered.
 */

/** `undefined`: can't tell. */
type Verdict = boolean | undefined

/** The types of values. A number is an integer or not; binary data is no value of JSON. */
export type ValueType = 'null' | 'boolean' | 'object' | 'array' | 'number' | 'integer' | 'string' | 'binary'

export function typeOfValue(value: unknown): ValueType {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'array'
  if (typeof value === 'number') return Number.isInteger(value) ? 'integer' : 'number'
  return typeof value as ValueType
}

/** The types that the keyword `type` allows, together with `nullable`. */
export function typesOfKeyword({ type, nullable }: Readonly<Record<string, unknown>>): ReadonlySet<ValueType> {
  const types = new Set([type].flat() as ValueType[])
  if (types.has('number')) types.add('integer')
  if (nullable === true) types.add('null')
  return types
}

/** The text of a value, equal for equal values of JSON. */
export function keyOfValue(value: unknown): string {
  return JSON.stringify(value, (_key, inner) =>
    typeOfValue(inner) === 'object' ? Object.fromEntries(Object.entries(inner).sort()) : inner,
  )
}

/** @param known - the verdicts so far, because references may lead in a circle; of a schema that is being looked at: can't tell */
export function fitsSchema(value: unknown, scoped: ScopedSchema, known = new Map<SchemaObject, Verdict>()): Verdict {
  const { schema } = scoped
  if (known.has(schema)) return known.get(schema)
  known.set(schema, undefined)
  const type = typeOfValue(value)
  const verdict = all(
    Object.keys(schema)
      .filter((keyword) => !isAnnotation(keyword))
      .map((keyword) => fitsKeyword({ value, type, scoped, known }, keyword, schema[keyword])),
  )
  known.set(schema, verdict)
  return verdict
}

interface Question {
  readonly value: unknown
  readonly type: ValueType
  readonly scoped: ScopedSchema
  readonly known: Map<SchemaObject, Verdict>
}

function fitsKeyword({ value, type, scoped, known }: Question, keyword: string, given: unknown): Verdict {
  const fits = (schema: unknown) => fitsSchema(value, scopeInside(scoped, schema), known)
  const list = Array.isArray(given) ? given : []
  switch (keyword) {
    case '$ref': {
      const target = followRef(scoped)
      return target && fitsSchema(value, target, known)
    }
    case 'type':
      return typesOfKeyword(scoped.schema).has(type)
    case 'nullable': // part of `type`
      return true
    case 'const':
      return keyOfValue(value) === keyOfValue(given)
    case 'enum':
      return list.some((one) => keyOfValue(one) === keyOfValue(value))
    case 'binary':
      return false
    case 'allOf':
      return all(list.map(fits))
    case 'anyOf':
      return not(all(list.map((schema) => not(fits(schema)))))
    case 'oneOf': {
      const verdicts = list.map(fits)
      return verdicts.includes(undefined) ? undefined : verdicts.filter(Boolean).length === 1
    }
    case 'not':
      return not(fits(given))
    default:
      return fitsAssertion(value, type, keyword, given)
  }
}

type Compare = (size: number, limit: number) => boolean

const COMPARE: ReadonlyMap<string, Compare> = new Map<string, Compare>([
  ['minimum', (size, limit) => size >= limit],
  ['minLength', (size, limit) => size >= limit],
  ['maximum', (size, limit) => size <= limit],
  ['maxLength', (size, limit) => size <= limit],
  ['exclusiveMinimum', (size, limit) => size > limit],
  ['exclusiveMaximum', (size, limit) => size < limit],
  ['multipleOf', (size, factor) => Number.isInteger(size / factor)],
])

function fitsAssertion(value: unknown, type: ValueType, keyword: string, given: unknown): Verdict {
  if (!(TYPES_OF_KEYWORDS[keyword] ?? [type]).includes(type)) return true
  if (keyword === 'pattern') return matches(given, String(value))
  const compare = COMPARE.get(keyword)
  if (!compare || typeof given !== 'number') return undefined
  return compare(type === 'string' ? [...String(value)].length : Number(value), given)
}

/** The keywords that concern values of some types only. */
export const TYPES_OF_KEYWORDS: Readonly<Record<string, readonly ValueType[]>> = Object.fromEntries(
  Object.entries({
    'number integer': ['minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum', 'multipleOf'],
    string: ['minLength', 'maxLength', 'pattern'],
    array: ['items', 'additionalItems', 'minItems', 'maxItems', 'uniqueItems', 'contains'],
    object: [
      ...['properties', 'patternProperties', 'additionalProperties', 'propertyNames', 'required'],
      ...['minProperties', 'maxProperties', 'dependencies'],
    ],
  }).flatMap(([types, keywords]) => keywords.map((keyword) => [keyword, types.split(' ') as ValueType[]])),
)

/** Whether a text matches a pattern; undefined for a pattern that is none. */
export function matches(pattern: unknown, text: string): Verdict {
  try {
    return new RegExp(String(pattern), 'u').test(text)
  } catch {
    return undefined
  }
}

function not(verdict: Verdict): Verdict {
  return verdict === undefined ? undefined : !verdict
}

function all(verdicts: readonly Verdict[]): Verdict {
  if (verdicts.includes(false)) return false
  return verdicts.includes(undefined) ? undefined : true
}
