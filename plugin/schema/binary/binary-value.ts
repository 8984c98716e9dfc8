import { isBinary } from '../../shared/json-value.js'
import { SchemaMismatch, toStep } from '../schema.js'
import { branchesOf, mayBe, type ValueShape } from '../shape.js'
import { StandIn } from './binary-keyword.js'

/*
 * Replaces the binary data of a value with stand-ins while a validator checks it, and puts the data back. The validator
 * does not iterate over bytes.
 */

export const NOT_BINARY = 'must not be binary'

/** The JSON pointer of the first binary data in an incoming value; undefined if there is none. */
export function findBinary(value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  if (isBinary(value)) return ''
  // for...in allocates no array of entries: most payloads contain no binary data.
  for (const key in value) {
    const item = (value as Record<string, unknown>)[key]
    if (typeof item !== 'object') continue
    const found = findBinary(item)
    if (found !== undefined) return toStep(key) + found
  }
  return undefined
}

/** @throws SchemaMismatch if the value contains binary data */
export function refuseBinary(value: unknown): void {
  const path = findBinary(value)
  if (path !== undefined) throw new SchemaMismatch([{ path, message: NOT_BINARY }])
}

/**
 * Copies an incoming value, with stand-ins in place of binary data.
 *
 * @param limits - every `maxBytes` of the schema, in ascending order
 * @throws SchemaMismatch for binary data that is not declared or too large
 */
export function setAside(value: unknown, shape: ValueShape, limits: readonly number[]): unknown {
  function copy(inner: unknown, shapes: readonly ValueShape[], path: string): unknown {
    if (typeof inner !== 'object' || inner === null) return inner
    const branches = shapes.flatMap((one) => branchesOf(one))
    if (isBinary(inner)) {
      checkSize(sizeOf(inner), branches, path)
      return standInFor(inner, limits)
    }
    const fitting = branches.filter((branch) => mayBe(branch, inner))
    if (Array.isArray(inner)) {
      return inner.map((item, index) => copy(item, itemsOf(fitting, index), `${path}/${index}`))
    }
    const entries = Object.entries(inner)
    return Object.fromEntries(
      entries.map(([key, item]) => [key, copy(item, fieldsOf(fitting, key), path + toStep(key))]),
    )
  }
  return copy(value, [shape], '')
}

function checkSize(size: number, branches: readonly ValueShape[], path: string): void {
  const most = branches.map((branch) => (branch.kind === 'binary' ? branch.maxBytes : 0))
  const limit = Math.max(0, ...most)
  if (limit === 0) throw new SchemaMismatch([{ path, message: NOT_BINARY }])
  if (size > limit) throw new SchemaMismatch([{ path, message: `must be at most ${limit} bytes` }])
}

/** Replaces the binary data of an outgoing copy with stand-ins, in place. */
export function setAsideInPlace(value: unknown, limits: readonly number[]): unknown {
  return replace(value, (inner) => (isBinary(inner) ? standInFor(inner, limits) : undefined))
}

/** Replaces the stand-ins with their data, in place. */
export function putBack(value: unknown): unknown {
  return replace(value, (inner) => (inner instanceof StandIn ? inner.binary : undefined))
}

/** Replaces the values, in place, for which `findOther` returns another one. */
function replace(value: unknown, findOther: (inner: object) => object | undefined): unknown {
  if (typeof value !== 'object' || value === null) return value
  const other = findOther(value)
  if (other) return other
  if (isBinary(value)) return value
  const target = value as Record<string, unknown>
  for (const [key, item] of Object.entries(target)) {
    const changed = replace(item, findOther)
    if (changed !== item) target[key] = changed
  }
  return value
}

function standInFor(binary: object, limits: readonly number[]): StandIn {
  const size = sizeOf(binary)
  const limit = limits.find((most) => size <= most) ?? Number.POSITIVE_INFINITY
  return new StandIn(binary instanceof ArrayBuffer ? new Uint8Array(binary) : binary, limit)
}

function sizeOf(binary: object): number {
  return binary instanceof Blob ? binary.size : (binary as ArrayBufferView).byteLength
}

/** The shapes of an item of an array. */
function itemsOf(branches: readonly ValueShape[], index: number): readonly ValueShape[] {
  return branches.flatMap((branch) => {
    return branch.kind === 'list' ? [branch.items[index] ?? branch.rest] : []
  })
}

/** The shapes of a property of an object. */
function fieldsOf(branches: readonly ValueShape[], key: string): readonly ValueShape[] {
  return branches.flatMap((branch) => {
    if (branch.kind !== 'fields') return []
    const { fields, patterns, rest } = branch
    const matching = patterns.filter(([pattern]) => pattern.test(key)).map(([, shape]) => shape)
    const named = fields.get(key)
    const known = named ? [named, ...matching] : matching
    return known.length > 0 ? known : rest ? [rest] : []
  })
}
