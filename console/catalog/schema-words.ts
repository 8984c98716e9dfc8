import type { Keywords } from '../../plugin/schema/schema-ref.js'
import type { SchemaPlace } from './schema-place.js'

/*
 * What a schema says, in words: its type, and the rules beside it.
 */

const SHOWN_LENGTH = 120
const ALTERNATIVES_NAMED = 6

/** The type of a schema in a few words, e.g. `list of Message`. */
export function typeOf(place: SchemaPlace, depth = 0): string {
  const { keywords, refName, at } = place
  const { type, binary, items, $ref } = keywords
  const alternatives = keywords.anyOf ?? keywords.oneOf
  if (typeof $ref === 'string') return `${$ref} (not found)`
  if (binary) return 'bytes'
  if ('const' in keywords) return write(keywords.const)
  if (Array.isArray(keywords.enum)) return typesOf(keywords.enum)
  if (type === 'array' && depth < 4)
    return isObject(items) ? `list of ${typeOf(at(items), depth + 1)}` : Array.isArray(items) ? 'tuple' : 'list'
  if (Array.isArray(alternatives) && type === undefined && depth < 2) {
    const shown = alternatives.slice(0, ALTERNATIVES_NAMED).map((each) => typeOf(at(each), depth + 1))
    return [...new Set(shown), ...(alternatives.length > shown.length ? ['…'] : [])].join(' or ')
  }
  const name = Array.isArray(type) ? type.join(' or ') : typeof type === 'string' ? type : undefined
  if (refName !== undefined) return refName
  if (name !== undefined) return name
  if (keywords.properties) return 'object'
  if (Array.isArray(keywords.allOf)) return 'all of'
  return keywords.not ? 'nothing' : 'any'
}

const RULES: Readonly<Record<string, (value: unknown) => string>> = {
  enum: (value) => `one of ${list(value)}`,
  format: (value) => `format ${write(value)}`,
  minLength: (value) => `at least ${write(value)} ${value === 1 ? 'character' : 'characters'}`,
  maxLength: (value) => `at most ${write(value)} ${value === 1 ? 'character' : 'characters'}`,
  pattern: (value) => `matches ${String(value)}`,
  minimum: (value) => `≥ ${write(value)}`,
  exclusiveMinimum: (value) => `> ${write(value)}`,
  maximum: (value) => `≤ ${write(value)}`,
  exclusiveMaximum: (value) => `< ${write(value)}`,
  multipleOf: (value) => `a multiple of ${write(value)}`,
  minItems: (value) => `at least ${write(value)} items`,
  maxItems: (value) => `at most ${write(value)} items`,
  uniqueItems: (value) => (value ? 'no item twice' : ''),
  minProperties: (value) => `at least ${write(value)} properties`,
  maxProperties: (value) => `at most ${write(value)} properties`,
  additionalProperties: (value) => (value === false ? 'no other properties' : ''),
  binary: (value) => binaryRule(Object(value)),
  default: (value) => `default ${write(value)}`,
  examples: (value) => `e.g. ${list(value)}`,
  readOnly: (value) => (value ? 'read only' : ''),
  not: () => 'with an exclusion: see the JSON',
  if: () => 'with a condition: see the JSON',
}

/** The rules of a schema, each in a few words. */
export function rulesOf(keywords: Keywords): readonly string[] {
  return Object.entries(keywords).flatMap(([keyword, value]) => {
    const rule = Object.hasOwn(RULES, keyword) ? RULES[keyword]?.(value) : undefined
    return rule ? [rule] : []
  })
}

function binaryRule({ maxBytes, contentType }: Keywords): string {
  return [`at most ${write(maxBytes)} bytes`, ...(typeof contentType === 'string' ? [contentType] : [])].join(', ')
}

function typesOf(values: readonly unknown[]): string {
  return [...new Set(values.map((value) => (value === null ? 'null' : typeof value)))].join(' or ')
}

function list(values: unknown): string {
  return Array.isArray(values) ? cut(values.slice(0, 20).map(write).join(', ')) : write(values)
}

function write(value: unknown): string {
  return cut(JSON.stringify(value) ?? '')
}

function cut(text: string): string {
  return text.length > SHOWN_LENGTH ? `${text.slice(0, SHOWN_LENGTH)}…` : text
}

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
