/*
 * The types of a shape: the part of a JSON Schema that tells which properties and items a value declares, without its
 * bounds. Outgoing values are copied and written by their shape. Every shape includes null, which the check decides on.
 */

/** What a schema declares of a value. */
export type ValueShape = AnyShape | ScalarShape | BinaryShape | ListShape | ObjectShape | UnionShape | LazyShape

/** Any value. */
interface AnyShape {
  readonly kind: 'any'
}

/** A string, a number, a boolean. */
export interface ScalarShape {
  readonly kind: 'scalar'
  /** Undefined if several types are allowed. */
  readonly type: string | undefined
  /** The values of `const` or `enum`; undefined if neither is given. */
  readonly literals: readonly unknown[] | undefined
}

/** Binary data. */
interface BinaryShape {
  readonly kind: 'binary'
  readonly maxBytes: number
}

export interface ListShape {
  readonly kind: 'list'
  /** Whether the value must be an array: `items` without `type` also allows other values. */
  readonly isSure: boolean
  /** The shapes of the first items, if `items` is an array. */
  readonly items: readonly ValueShape[]
  /** The shape of every other item. */
  readonly rest: ValueShape
}

/** An object. */
export interface ObjectShape {
  readonly kind: 'fields'
  /** Whether the value must be an object. */
  readonly isSure: boolean
  readonly fields: ReadonlyMap<string, ValueShape>
  readonly required: readonly string[]
  readonly patterns: readonly (readonly [RegExp, ValueShape])[]
  /** The shape of any other property; undefined if others are not declared. */
  readonly rest: ValueShape | undefined
}

/** One of several shapes. */
export interface UnionShape {
  readonly kind: 'union'
  readonly branches: readonly ValueShape[]
}

/** A shape that is computed on first use, for recursive schemas. */
export interface LazyShape {
  readonly kind: 'lazy'
  readonly get: () => ValueShape
  /** The shapes that it is the intersection of; undefined if it is not an intersection. */
  readonly parts?: ReadonlySet<ValueShape>
}

export const ANY_SHAPE: AnyShape = { kind: 'any' }

/** The branches of a shape, with nested unions and lazy shapes resolved. */
export function branchesOf(shape: ValueShape, trail: readonly ValueShape[] = []): ValueShape[] {
  if (trail.includes(shape)) return []
  if (shape.kind === 'lazy') return branchesOf(shape.get(), [...trail, shape])
  if (shape.kind !== 'union') return [shape]
  return shape.branches.flatMap((branch) => branchesOf(branch, [...trail, shape]))
}

/** Whether an object or an array may match a branch. A branch that can not match declares none of its properties. */
export function mayBe(branch: ValueShape, value: object): boolean {
  if (branch.kind !== 'fields') return branch.kind === 'any' || (branch.kind === 'list' && Array.isArray(value))
  if (Array.isArray(value)) return false
  const source = value as Readonly<Record<string, unknown>>
  for (const name of branch.required) if (source[name] === undefined) return false
  for (const [name, field] of branch.fields) if (!isLike(field, source[name])) return false
  return true
}

/** Whether a value may be one of the literals. A value of another type may: Ajv coerces strings and numbers. */
function isLike(field: ValueShape, value: unknown): boolean {
  if (field.kind !== 'scalar' || field.literals === undefined || value === undefined || Object(value) === value)
    return true
  return field.literals.some((literal) => literal === value || typeof literal !== typeof value)
}
