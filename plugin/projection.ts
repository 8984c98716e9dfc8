import type { CopyMixed } from './composite.js'
import type { Outline } from './outline.js'
import { isBinary, isNothing, toPlain } from './plain.js'

/*
 * What of a value goes out: a copy as JSON would have it, of what its schema declares. Fastify leaves the rest out of
 * its responses as it writes them; here it is left out before the check, so that what is checked is what is sent,
 * however it is encoded.
 */

/** Copies a value. Throws RangeError for what is nested deeper than 200 levels, a cycle above all. */
export type Project = (value: unknown, depth?: number) => unknown

// Stands for binary data where fields were declared, of which it has none: no schema of an object takes it.
const NO_RECORD = '(binary data)'

export function createProject(outline: Outline, copyMixed: CopyMixed): Project {
  switch (outline.kind) {
    case 'record': {
      const fields = new Map([...outline.fields].map(([name, field]) => [name, createProject(field, copyMixed)]))
      return createRecordProject(Object.assign(Object.create(null), Object.fromEntries(fields)))
    }
    case 'list':
      return createListProject(createProject(outline.item, copyMixed))
    case 'mixed':
      return (value, depth = 0) => copyMixed(outline.place, value, depth)
    default:
      return toPlain
  }
}

function createListProject(projectItem: Project): Project {
  return function project(value, depth = 0): unknown {
    if (!Array.isArray(value))
      return hasOwnJson(value, depth) ? project(value.toJSON(), depth + 1) : toPlain(value, depth)
    return projectItems(value, projectItem, depth)
  }
}

/** fields: without a prototype, for their names are those of a schema. */
function createRecordProject(fields: Readonly<Record<string, Project>>): Project {
  return function project(value, depth = 0): unknown {
    if (typeof value !== 'object' || value === null) return value
    if (isBinary(value)) return NO_RECORD
    if (hasOwnJson(value, depth)) return project(value.toJSON(), depth + 1)
    // Ajv may take a list of one for its item
    if (Array.isArray(value)) return projectItems(value, project, depth)
    const copy: Record<string, unknown> = {}
    for (const key of Object.keys(value)) {
      const projectField = fields[key]
      if (projectField === undefined) continue
      const item = (value as Record<string, unknown>)[key]
      if (typeof item === 'object') copy[key] = projectField(item, depth + 1)
      else if (!isNothing(item)) copy[key] = item
    }
    return copy
  }
}

function projectItems(items: unknown[], project: Project, depth: number): unknown[] {
  return items.map((item) => {
    if (typeof item === 'object') return project(item, depth + 1)
    return isNothing(item) ? null : item
  })
}

function hasOwnJson(value: unknown, depth: number): value is { toJSON(): unknown } {
  if (typeof (value as { toJSON?: unknown } | null)?.toJSON !== 'function') return false
  if (depth <= 200) return true
  throw new RangeError('The value is nested too deeply, or in itself')
}
