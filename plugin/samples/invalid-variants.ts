import { isPlainObject } from '../schema/schema-ref.js'
import type { BundledSchema } from './bundle-schema.js'
import { resizeItems, resizeText } from './resize-value.js'
import { createFit } from './schema-fit.js'
import { findPlaces, listOf, type SchemaPlace, toLabel } from './schema-places.js'

/*
 * Values that a schema refuses: for each keyword at each place of a sample, one that breaks it.
 */

export interface Variant {
  /** What differs, e.g. `/text against minLength 1`. */
  readonly name: string
  /** The place that an error names. */
  readonly path: string
  readonly isInUnion: boolean
  readonly value: unknown
}

type Mistakes = (limit: unknown, value: unknown) => readonly unknown[]

// Fastify's validator coerces scalars, and a scalar to a list of one: these two it leaves alone.
const WRONG_TYPES = [{}, [], 'wrong']
// No text of a usual format or pattern.
const WRONG_TEXTS = ['\n', '', ' not ! valid ', '0', '~'.repeat(100)]

const CANDIDATES: Readonly<Record<string, Mistakes>> = {
  type: (type, value) => (type === 'integer' ? numbersOf(value, Number(value) + 0.5) : WRONG_TYPES.filter(isNot(type))),
  const: (_, value) => [...othersOf(value), ...WRONG_TYPES],
  enum: (_, value) => [...othersOf(value), ...WRONG_TYPES],
  anyOf: () => WRONG_TYPES,
  oneOf: () => WRONG_TYPES,
  pattern: () => WRONG_TEXTS,
  format: () => WRONG_TEXTS,
  minLength: (limit, value) => resizeText(value, Number(limit) - 1),
  maxLength: (limit, value) => resizeText(value, Number(limit) + 1),
  minItems: (limit, value) => resizeItems(value, Number(limit) - 1),
  maxItems: (limit, value) => resizeItems(value, Number(limit) + 1),
  uniqueItems: (_, value) => (Array.isArray(value) && value.length > 0 ? [[...value, value[0]]] : []),
  minimum: (limit, value) => numbersOf(value, Number(limit) - 1),
  maximum: (limit, value) => numbersOf(value, Number(limit) + 1),
  exclusiveMinimum: (limit, value) => numbersOf(value, Number(limit)),
  exclusiveMaximum: (limit, value) => numbersOf(value, Number(limit)),
  multipleOf: (limit, value) => numbersOf(value, Number(value) + Number(limit) / 2),
  minProperties: (_, value) => (isPlainObject(value) ? [{}] : []),
}

/** The variants of a sample, each with one mistake. */
export function createInvalidVariants(bundle: BundledSchema, sample: unknown): Variant[] {
  const fits = createFit(bundle)
  const found = new Map<string, Variant>()
  for (const place of findPlaces(bundle, sample)) {
    for (const variant of mistakesAt(place)) {
      if (fits(variant.value) !== undefined && !found.has(variant.name)) found.set(variant.name, variant)
    }
  }
  return [...found.values()]
}

function* mistakesAt(place: SchemaPlace): Generator<Variant> {
  const { path, schema, value, isInUnion } = place
  const at = path || '/'
  for (const [keyword, limit] of Object.entries(schema)) {
    for (const candidate of CANDIDATES[keyword]?.(limit, value) ?? []) {
      const isUnion = isInUnion || keyword === 'anyOf' || keyword === 'oneOf'
      yield {
        name: `${at} against ${toLabel(keyword, limit)}`,
        path,
        isInUnion: isUnion,
        value: place.replace(candidate),
      }
    }
  }
  for (const key of listOf(schema.required)) {
    // A property with a default is completed, not missed.
    if (!isPlainObject(value) || Object(Object(schema.properties)[String(key)]).default !== undefined) continue
    const { [String(key)]: _missing, ...rest } = value
    yield { name: `${at} without ${JSON.stringify(key)}`, path, isInUnion, value: place.replace(rest) }
  }
}

/** Whether a value that is no scalar, or a text, is of none of these types. */
function isNot(type: unknown): (value: unknown) => boolean {
  const types = [type].flat()
  return (value) => !types.includes(Array.isArray(value) ? 'array' : typeof value)
}

/** Values of the same type. */
function othersOf(value: unknown): readonly unknown[] {
  if (typeof value === 'string') return [`${value}~`]
  if (typeof value === 'number') return [value + 1_000_003]
  return typeof value === 'boolean' ? [!value] : []
}

function numbersOf(value: unknown, other: number): readonly unknown[] {
  return typeof value === 'number' ? [other] : []
}
