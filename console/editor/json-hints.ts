import { listOf, type SchemaPart } from '../catalog/schema-parts.js'
import { visibleText } from '../shared/visible-text.js'

/*
 * Says in a few words what a schema asks of a place.
 */

export interface PlaceHint {
  /** E.g. `string, length 1 to 200`. */
  readonly summary: string
  readonly description: string
}

// A constraint of the schema with its words.
const LIMITS: readonly (readonly [lowest: string, highest: string, before: string])[] = [
  ['minLength', 'maxLength', 'length '],
  ['minItems', 'maxItems', 'items '],
  ['minimum', 'maximum', ''],
]

/** Describes a place by its schemas: the type, the limits, the values and the prose. */
export function describePlace(parts: readonly SchemaPart[]): PlaceHint {
  const words = [typeNameOf(parts)]
  const find = (key: string) => parts.map(({ keywords }) => keywords[key]).find((value) => value !== undefined)
  for (const [lowest, highest, before] of LIMITS) {
    const [from, to] = [find(lowest), find(highest)]
    if (from !== undefined && to !== undefined) words.push(`${before}${from} to ${to}`)
    else if (from !== undefined) words.push(`${before}at least ${from}`)
    else if (to !== undefined) words.push(`${before}at most ${to}`)
  }
  for (const key of ['format', 'pattern']) if (find(key) !== undefined) words.push(String(find(key)))
  const values = parts.flatMap(({ keywords }) => listOf(keywords.enum)).slice(0, 8)
  if (values.length > 0) words.push(values.map((value) => JSON.stringify(value)).join(' | '))
  const description = String(find('description') ?? find('title') ?? '')
  return { summary: visibleText(words.filter(Boolean).join(', ')), description: visibleText(description, 400) }
}

/** The types that the schemas of a place allow. */
export function typeNameOf(parts: readonly SchemaPart[]): string {
  const types = parts.flatMap(({ keywords }) => (keywords.binary === undefined ? [keywords.type].flat() : ['binary']))
  return [...new Set(types.filter((type) => type !== undefined))].join(' or ')
}

/** Whether the schemas of an object require a property. */
export function isRequired(parts: readonly SchemaPart[], name: string): boolean {
  return parts.some(({ keywords, isOptional }) => !isOptional && listOf(keywords.required).includes(name))
}
