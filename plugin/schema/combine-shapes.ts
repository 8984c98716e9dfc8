import {
  ANY_SHAPE,
  branchesOf,
  type LazyShape,
  type ListShape,
  type ObjectShape,
  type ScalarShape,
  type UnionShape,
  type ValueShape,
} from './shape.js'

/*
 * Combines shapes: the intersection for `allOf`, the union for `anyOf` and `oneOf`, and what several alternatives declare
 * together.
 */

// The shape of a schema that refers only to itself.
const NOTHING: ObjectShape = {
  kind: 'fields',
  isSure: false,
  fields: new Map(),
  required: [],
  patterns: [],
  rest: undefined,
}
// Intersections of unions multiply their branches.
const BRANCH_LIMIT = 32

/** The shape of a value that fits both. */
export function intersect(a: ValueShape, b: ValueShape): ValueShape {
  if (a.kind === 'any') return b
  if (b.kind === 'any') return a
  if (a.kind === 'lazy' || b.kind === 'lazy') return intersectLazy(a, b)
  if (a.kind === 'union' && b.kind === 'union') return intersectUnions(a, b)
  if (a.kind === 'union') return unite(a.branches.map((branch) => intersect(branch, b)))
  if (b.kind === 'union') return unite(b.branches.map((branch) => intersect(a, branch)))
  if (a.kind === 'binary' || b.kind === 'binary') return intersectBinary(a, b)
  if (a.kind === 'scalar' && b.kind === 'scalar') return intersectScalars(a, b)
  if (a.kind === 'list' && b.kind === 'list') return joinLists(a, b, intersect)
  if (a.kind === 'fields' && b.kind === 'fields') return intersectFields(a, b)
  // The kinds differ: a shape that is sure of its kind wins.
  if (a.kind === 'scalar' || b.kind === 'scalar') return a.kind === 'scalar' ? a : b
  if (a.isSure || b.isSure) return a.isSure ? a : b
  return { kind: 'union', branches: [a, b] }
}

