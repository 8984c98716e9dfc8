import type { BundledSchema } from './bundle-schema.js'
import { resizeItems, resizeText } from './resize-value.js'
import type { Sample } from './sampler.js'
import { createFit } from './schema-fit.js'
import { findPlaces, listOf, type SchemaPlace, toLabel } from './schema-places.js'

/*
 * Values that a schema accepts: for each keyword at each place of a sample, those at its bounds.
 */

interface ValidVariant {
  /** What differs, e.g. `/text with maxLength 200`. */
  readonly name: string
  readonly value: unknown
}

type Candidates = (limit: unknown, place: SchemaPlace, bundle: BundledSchema, sample: Sample) => readonly unknown[]

const lengths: Candidates = (limit, { value }) => resizeText(value, Number(limit))
const counts: Candidates = (limit, { value }) => resizeItems(value, Number(limit))
const numbers: Candidates = (limit) => [Number(limit)]
const branches: Candidates = (parts, _place, bundle, sample) => listOf(parts).flatMap((part) => sample(bundle, part))

const CANDIDATES: Readonly<Record<string, Candidates>> = {
  type: (type, { schema }, bundle, sample) =>
    listOf(type === 'boolean' ? [] : type).flatMap((one) => sample(bundle, { ...schema, type: one })),
  enum: listOf,
  anyOf: branches,
  oneOf: branches,
  minLength: lengths,
  maxLength: lengths,
  minItems: counts,
  maxItems: counts,
  minimum: numbers,
  maximum: numbers,
  exclusiveMinimum: (limit) => [Number(limit) + 1, Number(limit) + 0.001],
  exclusiveMaximum: (limit) => [Number(limit) - 1, Number(limit) - 0.001],
}

/** The variants of a sample that fit as well. */
export function createValidVariants(bundle: BundledSchema, value: unknown, sample: Sample): ValidVariant[] {
  const fits = createFit(bundle)
  const found: ValidVariant[] = []
  for (const place of findPlaces(bundle, value)) {
    for (const [keyword, limit] of Object.entries(place.schema)) {
      const candidates = CANDIDATES[keyword]?.(limit, place, bundle, sample) ?? []
      for (const [index, candidate] of candidates.entries()) {
        const whole = place.replace(candidate)
        if (fits(whole) !== undefined) continue
        const which = index > 0 ? ` (${index + 1})` : ''
        found.push({ name: `${place.path || '/'} with ${toLabel(keyword, limit)}${which}`, value: whole })
      }
    }
  }
  return found
}
