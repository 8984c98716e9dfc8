import type { StandardJSONSchemaV1, StandardSchemaV1 } from '@standard-schema/spec'

/*
 * The JSON Schema of a schema. It imports nothing at run time: front ends compute the hash of a contract with it.
 */

/** A JSON Schema, draft 7, as plain JSON. */
type PlainSchema = { readonly [keyword: string]: unknown } | boolean

/** The JSON Schema of a schema, and the vendor of a Standard Schema. */
export interface DescribedSchema {
  /** Absent if the vendor can't convert the schema, or if JSON can't: a schema may have a BigInt as its `default`. */
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
  if (typeof standard?.validate !== 'function') return given(attempt(() => toPlainSchema(schema)))
  return { ...given(convert(standard, side)), vendor: standard.vendor }
}

function given(jsonSchema: PlainSchema | undefined): DescribedSchema {
  return jsonSchema === undefined ? {} : { jsonSchema }
}

/** Converts a Standard Schema by its own means; undefined if it has none, or if the schema has no JSON Schema. */
function convert(standard: StandardSchemaV1.Props, side: 'input' | 'output'): PlainSchema | undefined {
  return attempt(() => {
    const json = (standard as Partial<StandardJSONSchemaV1.Props>).jsonSchema?.[side]({ target: 'draft-07' })
    if (json === undefined) return undefined
    const { $schema: _dialect, ...plain } = toPlainSchema(json) as Record<string, unknown>
    return plain
  })
}

function attempt(describe: () => PlainSchema | undefined): PlainSchema | undefined {
  try {
    return describe()
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
