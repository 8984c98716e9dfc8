import { DEPTH_LIMIT, isKept, isNothing, toPlain } from '../shared/json-value.js'
import { merge } from './combine-shapes.js'
import { branchesOf, type ListShape, mayBe, type ObjectShape, type UnionShape, type ValueShape } from './shape.js'

/*
 * Removes undeclared properties from outgoing values, as Fastify's serializer does for responses. It happens before the
 * check, so that the checked value is the sent one, whatever encodes it.
 */

/**
 * Copies the declared part of a value, as JSON would represent it.
 *
 * @throws RangeError if the value is nested deeper than 200 levels, e.g. a cycle
 */
export type Strip = (value: unknown, depth?: number) => unknown

// Replaces binary data where an object is declared. No object schema accepts it, so the check fails.
const NO_FIELDS = '(binary data)'

/**
 * Creates the function that strips values of a shape.
 *
 * @param refuse - called for binary data where an object is declared: throws, or returns a value that the check refuses
 */
export function createStrip(shape: ValueShape, refuse: () => unknown = () => NO_FIELDS): Strip {
  const known = new Map<ValueShape, Strip>()

  function make(of: ValueShape): Strip {
    const found = known.get(of)
    if (found) return found
    const strip = makeNew(of)
    known.set(of, strip)
    return strip
  }

  function makeNew(of: ValueShape): Strip {
    switch (of.kind) {
      case 'fields':
        return of.patterns.length > 0 || of.rest || of.fields.size === 0
          ? stripMap(of, make)
          : stripFields(of, make, refuse)
      case 'list':
        return stripList(of, make)
      case 'union':
        return stripUnion(of, make)
      case 'lazy':
        return (value, depth = 0) => (depth > DEPTH_LIMIT ? toPlain(value, depth) : make(of.get())(value, depth))
      default:
        return toPlain
    }
  }

  return make(shape)
}

/** Strips an object with declared properties only. */
function stripFields(
  { fields, isSure }: ObjectShape,
  make: (shape: ValueShape) => Strip,
  refuse: () => unknown,
): Strip {
  // An object, because its lookup is faster than that of a Map.
  const strips: Record<string, Strip> = Object.create(null)
  for (const [name, field] of fields) strips[name] = make(field)
  return function strip(value, depth = 0): unknown {
    if (typeof value !== 'object' || value === null) return value
    if (isKept(value)) return isSure ? refuse() : value
    if (hasOwnJson(value, depth)) return strip(value.toJSON(), depth + 1)
    if (Array.isArray(value)) return toPlain(value, depth)
    const copy: Record<string, unknown> = {}
    for (const key of Object.keys(value)) {
      const stripField = strips[key]
      if (stripField === undefined) continue
      const item = (value as Record<string, unknown>)[key]
      if (typeof item === 'object') copy[key] = stripField(item, depth + 1)
      else if (!isNothing(item)) copy[key] = item
    }
    return copy
  }
}

/** Strips an object with `patternProperties` or `additionalProperties`. */
function stripMap({ fields, patterns, rest }: ObjectShape, make: (shape: ValueShape) => Strip): Strip {
  const find = (key: string) => fields.get(key) ?? patterns.find(([pattern]) => pattern.test(key))?.[1] ?? rest
  return function strip(value, depth = 0): unknown {
    if (typeof value !== 'object' || value === null || isKept(value)) return value
    if (hasOwnJson(value, depth)) return strip(value.toJSON(), depth + 1)
    if (Array.isArray(value)) return toPlain(value, depth)
    const copy: Record<string, unknown> = {}
    for (const key of Object.keys(value)) {
      const item = (value as Record<string, unknown>)[key]
      if (isNothing(item) || key === '__proto__') continue
      const field = find(key)
      if (field) copy[key] = make(field)(item, depth + 1)
    }
    return copy
  }
}

function stripList({ items, rest }: ListShape, make: (shape: ValueShape) => Strip): Strip {
  const heads = items.map(make)
  const stripRest = make(rest)
  const stripAt = heads.length > 0 ? (index: number) => heads[index] ?? stripRest : () => stripRest
  return function strip(value, depth = 0): unknown {
    if (Array.isArray(value)) return stripItems(value, stripAt, depth)
    return hasOwnJson(value, depth) && !isKept(value) ? strip(value.toJSON(), depth + 1) : toPlain(value, depth)
  }
}

/** Strips a value of `anyOf` or `oneOf`: keeps the properties that any matching branch declares. */
function stripUnion(union: UnionShape, make: (shape: ValueShape) => Strip): Strip {
  let branches: readonly ValueShape[] | undefined
  const merged = new Map<string, Strip>()
  return function strip(value, depth = 0): unknown {
    if (typeof value !== 'object' || value === null || isKept(value)) return value
    if (hasOwnJson(value, depth)) return strip(value.toJSON(), depth + 1)
    branches ??= branchesOf(union)
    const indexes: number[] = []
    for (let index = 0; index < branches.length; index++) {
      if (mayBe(branches[index] as ValueShape, value)) indexes.push(index)
    }
    const key = indexes.join()
    let stripMerged = merged.get(key)
    if (!stripMerged) {
      stripMerged = make(merge(indexes.map((index) => branches?.[index] as ValueShape)))
      merged.set(key, stripMerged)
    }
    return stripMerged(value, depth)
  }
}

function stripItems(items: unknown[], stripAt: (index: number) => Strip, depth: number): unknown[] {
  return items.map((item, index) => {
    if (typeof item === 'object') return stripAt(index)(item, depth + 1)
    return isNothing(item) ? null : item
  })
}

function hasOwnJson(value: unknown, depth: number): value is { toJSON(): unknown } {
  if (typeof (value as { toJSON?: unknown } | null)?.toJSON !== 'function') return false
  if (depth <= DEPTH_LIMIT) return true
  throw new RangeError('The value is nested too deeply, or contains itself')
}
