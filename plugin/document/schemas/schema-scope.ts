import type { NamespaceDescription } from '../../definition/contract/description.js'
import { createRefResolver, isPlainObject, type Keywords } from '../../schema/schema-ref.js'
import { visitSubschemas } from './subschemas.js'

/*
 * The schemas of one namespace: where each stands, and what its references refer to.
 */

/** A schema with a name of its own, to which JSON pointers are relative: a document, or a part of one with an `$id`. */
export interface Resource {
  readonly schema: Keywords
  /** The schema that `#` refers to: this one, except for data that is a schema only because something refers to it. */
  readonly root: object
  /** The document that contains it. */
  readonly document: object
}

/** Where a reference leads. */
export interface RefTarget {
  readonly resource: Resource
  /** A JSON pointer below the resource. */
  readonly pointer: string
}

/** The schemas of a namespace. */
export interface SchemaScope {
  /**
   * What a reference refers to.
   *
   * @param from - the resource that contains the reference
   * @returns a boolean if the schema is one; undefined if it is not found
   */
  follow(ref: string, from: Resource): RefTarget | boolean | undefined
}

/** Whether a part of a document is a resource of its own. An `$id` that begins with `#` is an anchor. */
export function isResource(schema: unknown): schema is Keywords & { readonly $id: string } {
  return isPlainObject(schema) && typeof schema.$id === 'string' && !schema.$id.startsWith('#')
}

export function createScope({ schemas }: Pick<NamespaceDescription, 'schemas'>): SchemaScope {
  const resolveRef = createRefResolver(schemas)
  const places = new WeakMap<object, ReadonlyMap<unknown, RefTarget>>()
  const placesOf = (document: object) => {
    const known = places.get(document) ?? findPlaces(document)
    places.set(document, known)
    return known
  }
  return {
    follow(ref, from) {
      const { schema, root, document = root } = resolveRef(ref, from.root, from.document) ?? {}
      if (typeof schema === 'boolean') return schema
      if (!isPlainObject(schema) || !root || !document) return undefined
      return placesOf(document).get(schema) ?? { resource: { schema, root, document }, pointer: '' }
    },
  }
}

/** The place of each schema in a document. */
function findPlaces(document: object): ReadonlyMap<unknown, RefTarget> {
  const found = new Map<unknown, RefTarget>()
  const visit = (schema: unknown, place: RefTarget) => {
    if (!isPlainObject(schema)) return
    const own = isResource(schema) ? { resource: { schema, root: schema, document }, pointer: '' } : place
    found.set(schema, own)
    visitSubschemas(schema, (inner, pointer) => visit(inner, { ...own, pointer: own.pointer + pointer }))
  }
  visit(document, { resource: toResource(document), pointer: '' })
  return found
}

/** The document of a schema, as a resource. */
export function toResource(schema: object): Resource {
  return { schema: schema as Keywords, root: schema, document: schema }
}

/** Calls a function with the target of each reference in a resource, those of the resources that it contains included. */
export function visitTargets(resource: Resource, scope: SchemaScope, visit: (target: RefTarget) => void): void {
  const seen = new Set<unknown>()
  const read = (schema: unknown, from: Resource) => {
    if (!isPlainObject(schema) || seen.has(schema)) return
    seen.add(schema)
    const inside = isResource(schema) && schema !== from.schema ? { ...from, schema, root: schema } : from
    if (typeof schema.$ref === 'string') {
      const target = scope.follow(schema.$ref, inside)
      if (typeof target === 'object') visit(target)
    }
    visitSubschemas(schema, (inner) => read(inner, inside))
  }
  read(resource.schema, resource)
}
