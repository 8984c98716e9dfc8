import type { StandardJSONSchemaV1, StandardSchemaV1 } from '@standard-schema/spec'

/*
 * The JSON Schema of a schema. It imports nothing at run time: front ends compute the hash of a contract with it.
 */

/** A JSON Schema, draft 7, as plain JSON. */
type PlainSchema = { readonly [keyword: string]: unknown } | boolean

/** The JSON Schema of a schema, and the vendor of a Standard Schema. */
export interface DescribedSchema {
  /** Absent if the vendor can't convert the schema. */
  readonly jsonSchema?: PlainSchema
  readonly vendor?: string
}

/**
 * Describes a schema.
 *
 * @param side - `input`: what is given to the schema; `output`: what comes out of it. They differ for schemas that transform.
 */
export function describeSchema(schema: unknown, side: 'input' | 'output'): DescribedSchema {
  const standard = (Object(schema) as Partial<StandardSchemaV1>)['~standard']
  if (typeof standard?.validate !== 'function') return { jsonSchema: toPlainSchema(schema) }
  const converted = convert(standard, side)
  return { ...(converted !== undefined && { jsonSchema: converted }), vendor: standard.vendor }
}

/** Converts a Standard Schema by its own means; undefined if it has none, or if the schema has no JSON Schema. */
function convert(standard: StandardSchemaV1.Props, side: 'input' | 'output'): PlainSchema | undefined {
  try {
    const json = (standard as Partial<StandardJSONSchemaV1.Props>).jsonSchema?.[side]({ target: 'draft-07' })
    if (json === undefined) return undefined
    const { $schema: _dialect, ...plain } = toPlainSchema(json) as Record<string, unknown>
    return plain
  } catch {
    return undefined
  }
}

/** A copy as JSON: TypeBox keeps its own marks in symbols and in properties that are not enumerable. */
function toPlainSchema(schema: unknown): PlainSchema {
  return JSON.parse(JSON.stringify(schema)) as PlainSchema
}

/** Calls `visit` with each `$ref` of a JSON Schema. */
export function eachRef(schema: unknown, visit: (ref: string) => void): void {
  if (typeof schema !== 'object' || schema === null) return
  for (const [key, value] of Object.entries(schema)) {
    if (key === '$ref' && typeof value === 'string') visit(value)
    else eachRef(value, visit)
  }
}
