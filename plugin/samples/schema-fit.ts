import { Compile } from 'typebox/schema'
import { type BundledSchema, toJson } from './bundle-schema.js'

/*
 * Whether a value fits a JSON Schema, without coercion and without a Fastify context.
 */

/** The first problem of a value, e.g. `/text must be string`; undefined if the value fits. */
export type Fit = (value: unknown) => string | undefined

/** @param schema - a part of the bundle; default: all of it */
export function createFit({ $ref, bundled }: BundledSchema, schema: unknown = { $ref }): Fit {
  const validator = Compile({ allOf: [schema], bundled } as object)
  return (value) => {
    const json = toJson(value)
    if (validator.Check(json)) return undefined
    const [problem] = validator.Errors(json)[1]
    return `${problem?.instancePath || '/'} ${problem?.message}`
  }
}
