import { isPlainObject } from '../../schema/schema-ref.js'
import { isBinary } from '../../shared/json-value.js'

/*
 * Matches a value with an expectation: objects partially, lists item by item, everything else exactly. An object with one of the keys
 * below is a matcher.
 */

const MATCHERS: Readonly<Record<string, (value: unknown, limit: unknown) => boolean>> = {
  $type: (value, type) => (type === 'integer' ? Number.isInteger(value) : typeOf(value) === type),
  $match: (value, pattern) => typeof value === 'string' && new RegExp(String(pattern), 'u').test(value),
  $absent: (value, isAbsent) => (value === undefined) === isAbsent,
}

/** The first difference, e.g. `/user/name is "Ben", not "Ada"`; undefined if the value matches. */
export function findDifference(value: unknown, expected: unknown, path = ''): string | undefined {
  const at = path || '/'
  if (isPlainObject(expected)) {
    const [[matcher, limit] = ['']] = Object.entries(expected)
    if (MATCHERS[matcher]) {
      return MATCHERS[matcher](value, limit) ? undefined : `${at} is ${show(value)}, not ${show(expected)}`
    }
    if (!isPlainObject(value)) return `${at} is ${show(value)}, not ${show(expected)}`
    return firstOf(Object.keys(expected), (key) => findDifference(value[key], expected[key], `${path}/${key}`))
  }
  if (Array.isArray(expected)) {
    if (!Array.isArray(value)) return `${at} is ${show(value)}, not ${show(expected)}`
    if (value.length !== expected.length) return `${at} has ${value.length} items, not ${expected.length}`
    return firstOf(expected.keys(), (index) => findDifference(value[index], expected[index], `${path}/${index}`))
  }
  return Object.is(value, expected) ? undefined : `${at} is ${show(value)}, not ${show(expected)}`
}

function firstOf<Key>(keys: Iterable<Key>, find: (key: Key) => string | undefined): string | undefined {
  for (const key of keys) {
    const difference = find(key)
    if (difference !== undefined) return difference
  }
  return undefined
}

function typeOf(value: unknown): string {
  if (isBinary(value)) return 'binary'
  if (value === null) return 'null'
  return Array.isArray(value) ? 'array' : typeof value
}

const SHOWN_LENGTH = 200

function show(value: unknown): string {
  const text = value === undefined ? 'absent' : JSON.stringify(value)
  return text.length > SHOWN_LENGTH ? `${text.slice(0, SHOWN_LENGTH)}…` : text
}