/** The shape of a value that fits one of several shapes. */
export function unite(shapes: readonly ValueShape[]): ValueShape {
  const branches = shapes.flatMap(alternativesOf)
  const others = branches.filter((branch) => branch.kind !== 'scalar' || branch.type !== 'null')
  if (others.length === 1) return others[0] as ValueShape
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

/** The shape of everything that any of these branches declares; any value if there are no branches. */
export function merge([first = ANY_SHAPE, ...others]: readonly ValueShape[]): ValueShape {
  return others.reduce((a, b) => {
    if (a.kind === 'list' && b.kind === 'list') return joinLists(a, b, either)
    if (a.kind === 'binary' && b.kind === 'binary') return a.maxBytes > b.maxBytes ? a : b
    return a.kind === 'fields' && b.kind === 'fields' ? mergeFields(a, b) : ANY_SHAPE
  }, first)
}

const either = (a: ValueShape, b: ValueShape): ValueShape => (a === b ? a : unite([a, b]))

/**
 * Creates a shape that is computed on first use.
 *
 * @param make - computes the shape. While it runs, the shape declares nothing.
 * @param parts - the shapes that it is the intersection of
 */
export function createLazyShape(make: () => ValueShape, parts?: ReadonlySet<ValueShape>): ValueShape {
  let made: ValueShape | undefined
  const later: LazyShape = {
    kind: 'lazy',
    get() {
      if (made) return made
      made = NOTHING
      const shape = make()
      if (shape !== later) made = shape
      return made
    },
    ...(parts && { parts }),
  }
  return later
}

// The intersections with a recursive shape, by its first part. Reusing them ends the recursion.
const intersections = new WeakMap<ValueShape, ValueShape[]>()

/** Computes the intersection on first use, because a recursive shape may still be under construction. */
function intersectLazy(a: ValueShape, b: ValueShape): ValueShape {
  const parts = new Set([...partsOf(a), ...partsOf(b)])
  const [first = a] = parts
  if (parts.size === 1) return first
  // The recursion does not end. One of the two alone declares less, so nothing undeclared is sent.
  if (parts.size > BRANCH_LIMIT) return a
  const known = intersections.get(first) ?? []
  intersections.set(first, known)
  const found = known.find((one) => isOf(one, parts))
  if (found) return found
  const made = createLazyShape(() => [...parts].map(settle).reduce(intersect), parts)
  known.push(made)
  return made
}

const partsOf = (shape: ValueShape): Iterable<ValueShape> => (shape.kind === 'lazy' && shape.parts) || [shape]
const settle = (shape: ValueShape): ValueShape => (shape.kind === 'lazy' ? settle(shape.get()) : shape)

function isOf(shape: ValueShape, parts: ReadonlySet<ValueShape>): boolean {
  const own = new Set(partsOf(shape))
  return own.size === parts.size && [...own].every((part) => parts.has(part))
}

/** Intersects each pair of branches. Above the limit, the branches of one kind become one that declares their properties. */
function intersectUnions(a: UnionShape, b: UnionShape): ValueShape {
  const isMany = a.branches.length * b.branches.length > BRANCH_LIMIT
  const one = isMany ? coalesce(a.branches) : a
  const all = b.branches.flatMap((branch) => alternativesOf(intersect(one, branch)))
  return isMany ? coalesce(all) : unite(all)
}

const alternativesOf = (shape: ValueShape): readonly ValueShape[] => (shape.kind === 'union' ? shape.branches : [shape])

/** Merges the branches of each kind. */
function coalesce(branches: readonly ValueShape[]): ValueShape {
  if (branches.some(({ kind }) => kind === 'lazy')) {
    return createLazyShape(() => coalesce(branchesOf({ kind: 'union', branches })))
  }
  const kinds = [...new Set(branches.map(({ kind }) => kind))]
  if (kinds.includes('any')) return ANY_SHAPE
  return unite(kinds.map((kind) => joinKind(branches.filter((branch) => branch.kind === kind))))
}

function joinKind(branches: readonly ValueShape[]): ValueShape {
  if (branches[0]?.kind === 'scalar') return unite(branches)
  return merge(branches)
}

/** The intersection of two shapes, at least one of them binary. The check refuses a value that is not binary data. */
function intersectBinary(a: ValueShape, b: ValueShape): ValueShape {
  if (a.kind === 'binary' && b.kind === 'binary') return a.maxBytes < b.maxBytes ? a : b
  return a.kind === 'binary' ? a : b
}

function intersectScalars(a: ScalarShape, b: ScalarShape): ScalarShape {
  const type = a.type === undefined || a.type === b.type ? b.type : b.type === undefined ? a.type : undefined
  return { kind: 'scalar', type, literals: a.literals ?? b.literals }
}

function joinLists(a: ListShape, b: ListShape, join: (a: ValueShape, b: ValueShape) => ValueShape): ListShape {
  const length = Math.max(a.items.length, b.items.length)
  const items = Array.from({ length }, (_, index) => join(a.items[index] ?? a.rest, b.items[index] ?? b.rest))
  return { kind: 'list', isSure: a.isSure || b.isSure, items, rest: join(a.rest, b.rest) }
}

function intersectFields(a: ObjectShape, b: ObjectShape): ObjectShape {
  return { ...joinFields(a, b, intersect), isSure: a.isSure || b.isSure, required: [...a.required, ...b.required] }
}

function mergeFields(a: ObjectShape, b: ObjectShape): ObjectShape {
  return { ...joinFields(a, b, either), isSure: a.isSure && b.isSure, required: [] }
}

function joinFields(a: ObjectShape, b: ObjectShape, join: (a: ValueShape, b: ValueShape) => ValueShape) {
  const fields = new Map(a.fields)
  for (const [name, field] of a.fields) if (!b.fields.has(name) && b.rest) fields.set(name, join(field, b.rest))
  for (const [name, field] of b.fields) {
    const other = a.fields.get(name) ?? a.rest
    fields.set(name, other ? join(other, field) : field)
  }
  const rest = a.rest && b.rest ? join(a.rest, b.rest) : (a.rest ?? b.rest)
  return { kind: 'fields' as const, fields, patterns: [...a.patterns, ...b.patterns], rest }
}
