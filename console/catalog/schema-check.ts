import type { JsonSchema } from '../../plugin/definition/contract/description.js'
import {
  isKeywords,
  isPlainObject,
  type Keywords,
  locationOf,
  type SchemaLocation,
} from '../../plugin/schema/schema-ref.js'
import type { Problem } from '../shared/problem.js'
import { hasType, isCoercible } from './schema-coercion.js'
import { createSchemaReader, listOf, ownOf, toStep } from './schema-parts.js'
import {
  checkBinary,
  checkLimits,
  checkRequired,
  checkValues,
  expect,
  type Found,
  isBytes,
  type Level,
  nameOf,
  type Place,
} from './schema-problems.js'

/*
 * Checks a value before it is sent. What the check refuses, the server refuses, too: it leaves out keywords whose result depends on
 * the coercion, the defaults and the removal of properties by the server's validator, e.g. `not` and `if`.
 */

/** Checks a value: at most one problem for each place, and 100 altogether. Never throws. */
export type SchemaCheck = (value: unknown, options?: CheckOptions) => readonly Problem[]

interface CheckOptions {
  /** Whether the value of a place, a JSON pointer, is not known yet: it is a variable. Then it is right. */
  readonly isOpen?: (path: string) => boolean
}

const MOST_PROBLEMS = 100
const MOST_DEPTH = 100
const MOST_STEPS = 50_000

/**
 * Creates the check of a schema.
 *
 * @param schema - a JSON Schema of a description
 * @param shared - the schemas of addSchema() by `$id`
 */
export function createCheck(schema: JsonSchema, shared: Readonly<Record<string, JsonSchema>> = {}): SchemaCheck {
  const reader = createSchemaReader(schema, shared)
  const levels = new WeakMap<object, Level>()
  let steps = 0
  let isOpen = (_path: string) => false

  function levelOf(at: SchemaLocation): Level {
    const before = levels.get(Object(at.schema))
    if (before) return before
    const parts = reader.partsOf(at).map(({ keywords }) => keywords)
    const defaults = parts.flatMap(({ properties }) => Object.entries(Object(properties)))
    const filled = defaults.filter(([, inner]) => Object(inner).default !== undefined).map(([key]) => key)
    const level = { closed: parts.filter(closes), filled: new Set(filled) }
    levels.set(Object(at.schema), level)
    return level
  }

  function checkAt(at: SchemaLocation, value: unknown, path: string, depth: number): Found[] {
    if (isOpen(path) || depth > MOST_DEPTH) return []
    return checkPart(at, { value, path, depth, level: levelOf(at) })
  }

  function checkPart(at: SchemaLocation, place: Place): Found[] {
    const { value, path, depth } = place
    if (at.schema === false) return [{ path, message: `${nameOf(path)} must be left out` }]
    if (!isKeywords(at.schema) || ++steps > MOST_STEPS || depth > MOST_DEPTH) return []
    const keywords = at.schema
    if (isPlainObject(keywords.binary)) return checkBinary(keywords.binary, place)
    if (isBytes(value)) return []
    if (keywords.type !== undefined) {
      const types = [keywords.type].flat()
      if (!hasType(value, types)) return isCoercible(value, types) ? [] : [expect(path, types.map(String))]
    }
    const deeper = { ...place, depth: depth + 1 }
    const target = reader.targetOf(at)
    return [
      ...checkValues(keywords, place),
      ...checkLimits(keywords, place),
      ...(target ? checkPart(target, deeper) : []),
      ...listOf(keywords.allOf).flatMap((part) => checkPart(locationOf(at, part), deeper)),
      ...checkUnion(at, keywords.anyOf, deeper),
      ...checkUnion(at, keywords.oneOf, deeper),
      ...checkRequired(keywords, place),
      ...checkInner(at, keywords, deeper),
    ]
  }

  /** The problems of the alternative that the value is most likely meant for. */
  function checkUnion(at: SchemaLocation, union: unknown, place: Place): Found[] {
    const results: Found[][] = []
    for (const part of listOf(union)) {
      const found = checkPart(locationOf(at, part), place)
      if (found.length === 0) return []
      results.push(found)
    }
    const [first] = results
    if (!first) return []
    const others = results.filter((found) => found.every(({ path, expected }) => path !== place.path || !expected))
    if (others.length > 0) return others.reduce((best, found) => (rank(found) < rank(best) ? found : best))
    return [
      expect(place.path, [
        ...new Set(results.flat().flatMap(({ path, expected }) => (path === place.path && expected) || [])),
      ]),
    ]
  }

  function checkInner(at: SchemaLocation, keywords: Keywords, { value, path, depth, level }: Place): Found[] {
    if (typeof value !== 'object' || value === null) return []
    const isList = Array.isArray(value)
    const part = { keywords, at, isOptional: false }
    const found: Found[] = []
    for (const [key, item] of Object.entries(value)) {
      if (found.length >= MOST_PROBLEMS || steps > MOST_STEPS) break
      if (!isList && level.closed.some((other) => mayRemove(other, key, keywords))) continue
      for (const inner of reader.innerOf(part, key, isList))
        found.push(...checkAt(inner, item, path + toStep(key), depth))
    }
    return found
  }

  return (value, options = {}) => {
    steps = 0
    isOpen = options.isOpen ?? (() => false)
    const problems = new Map<string, Problem>()
    for (const { path, message } of checkAt(reader.root, value, '', 0)) {
      if (problems.size < MOST_PROBLEMS && !problems.has(path)) problems.set(path, { path, message })
    }
    return [...problems.values()]
  }
}

function closes({ additionalProperties }: Keywords): boolean {
  return additionalProperties === false
}

/** Whether a schema may remove a property before another schema of the same place checks it. */
function mayRemove(closed: Keywords, key: string, keywords: Keywords): boolean {
  return ownOf(closed.properties, key) === undefined && (closed !== keywords || !hasPatterns(closed))
}

function hasPatterns({ patternProperties }: Keywords): boolean {
  return Object.keys(Object(patternProperties)).length > 0
}

/** The fewer, the likelier; a wrong constant of a property tells that another alternative is meant. */
function rank(found: readonly Found[]): number {
  return found.length + (found.some(({ expected }) => expected?.every((one) => one.startsWith('"'))) ? 1000 : 0)
}
