import type { JsonSchema } from '../../definition/contract/description.js'
import { type KeywordKind, kindOf } from './same-schema.js'

/**
 * Copies a schema as a client reads it: properties that are not declared are no fault, and a value has to fit one alternative, not
 * exactly one. What a schema refuses, by `not` or `if`, stays as it is.
 */
export function openSchema(schema: JsonSchema): JsonSchema {
  return open(schema, 'schema') as JsonSchema
}

const KEPT = ['not', 'if']

function open(value: unknown, kind: KeywordKind): unknown {
  if (kind === 'data' || typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map((inner) => open(inner, kind))
  const entries = Object.entries(value)
  if (kind === 'map') return Object.fromEntries(entries.map(([name, inner]) => [name, open(inner, 'schema')]))
  return Object.fromEntries(
    entries.flatMap(([keyword, inner]): [string, unknown][] => {
      if (keyword === 'additionalProperties' && inner === false) return []
      const name = keyword === 'oneOf' && !('anyOf' in value) ? 'anyOf' : keyword
      return [[name, KEPT.includes(keyword) ? inner : open(inner, kindOf(keyword))]]
    }),
  )
}
