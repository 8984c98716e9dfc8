import { DEPTH_LIMIT, isKept, isNothing, toPlain } from '../shared/json-value.js'
import { merge } from './combine-shapes.js'
import { branchesOf, type FieldSet, type List, mayBe, type Outline, type Union } from './shape.js'

/*
 * What of a value goes out: a copy as JSON would have it, of what its schema declares. Fastify leaves the rest out of
 * its responses as it writes them; here it is left out before the check, so that what is checked is what is sent,
 * however it is encoded.
 */

/** Copies a value. Throws RangeError for what is nested deeper than 200 levels, a cycle above all. */
export type Project = (value: unknown, depth?: number) => unknown

// Stands for binary data where fields were declared, of which it has none: no schema of an object takes it.
const NO_FIELDS = '(binary data)'

/** `refuse` gives what stands for binary data where fields are declared, for the check to refuse; or throws. */
export function createProject(outline: Outline, refuse: () => unknown = () => NO_FIELDS): Project {
  const known = new Map<Outline, Project>()

  function make(of: Outline): Project {
    const found = known.get(of)
    if (found) return found
    const project = makeNew(of)
    known.set(of, project)
    return project
  }

  function makeNew(of: Outline): Project {
    switch (of.kind) {
      case 'fields':
        return of.patterns.length > 0 || of.rest || of.fields.size === 0
          ? projectMap(of, make)
          : projectFields(of, make, refuse)
      case 'list':
        return projectList(of, make)
      case 'union':
        return projectUnion(of, make)
      case 'later':
        return (value, depth = 0) => (depth > DEPTH_LIMIT ? toPlain(value, depth) : make(of.get())(value, depth))
      default:
        return toPlain
    }
  }

  return make(outline)
}

/** Declared fields, and no others. */
function projectFields(
  { fields, isSure }: FieldSet,
  make: (outline: Outline) => Project,
  refuse: () => unknown,
): Project {
  // An object, for reading one of its keys takes less time than that of a Map.
  const projects: Record<string, Project> = Object.create(null)
  for (const [name, field] of fields) projects[name] = make(field)
  return function project(value, depth = 0): unknown {
    if (typeof value !== 'object' || value === null) return value
    if (isKept(value)) return isSure ? refuse() : value
    if (hasOwnJson(value, depth)) return project(value.toJSON(), depth + 1)
    if (Array.isArray(value)) return toPlain(value, depth)
    const copy: Record<string, unknown> = {}
    for (const key of Object.keys(value)) {
      const projectField = projects[key]
      if (projectField === undefined) continue
      const item = (value as Record<string, unknown>)[key]
      if (typeof item === 'object') copy[key] = projectField(item, depth + 1)
      else if (!isNothing(item)) copy[key] = item
    }
    return copy
  }
}

/** Fields by their names, by patterns of their names, and any others. */
function projectMap({ fields, patterns, rest }: FieldSet, make: (outline: Outline) => Project): Project {
  const find = (key: string) => fields.get(key) ?? patterns.find(([pattern]) => pattern.test(key))?.[1] ?? rest
  return function project(value, depth = 0): unknown {
    if (typeof value !== 'object' || value === null || isKept(value)) return value
    if (hasOwnJson(value, depth)) return project(value.toJSON(), depth + 1)
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

function projectList({ items, rest }: List, make: (outline: Outline) => Project): Project {
  const heads = items.map(make)
  const projectRest = make(rest)
  const projectOf = heads.length > 0 ? (index: number) => heads[index] ?? projectRest : () => projectRest
  return function project(value, depth = 0): unknown {
    if (Array.isArray(value)) return projectItems(value, projectOf, depth)
    return hasOwnJson(value, depth) && !isKept(value) ? project(value.toJSON(), depth + 1) : toPlain(value, depth)
  }
}

/** One of several: that which the value may be; where it may be several of them, what any of them declares. */
function projectUnion(union: Union, make: (outline: Outline) => Project): Project {
  let branches: readonly Outline[] | undefined
  const merged = new Map<string, Project>()
  return function project(value, depth = 0): unknown {
    if (typeof value !== 'object' || value === null || isKept(value)) return value
    if (hasOwnJson(value, depth)) return project(value.toJSON(), depth + 1)
    branches ??= branchesOf(union)
    const indexes: number[] = []
    for (let index = 0; index < branches.length; index++) {
      if (mayBe(branches[index] as Outline, value)) indexes.push(index)
    }
    const key = indexes.join()
    let projectMerged = merged.get(key)
    if (!projectMerged) {
      projectMerged = make(merge(indexes.map((index) => branches?.[index] as Outline)))
      merged.set(key, projectMerged)
    }
    return projectMerged(value, depth)
  }
}

function projectItems(items: unknown[], projectOf: (index: number) => Project, depth: number): unknown[] {
  return items.map((item, index) => {
    if (typeof item === 'object') return projectOf(index)(item, depth + 1)
    return isNothing(item) ? null : item
  })
}

function hasOwnJson(value: unknown, depth: number): value is { toJSON(): unknown } {
  if (typeof (value as { toJSON?: unknown } | null)?.toJSON !== 'function') return false
  if (depth <= DEPTH_LIMIT) return true
  throw new RangeError('The value is nested too deeply, or in itself')
}
