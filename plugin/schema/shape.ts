/*
 * The shape of a value, as its JSON Schema declares it, without its bounds: what is needed for copying a value that goes
 * out, and for writing it. Null is anywhere, for the check has its own word on that.
 */

export type Outline = Anything | Scalar | Bytes | List | FieldSet | Union | Later

/** Whatever JSON has. */
interface Anything {
  readonly kind: 'any'
}

/** A string, a number, a boolean. */
export interface Scalar {
  readonly kind: 'scalar'
  /** Undefined where it may be of several types. */
  readonly type: string | undefined
  /** The values that it may have, where they are listed. */
  readonly literals: readonly unknown[] | undefined
}

/** Binary data. */
interface Bytes {
  readonly kind: 'binary'
  readonly maxBytes: number
}

export interface List {
  readonly kind: 'list'
  /** Whether the value is one for sure: `items` without `type` speaks of lists only. */
  readonly isSure: boolean
  /** The first ones, where each is another. */
  readonly items: readonly Outline[]
  readonly rest: Outline
}

/** An object. */
export interface FieldSet {
  readonly kind: 'fields'
  readonly isSure: boolean
  readonly fields: ReadonlyMap<string, Outline>
  readonly required: readonly string[]
  readonly patterns: readonly (readonly [RegExp, Outline])[]
  /** Of any other field; undefined where there is none. */
  readonly rest: Outline | undefined
}

/** One of several. */
export interface Union {
  readonly kind: 'union'
  readonly branches: readonly Outline[]
}

/** A recursion. */
export interface Later {
  readonly kind: 'later'
  readonly get: () => Outline
  /** What it is the intersection of; undefined for a recursion itself. */
  readonly parts?: ReadonlySet<Outline>
}

export const ANY: Anything = { kind: 'any' }
/** The branches of a union, with those of its branches: none of them is a union, or comes later. */
export function branchesOf(outline: Outline, trail: readonly Outline[] = []): Outline[] {
  if (trail.includes(outline)) return []
  if (outline.kind === 'later') return branchesOf(outline.get(), [...trail, outline])
  if (outline.kind !== 'union') return [outline]
  return outline.branches.flatMap((branch) => branchesOf(branch, [...trail, outline]))
}

/** Whether an object or a list may be of a branch; one that is surely not declares nothing of it. */
export function mayBe(branch: Outline, value: object): boolean {
  if (branch.kind !== 'fields') return branch.kind === 'any' || (branch.kind === 'list' && Array.isArray(value))
  if (Array.isArray(value)) return false
  const source = value as Readonly<Record<string, unknown>>
  for (const name of branch.required) if (source[name] === undefined) return false
  for (const [name, field] of branch.fields) if (!isLike(field, source[name])) return false
  return true
}

/** Whether a value may be one of the literals; Ajv turns texts and numbers into each other. */
function isLike(field: Outline, value: unknown): boolean {
  if (field.kind !== 'scalar' || field.literals === undefined || value === undefined || Object(value) === value)
    return true
  return field.literals.some((literal) => literal === value || typeof literal !== typeof value)
}
