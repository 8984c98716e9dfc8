import { validate } from '@cfworker/json-schema'
import type { Keywords } from '../../plugin/schema/schema-ref.js'
import { matchesPattern } from './safe-pattern.js'

/*
 * The keywords of a JSON Schema that limit a text, a number or the size of a list, each with what it asks for.
 */

type Wording = (limit: unknown) => string

const count = (noun: string, plural: string) => (limit: unknown) => `${limit} ${limit === 1 ? noun : plural}`
const characters = count('character', 'characters')
const items = count('item', 'items')
const properties = count('property', 'properties')

const WORDINGS: Readonly<Record<string, Wording>> = {
  minLength: (limit) => `be at least ${characters(limit)} long`,
  maxLength: (limit) => `be at most ${characters(limit)} long`,
  minimum: (limit) => `be at least ${limit}`,
  maximum: (limit) => `be at most ${limit}`,
  exclusiveMinimum: (limit) => `be more than ${limit}`,
  exclusiveMaximum: (limit) => `be less than ${limit}`,
  minItems: (limit) => `have at least ${items(limit)}`,
  maxItems: (limit) => `have at most ${items(limit)}`,
  minProperties: (limit) => `have at least ${properties(limit)}`,
  uniqueItems: () => 'have no item twice',
}

// cfworker refuses a few texts of these formats that Ajv accepts; they are rewritten before.
const FORMATS: Readonly<Record<string, (text: string) => string>> = {
  date: (text) => text,
  'date-time': (text) =>
    text.replace(/^(.{10})[t ]/i, '$1T').replace(/([+-]\d\d):?(\d\d)?$/, (_, h, m) => `${h}:${m ?? '00'}`),
  email: (text) => (text.length > 64 ? 'a@b.c' : text),
  ipv4: (text) => text,
  ipv6: (text) => text,
  uri: (text) => text,
  uuid: (text) => text.replace(/^urn:uuid:/i, ''),
}
// Longer lists are not searched for items that they have twice.
const LONGEST_LIST = 500

/** What the first limit that a value breaks asks for, e.g. `be at least 1 character long`; undefined if it keeps all. */
export function findBroken(keywords: Keywords, value: unknown): string | undefined {
  for (const [keyword, wording] of Object.entries(WORDINGS)) {
    const limit = keywords[keyword]
    if (limit === undefined || (keyword === 'uniqueItems' && Number(Object(value).length) > LONGEST_LIST)) continue
    if (!keeps(value, { [keyword]: limit })) return wording(limit)
  }
  const { pattern, format, multipleOf } = keywords
  if (typeof value === 'number' && typeof multipleOf === 'number') {
    return Number.isInteger(value / multipleOf) ? undefined : `be a multiple of ${multipleOf}`
  }
  if (typeof value !== 'string') return undefined
  if (typeof pattern === 'string' && !matchesPattern(pattern, value)) return `match ${pattern}`
  return typeof format === 'string' && !hasFormat(value, format) ? `be a valid ${format}` : undefined
}

function hasFormat(text: string, format: string): boolean {
  const prepare = Object.hasOwn(FORMATS, format) ? FORMATS[format] : undefined
  return !prepare || text.length > 1000 || keeps(prepare(text), { format })
}

function keeps(value: unknown, schema: object): boolean {
  return validate(value, schema, '7', {}).valid
}
