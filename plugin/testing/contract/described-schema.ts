import type { JsonSchema, SchemaDescription } from '../../definition/contract/description.js'
import { type BundledSchema, bundleSchema } from '../../samples/bundle-schema.js'
import { createFit, type Fit } from '../../samples/schema-fit.js'

/*
 * A schema of a description, ready for samples and checks.
 */

export interface SampledSchema {
  readonly bundle: BundledSchema
  readonly fits: Fit
}

/** Undefined if there is no schema, or if its vendor can't convert it. */
export function readDescribed(
  description: SchemaDescription | undefined,
  schemas: Readonly<Record<string, JsonSchema>>,
): SampledSchema | undefined {
  if (description?.jsonSchema === undefined) return undefined
  const bundle = bundleSchema(description.jsonSchema, schemas)
  return { bundle, fits: createFit(bundle) }
}
