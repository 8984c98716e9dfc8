import { isPlainObject } from '../schema/schema-ref.js'
import { FST_NSP_SAMPLER_MISSING } from '../shared/errors/test-errors.js'
import type { BundledSchema } from './bundle-schema.js'
import { createFit } from './schema-fit.js'

/*
 * Samples of schemas, by openapi-sampler, an optional peer.
 */

/**
 * The samples of a schema that fit it: with all properties, with the required ones, and with empty lists, where they differ.
 *
 * @param schema - a part of the bundle; default: all of it
 */
export type Sample = (bundle: BundledSchema, schema?: unknown) => unknown[]

type Sampler = typeof import('openapi-sampler')

/**
 * Loads openapi-sampler.
 *
 * @throws FST_NSP_SAMPLER_MISSING
 */
export async function loadSampler(load = () => import('openapi-sampler')): Promise<Sample> {
  return createSample(await importSampler(load))
}

export function createSample({ sample }: Sampler): Sample {
  return ({ $ref, bundled }, schema = { $ref }) => {
    const fits = createFit({ $ref, bundled }, schema)
    const found = new Map<string, unknown>()
    for (const prepare of [withMultiples, withShortLists]) {
      for (const skipNonRequired of [false, true]) {
        const options = { quiet: true, enablePatterns: true, skipNonRequired }
        const value = sample(prepare(schema) as object, options, { bundled: prepare(bundled) })
        if (fits(value) === undefined) found.set(JSON.stringify(value), value)
      }
    }
    return [...found.values()]
  }
}

async function importSampler(load: () => Promise<Sampler>): Promise<Sampler> {
  try {
    return await load()
  } catch (cause) {
    throw Object.assign(new FST_NSP_SAMPLER_MISSING(), { cause })
  }
}

/** A lower bound that is a multiple, which openapi-sampler takes. */
function withMultiples(schema: unknown): unknown {
  return mapSchemas(schema, ({ multipleOf, minimum = 0, exclusiveMinimum, ...rest }) => {
    if (typeof multipleOf !== 'number') return {}
    const lowest = Number(exclusiveMinimum ?? minimum)
    const steps = exclusiveMinimum === undefined ? Math.ceil(lowest / multipleOf) : Math.floor(lowest / multipleOf) + 1
    return { ...rest, minimum: steps * multipleOf }
  })
}

/** As few items as possible: the samples of recursive schemas end. */
function withShortLists(schema: unknown): unknown {
  return mapSchemas(withMultiples(schema), ({ items, minItems = 0 }) =>
    items === undefined ? {} : { maxItems: minItems },
  )
}

/** A copy of schemas, each with further keywords. */
function mapSchemas(schema: unknown, change: (schema: Record<string, unknown>) => object): unknown {
  if (Array.isArray(schema)) return schema.map((item) => mapSchemas(item, change))
  if (!isPlainObject(schema)) return schema
  const copy = Object.fromEntries(Object.entries(schema).map(([key, value]) => [key, mapSchemas(value, change)]))
  return { ...copy, ...change(copy) }
}
