import {
  ANY,
  branchesOf,
  type FieldSet,
  type Later,
  type List,
  type Outline,
  type Scalar,
  type Union,
} from './shape.js'

/*
 * Outlines, put together: of what has both, and of what has one of them.
 */

// Of a recursion that leads to nothing but itself.
const NOTHING: FieldSet = {
  kind: 'fields',
  isSure: false,
  fields: new Map(),
  required: [],
  patterns: [],
  rest: undefined,
}
// Alternatives of alternatives multiply.
const BRANCH_LIMIT = 32

/** The outline of a value that has both. */
export function intersect(a: Outline, b: Outline): Outline {
  if (a.kind === 'any') return b
  if (b.kind === 'any') return a
  if (a.kind === 'later' || b.kind === 'later') return intersectLater(a, b)
  if (a.kind === 'union' && b.kind === 'union') return intersectUnions(a, b)
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
  const branches = outlines.flatMap(alternativesOf)
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

/** The outline of what any of these branches declares. None of them declares nothing: then it may be anything. */
export function merge([first = ANY, ...others]: readonly Outline[]): Outline {
  return others.reduce((a, b) => {
    if (a.kind === 'list' && b.kind === 'list') return joinLists(a, b, either)
    if (a.kind === 'binary' && b.kind === 'binary') return a.maxBytes > b.maxBytes ? a : b
    return a.kind === 'fields' && b.kind === 'fields' ? mergeFields(a, b) : ANY
  }, first)
}

const either = (a: Outline, b: Outline): Outline => (a === b ? a : unite([a, b]))

/** One that is worked out when it is first asked for; who asks for it meanwhile is told that it declares nothing. */
export function createLater(make: () => Outline, parts?: ReadonlySet<Outline>): Outline {
  let made: Outline | undefined
  const later: Later = {
    kind: 'later',
    get() {
      if (made) return made
      made = NOTHING
      const outline = make()
      if (outline !== later) made = outline
      return made
    },
    ...(parts && { parts }),
  }
  return later
}

// The intersections with a recursion, by it: the same of the same is one, so a recursion comes to its end.
const intersections = new WeakMap<Outline, Outline[]>()

/** Worked out when it's asked for, for a recursion may still be under way. */
function intersectLater(a: Outline, b: Outline): Outline {
  const parts = new Set([...partsOf(a), ...partsOf(b)])
  const [first = a] = parts
  if (parts.size === 1) return first
  // It would go on: who declares less sends less.
  if (parts.size > BRANCH_LIMIT) return a
  const known = intersections.get(first) ?? []
  intersections.set(first, known)
  const found = known.find((one) => isOf(one, parts))
  if (found) return found
  const made = createLater(() => [...parts].map(settle).reduce(intersect), parts)
  known.push(made)
  return made
}

const partsOf = (outline: Outline): Iterable<Outline> => (outline.kind === 'later' && outline.parts) || [outline]
const settle = (outline: Outline): Outline => (outline.kind === 'later' ? settle(outline.get()) : outline)

function isOf(outline: Outline, parts: ReadonlySet<Outline>): boolean {
  const own = new Set(partsOf(outline))
  return own.size === parts.size && [...own].every((part) => parts.has(part))
}

/** Where there would be too many, what any of them declares is declared. */
function intersectUnions(a: Union, b: Union): Outline {
  const isMany = a.branches.length * b.branches.length > BRANCH_LIMIT
  const one = isMany ? coalesce(a.branches) : a
  const all = b.branches.flatMap((branch) => alternativesOf(intersect(one, branch)))
  return isMany ? coalesce(all) : unite(all)
}

const alternativesOf = (outline: Outline): readonly Outline[] =>
  outline.kind === 'union' ? outline.branches : [outline]

/** One outline for each kind of value, of what any of the branches declares. */
function coalesce(branches: readonly Outline[]): Outline {
  if (branches.some(({ kind }) => kind === 'later')) {
    return createLater(() => coalesce(branchesOf({ kind: 'union', branches })))
  }
  const kinds = [...new Set(branches.map(({ kind }) => kind))]
  if (kinds.includes('any')) return ANY
  return unite(kinds.map((kind) => joinKind(branches.filter((branch) => branch.kind === kind))))
}

function joinKind(branches: readonly Outline[]): Outline {
  if (branches[0]?.kind === 'scalar') return unite(branches)
  return merge(branches)
}

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
