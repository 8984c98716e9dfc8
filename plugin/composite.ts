import { isBinary, isNothing, toPlain } from './plain.js'
import { type Follow, isKeywords, type Keywords, type Place, within } from './reference.js'

/*
 * What a value may carry that stands under several JSON Schemas at once, or under one of several: `allOf`, `anyOf`,
 * `$ref`, `patternProperties` and their like. A copy leaves out what none of them declares.
 */

/** A schema that has something to say of the shape of a value. Of alternatives one is enough. */
interface Voice {
  readonly place: Place
  readonly isAlternative: boolean
}

const ANYTHING: Place = { schema: true, root: {} }
/** An alternative that has nothing to say, and so takes whatever comes. */
const SILENCE: Voice = { place: ANYTHING, isAlternative: true }
const REFERENCE_LIMIT = 50
const patterns = new Map<string, RegExp>()

/** Copies a value as toPlain does, without what is not declared at a place. */
export type CopyMixed = (place: Place, value: unknown, depth: number) => unknown

export function createCopyMixed(follow: Follow): CopyMixed {
  const copy = (voices: readonly Voice[], value: unknown, depth: number): unknown => {
    if (typeof value !== 'object' || value === null || isBinary(value)) return value
    // It has an end with toPlain, which knows how deep is too deep.
    if (depth > 200) return toPlain(value, depth)
    if ('toJSON' in value && typeof value.toJSON === 'function') return copy(voices, value.toJSON(), depth + 1)
    const found: Voice[] = []
    for (const voice of voices) {
      if (!survey(voice, value, found, follow, 0) && voice.isAlternative) found.push(SILENCE)
    }
    const isFirm = found.some(({ isAlternative }) => !isAlternative)
    const heard = isFirm ? found.filter((voice) => voice !== SILENCE) : found
    if (heard.length === 0) return toPlain(value, depth)
    if (Array.isArray(value)) {
      return value.map((item, index) =>
        isNothing(item)
          ? null
          : copy(
              innerVoices(heard, (schema) => itemsOf(schema, index)),
              item,
              depth + 1,
            ),
      )
    }
    const result: Record<string, unknown> = {}
    for (const [key, item] of Object.entries(value)) {
      if (isNothing(item) || key === '__proto__') continue
      const inner = innerVoices(heard, (schema) => propertiesOf(schema, key))
      if (inner.length > 0) result[key] = copy(inner, item, depth + 1)
    }
    return result
  }
  return (place, value, depth) => copy([{ place, isAlternative: false }], value, depth)
}

function innerVoices(voices: readonly Voice[], schemasOf: (schema: unknown) => unknown[]): Voice[] {
  return voices.flatMap(({ place, isAlternative }) =>
    schemasOf(place.schema).map((schema) => ({ place: within(place, schema), isAlternative })),
  )
}

/** Adds every voice that a schema and its parts have on a value; false for a schema that says nothing of its shape. */
function survey(voice: Voice, value: object, found: Voice[], follow: Follow, turns: number): boolean {
  const { place, isAlternative } = voice
  const { schema } = place
  if (!isKeywords(schema)) return schema === false
  const hear = (inner: Place, alternative = isAlternative) =>
    survey({ place: inner, isAlternative: alternative }, value, found, follow, turns + 1)

  let hasSaid = false
  if (typeof schema.$ref === 'string') {
    const target = turns < REFERENCE_LIMIT ? follow(schema.$ref, place.root) : undefined
    if (target) hasSaid = hear(target)
    else hasSaid = found.push({ place: ANYTHING, isAlternative }) > 0
  }
  for (const part of [...listOf(schema.allOf), ...dependentsOf(schema, value)]) {
    hasSaid = hear(within(place, part)) || hasSaid
  }
  for (const part of schema.if === undefined ? [] : [schema.then, schema.else]) {
    hasSaid = hear(within(place, part), true) || hasSaid
  }
  for (const branch of [...listOf(schema.anyOf), ...listOf(schema.oneOf)]) {
    hasSaid = true
    const inner = within(place, branch)
    if (mayFit(inner, value, follow) && !hear(inner, true)) found.push(SILENCE)
  }
  const ownKeys = Array.isArray(value) ? ['items'] : OBJECT_KEYS
  if (schema.type === undefined && ownKeys.every((key) => schema[key] === undefined)) return hasSaid
  if (admits(schema, value)) found.push(voice)
  return true
}

const OBJECT_KEYS = ['properties', 'patternProperties', 'additionalProperties', 'required']

/** What a schema declares of a property, several schemas perhaps, or none. */
function propertiesOf(schema: unknown, key: string): unknown[] {
  if (!isKeywords(schema)) return [schema]
  const { properties = {}, patternProperties = {}, additionalProperties = false, required } = schema
  const found = Object.entries(patternProperties as object).flatMap(([pattern, inner]) =>
    patternOf(pattern).test(key) ? [inner] : [],
  )
  if (Object.hasOwn(properties as object, key)) found.push((properties as Keywords)[key])
  if (found.length === 0 && additionalProperties !== false) return [additionalProperties]
  // what is required is declared by that
  return found.length === 0 && listOf(required).includes(key) ? [true] : found
}

function itemsOf(schema: unknown, index: number): unknown[] {
  const { items, additionalItems } = Object(schema) as Keywords
  return [Array.isArray(items) ? (index < items.length ? items[index] : additionalItems) : items]
}

/** Whether one of several alternatives may be meant: one that is surely not declares nothing. */
function mayFit(place: Place, value: object, follow: Follow, turns = 0): boolean {
  const { schema } = place
  if (!isKeywords(schema)) return schema !== false
  if (typeof schema.$ref === 'string' && turns < REFERENCE_LIMIT) {
    const target = follow(schema.$ref, place.root)
    if (target && !mayFit(target, value, follow, turns + 1)) return false
  }
  if (!admits(schema, value)) return false
  if (Array.isArray(value)) return true
  const source = value as Keywords
  if (listOf(schema.required).some((key) => source[key as string] === undefined)) return false
  return Object.entries(Object(schema.properties)).every(([key, inner]) => isLike(inner, source[key]))
}

/** Whether a value may be one of the literals of a schema; Ajv turns texts and numbers into each other. */
function isLike(schema: unknown, value: unknown): boolean {
  if (value === undefined || !isKeywords(schema)) return true
  const literals = schema.const === undefined ? listOf(schema.enum) : [schema.const]
  const isOther = (literal: unknown) =>
    typeof literal === typeof value && literal !== value && typeof value !== 'object'
  return literals.length === 0 || !literals.every(isOther)
}

function admits({ type }: Keywords, value: object): boolean {
  return type === undefined || [type].flat().includes(Array.isArray(value) ? 'array' : 'object')
}

function dependentsOf({ dependencies, dependentSchemas }: Keywords, value: object): unknown[] {
  return Object.entries({ ...Object(dependencies), ...Object(dependentSchemas) }).flatMap(([key, inner]) =>
    key in value && !Array.isArray(inner) ? [inner] : [],
  )
}

function listOf(value: unknown): unknown[] {
  return Array.isArray(value) ? value : []
}

function patternOf(source: string): RegExp {
  const known = patterns.get(source)
  if (known) return known
  const pattern = new RegExp(source, 'u')
  patterns.set(source, pattern)
  return pattern
}
