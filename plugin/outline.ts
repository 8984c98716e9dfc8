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
interface Scalar {
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
interface Later {
  readonly kind: 'later'
  readonly get: () => Outline
}

export const ANY: Anything = { kind: 'any' }
/** Anything too, but because an outline can't say it: the schema may say more. */
export const OPAQUE: Anything = { kind: 'any' }
// Alternatives of alternatives multiply.
const BRANCH_LIMIT = 32

/** The outline of a value that has both. What can't be said is anything. */
export function intersect(a: Outline, b: Outline): Outline {
  if (a.kind === 'any') return b
  if (b.kind === 'any') return a
  if (a.kind === 'later' || b.kind === 'later') return OPAQUE
  if (a.kind === 'union') return unite(a.branches.map((branch) => intersect(branch, b)))
  if (b.kind === 'union') return unite(b.branches.map((branch) => intersect(a, branch)))
  if (a.kind === 'binary' || b.kind === 'binary') return intersectBytes(a, b)
  if (a.kind === 'scalar' && b.kind === 'scalar') return intersectScalars(a, b)
  if (a.kind === 'list' && b.kind === 'list') return joinLists(a, b, intersect)
  if (a.kind === 'fields' && b.kind === 'fields') return intersectFields(a, b)
  // of another kind: who is sure is right
  if (a.kind === 'scalar' || b.kind === 'scalar') return a.kind === 'scalar' ? a : b
  if (a.isSure || b.isSure) return a.isSure ? a : b
  return { kind: 'union', branches: [a, b] }
}

/** The outline of a value that has one of them. */
export function unite(outlines: readonly Outline[]): Outline {
  const branches = outlines.flatMap((outline) => (outline.kind === 'union' ? outline.branches : [outline]))
  if (branches.length > BRANCH_LIMIT) return OPAQUE
  const others = branches.filter((branch) => branch.kind !== 'scalar' || branch.type !== 'null')
  if (others.length === 1) return others[0] as Outline
  const scalars = others.filter((branch) => branch.kind === 'scalar')
  if (scalars.length < others.length) return { kind: 'union', branches: others }
  const types = new Set(scalars.map(({ type }) => type))
  const isListed = scalars.every(({ literals }) => literals !== undefined)
  return {
    kind: 'scalar',
    type: types.size === 1 ? scalars[0]?.type : undefined,
    literals: isListed ? scalars.flatMap(({ literals = [] }) => literals) : undefined,
  }
}

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

/** The outline of what any of these branches declares. None of them declares nothing: then it may be anything. */
export function merge([first = ANY, ...others]: readonly Outline[]): Outline {
  return others.reduce((a, b) => {
    if (a.kind === 'list' && b.kind === 'list') return joinLists(a, b, either)
    return a.kind === 'fields' && b.kind === 'fields' ? mergeFields(a, b) : ANY
  }, first)
}

const either = (a: Outline, b: Outline): Outline => (a === b ? a : unite([a, b]))

/** Of two, where one is binary data at least: nothing else is some, and the check says so. */
function intersectBytes(a: Outline, b: Outline): Outline {
  if (a.kind === 'binary' && b.kind === 'binary') return a.maxBytes < b.maxBytes ? a : b
  return a.kind === 'binary' ? a : b
}

function intersectScalars(a: Scalar, b: Scalar): Scalar {
  const type = a.type === undefined || a.type === b.type ? b.type : b.type === undefined ? a.type : undefined
  return { kind: 'scalar', type, literals: a.literals ?? b.literals }
}

function joinLists(a: List, b: List, join: (a: Outline, b: Outline) => Outline): List {
  const length = Math.max(a.items.length, b.items.length)
  const items = Array.from({ length }, (_, index) => join(a.items[index] ?? a.rest, b.items[index] ?? b.rest))
  return { kind: 'list', isSure: a.isSure || b.isSure, items, rest: join(a.rest, b.rest) }
}

function intersectFields(a: FieldSet, b: FieldSet): FieldSet {
  return { ...joinFields(a, b, intersect), isSure: a.isSure || b.isSure, required: [...a.required, ...b.required] }
}

function mergeFields(a: FieldSet, b: FieldSet): FieldSet {
  return { ...joinFields(a, b, either), isSure: a.isSure && b.isSure, required: [] }
}

function joinFields(a: FieldSet, b: FieldSet, join: (a: Outline, b: Outline) => Outline) {
  const fields = new Map(a.fields)
  for (const [name, field] of a.fields) if (!b.fields.has(name) && b.rest) fields.set(name, join(field, b.rest))
  for (const [name, field] of b.fields) {
    const other = a.fields.get(name) ?? a.rest
    fields.set(name, other ? join(other, field) : field)
  }
  const rest = a.rest && b.rest ? join(a.rest, b.rest) : (a.rest ?? b.rest)
  return { kind: 'fields' as const, fields, patterns: [...a.patterns, ...b.patterns], rest }
}
