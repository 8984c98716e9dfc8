import { toStep } from '../../schema/schema.js'
import type { Keywords } from '../../schema/schema-ref.js'

/*
 * The places of a JSON Schema where other schemas stand, of all drafts. Everything else is data.
 */

const ONE = [
  'additionalItems',
  'additionalProperties',
  'contains',
  'contentSchema',
  'else',
  'if',
  'items',
  'not',
  'propertyNames',
  'then',
  'unevaluatedItems',
  'unevaluatedProperties',
]
const LISTS = ['allOf', 'anyOf', 'items', 'oneOf', 'prefixItems']
const MAPS = ['$defs', 'definitions', 'dependencies', 'dependentSchemas', 'patternProperties', 'properties']

/** Replaces one subschema. */
type Replace = (subschema: unknown, pointer: string) => unknown

/** Whether the value of a keyword may have schemas. */
export function hasSubschemas(keyword: string): boolean {
  return ONE.includes(keyword) || LISTS.includes(keyword) || MAPS.includes(keyword)
}

/**
 * Copies the value of a keyword and replaces its subschemas.
 *
 * @param replace - is called with each subschema, and with its JSON pointer below the schema that has the keyword
 */
export function mapSubschemas(keyword: string, value: unknown, replace: Replace): unknown {
  const pointer = toStep(keyword)
  if (Array.isArray(value)) {
    if (!LISTS.includes(keyword)) return value
    return value.map((each, index) => replace(each, `${pointer}/${index}`))
  }
  if (MAPS.includes(keyword)) return mapEntries(value, pointer, replace)
  return replace(value, pointer)
}

/** Calls a function with each subschema and its JSON pointer. */
export function visitSubschemas(schema: Keywords, visit: (subschema: unknown, pointer: string) => void): void {
  for (const [keyword, value] of Object.entries(schema)) {
    if (hasSubschemas(keyword)) mapSubschemas(keyword, value, visit)
  }
}

function mapEntries(value: unknown, pointer: string, replace: Replace): unknown {
  return Object.fromEntries(
    Object.entries(Object(value)).map(([key, each]) => [
      key,
      // One of `dependencies` may be a list of names.
      Array.isArray(each) ? each : replace(each, pointer + toStep(key)),
    ]),
  )
}
