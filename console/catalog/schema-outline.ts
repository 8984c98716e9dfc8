import { isPlainObject, locationOf, type SchemaLocation } from '../../plugin/schema/schema-ref.js'
import { matchesPattern } from './safe-pattern.js'
import { findBroken } from './schema-limits.js'
import { entriesOf, listOf, type SchemaReader } from './schema-parts.js'

/*
 * A small copy of a schema, of which a library can make an example: without references, recursion and sizes that a page can't bear.
 */

// Of a hostile or generated schema the rest is left out.
const MOST_SCHEMAS = 1500
const LISTS = ['allOf', 'anyOf', 'oneOf']
// A pattern with a large count makes a large text.
const LARGE_COUNT = /\{\d{3,}|\{\d*,\d{3,}|(\{.*){4}/
const LONGEST_PATTERN = 300
// Most patterns accept one of these. The sampler knows few classes: of `\S` it makes the text `\S`, which matches.
const PLAIN_TEXTS = ['text', 'abc', 'a', 'A', '1']

/**
 * Copies a schema. A property that leads to itself is left out if it is not required, and a list of such items is empty.
 *
 * @param leaf - what stands for `binary`
 */
export function outlineOf(reader: SchemaReader, leaf: unknown): object {
  let count = 0
  const copy = copyAt(reader.root, [])
  return isPlainObject(copy) ? copy : {}

  /** undefined: it leads to itself. */
  function copyAt(at: SchemaLocation, above: readonly unknown[]): unknown {
    const { schema } = at
    if (!isPlainObject(schema)) return {}
    if (above.includes(schema) || ++count > MOST_SCHEMAS) return undefined
    if (isPlainObject(schema.binary)) return { const: leaf }
    const within = [...above, schema]
    const inner = (value: unknown) => copyAt(locationOf(at, value), within)
    const { $ref, $id, not, if: _if, then, else: _else, properties, items, definitions, $defs, ...rest } = schema
    const made: Record<string, unknown> = bounded(rest)
    const target = reader.targetOf(at)
    if (target) {
      const referred = copyAt(target, within)
      if (referred === undefined) return undefined
      Object.assign(made, referred)
    }
    const required = listOf(schema.required)
    for (const key of LISTS) {
      if (!Array.isArray(schema[key])) continue
      const parts = schema[key].map(inner).filter((part) => part !== undefined)
      if (parts.length === 0) return undefined
      made[key] = parts
    }
    if (properties !== undefined) {
      const copies = entriesOf(properties).map(([key, value]) => [key, inner(value)] as const)
      if (copies.some(([key, value]) => value === undefined && required.includes(key))) return undefined
      made.properties = Object.fromEntries(copies.filter(([key, value]) => value !== undefined && key !== '__proto__'))
    }
    if (isPlainObject(made.additionalProperties)) delete made.additionalProperties
    if (items !== undefined) Object.assign(made, outlineItems(items))
    return made

    function outlineItems(items: unknown): object {
      if (Array.isArray(items)) return { items: items.map((item) => inner(item) ?? {}) }
      const item = inner(items)
      return item === undefined ? { maxItems: 0 } : { items: item }
    }
  }
}

/** Keywords that the sampler can follow without much time, memory or a warning. */
function bounded({ minLength, maxLength, minItems, maxItems, pattern, format, ...rest }: Record<string, unknown>) {
  const { multipleOf, minimum = 0, exclusiveMinimum } = rest
  if (typeof multipleOf === 'number' && multipleOf > 0) {
    const lowest = Number(exclusiveMinimum ?? minimum) / multipleOf
    rest.minimum = (exclusiveMinimum === undefined ? Math.ceil(lowest) : Math.floor(lowest) + 1) * multipleOf
    delete rest.exclusiveMinimum
  }
  if (typeof pattern === 'string' && listOf([rest.type].flat())[0] === 'string') {
    const text = PLAIN_TEXTS.find(
      (text) => matchesPattern(pattern, text) && findBroken({ minLength, maxLength }, text) === undefined,
    )
    if (text !== undefined) rest.default ??= text
  }
  if (typeof minItems === 'number') rest.minItems = Math.min(minItems, 20)
  if (typeof maxItems === 'number') rest.maxItems = maxItems
  if (typeof format === 'string') return { ...rest, format }
  if (typeof minLength === 'number') rest.minLength = Math.min(minLength, 1000)
  if (typeof maxLength === 'number') rest.maxLength = maxLength
  const isSmall = typeof pattern === 'string' && pattern.length <= LONGEST_PATTERN && !LARGE_COUNT.test(pattern)
  // The sampler does not know these classes.
  return isSmall ? { ...rest, pattern: pattern.replaceAll('\\d', '[0-9]').replaceAll('\\w', '[a-z]') } : rest
}
