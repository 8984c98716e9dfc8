/*
 * The shape of a value, as its JSON Schema declares it, without its bounds: what is needed for copying a value that goes
 * out, and for writing it. Null is anywhere, for the check has its own word on that.
 */

export type ValueShape = AnyShape | ScalarShape | BinaryShape | ListShape | ObjectShape | UnionShape | LazyShape

/** Whatever JSON has. */
interface AnyShape {
  readonly kind: 'any'
}

/** A string, a number, a boolean. */
export interface ScalarShape {
  readonly kind: 'scalar'
  /** Undefined where it may be of several types. */
  readonly type: string | undefined
  /** The values that it may have, where they are listed. */
  readonly literals: readonly unknown[] | undefined
}

/** Binary data. */
interface BinaryShape {
  readonly kind: 'binary'
  readonly maxBytes: number
}

export interface ListShape {
  readonly kind: 'list'
  /** Whether the value is one for sure: `items` without `type` speaks of lists only. */
  readonly isSure: boolean
  /** The first ones, where each is another. */
  readonly items: readonly ValueShape[]
  readonly rest: ValueShape
}

/** An object. */
export interface ObjectShape {
  readonly kind: 'fields'
  readonly isSure: boolean
  readonly fields: ReadonlyMap<string, ValueShape>
  readonly required: readonly string[]
  readonly patterns: readonly (readonly [RegExp, ValueShape])[]
  /** Of any other field; undefined where there is none. */
  readonly rest: ValueShape | undefined
}

/** One of several. */
export interface UnionShape {
  readonly kind: 'union'
  readonly branches: readonly ValueShape[]
}

/** A recursion. */
export interface LazyShape {
  readonly kind: 'lazy'
  readonly get: () => ValueShape
  /** What it is the intersection of; undefined for a recursion itself. */
  readonly parts?: ReadonlySet<ValueShape>
}

export const ANY_SHAPE: AnyShape = { kind: 'any' }
/** The branches of a union, with those of its branches: none of them is a union, or comes later. */
export function branchesOf(shape: ValueShape, trail: readonly ValueShape[] = []): ValueShape[] {
  if (trail.includes(shape)) return []
  if (shape.kind === 'lazy') return branchesOf(shape.get(), [...trail, shape])
  if (shape.kind !== 'union') return [shape]
  return shape.branches.flatMap((branch) => branchesOf(branch, [...trail, shape]))
}

/** Whether an object or a list may be of a branch; one that is surely not declares nothing of it. */
export function mayBe(branch: ValueShape, value: object): boolean {
  if (branch.kind !== 'fields') return branch.kind === 'any' || (branch.kind === 'list' && Array.isArray(value))
  if (Array.isArray(value)) return false
  const source = value as Readonly<Record<string, unknown>>
  for (const name of branch.required) if (source[name] === undefined) return false
  for (const [name, field] of branch.fields) if (!isLike(field, source[name])) return false
  return true
}

/** Whether a value may be one of the literals; Ajv turns texts and numbers into each other. */
function isLike(field: ValueShape, value: unknown): boolean {
  if (field.kind !== 'scalar' || field.literals === undefined || value === undefined || Object(value) === value)
    return true
  return field.literals.some((literal) => literal === value || typeof literal !== typeof value)
}
