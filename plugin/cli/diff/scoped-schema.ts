import type { JsonSchema } from '../../definition/contract/description.js'

/*
 * A schema with the place where its references lead.
 */

/** A JSON Schema as an object; `true` is `{}`, and `false` is `{ not: {} }`. */
export type SchemaObject = Readonly<Record<string, unknown>>

/** The schemas of addSchema(), by `$id`. */
export type SharedSchemas = Readonly<Record<string, JsonSchema>>

/** A schema, and where its references lead: into its document, or to a shared schema. */
export interface ScopedSchema {
  readonly schema: SchemaObject
  readonly root: SchemaObject
  readonly shared: SharedSchemas
}

const TRUE: SchemaObject = {}
const FALSE: SchemaObject = { not: TRUE }

/** Keywords that no validator checks. */
const ANNOTATIONS = new Set([
  ...['title', 'description', 'default', 'example', 'examples', 'deprecated', 'readOnly', 'writeOnly'],
  ...['$id', '$schema', '$comment', '$anchor', 'definitions', '$defs', 'contentEncoding', 'contentMediaType'],
])

export function isAnnotation(keyword: string): boolean {
  return ANNOTATIONS.has(keyword) || keyword.startsWith('x-') || keyword.startsWith('~')
}

export function isObject(value: unknown): value is SchemaObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The schema of a document of its own. */
export function scopeSchema(schema: JsonSchema, shared: SharedSchemas): ScopedSchema {
  const root = toObject(schema)
  return { schema: root, root, shared }
}

/** A schema inside another one. A schema with an `$id` is a document of its own. */
export function scopeInside(parent: ScopedSchema, schema: unknown): ScopedSchema {
  const inner = toObject(schema)
  return { schema: inner, root: isDocument(inner) ? inner : parent.root, shared: parent.shared }
}

function toObject(schema: unknown): SchemaObject {
  if (isObject(schema)) return schema
  return schema === false ? FALSE : TRUE
}

function isDocument({ $id }: SchemaObject): boolean {
  return typeof $id === 'string' && !$id.startsWith('#')
}

/** Follows the `$ref` of a schema. Returns undefined if it does not lead to a schema. */
export function followRef({ schema, root, shared }: ScopedSchema): ScopedSchema | undefined {
  const [id = '', pointer = ''] = String(schema.$ref).split('#')
  const document = id === '' ? root : (findDocument(root, id) ?? findShared(shared, id))
  if (document === undefined) return undefined
  let at: unknown = document
  for (const step of pointer.split('/').slice(1)) {
    const key = decode(step).replaceAll('~1', '/').replaceAll('~0', '~')
    at = Object.hasOwn(Object(at), key) ? Object(at)[key] : undefined
  }
  // An anchor, or a pointer to nothing.
  if ((pointer !== '' && !pointer.startsWith('/')) || (!isObject(at) && typeof at !== 'boolean')) return undefined
  return scopeInside({ schema, root: toObject(document), shared }, at)
}

/** A text that is not encoded as a URI stays as it is. */
function decode(step: string): string {
  try {
    return decodeURIComponent(step)
  } catch {
    return step
  }
}

function findShared(shared: SharedSchemas, id: string): JsonSchema | undefined {
  const key = [id, `${id}#`].find((one) => Object.hasOwn(shared, one))
  return key === undefined ? undefined : shared[key]
}

/** Finds a document with this `$id` inside another one. */
function findDocument(value: unknown, id: string): SchemaObject | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  if (isObject(value) && value.$id === id) return value
  for (const inner of Object.values(value)) {
    const found = findDocument(inner, id)
    if (found) return found
  }
  return undefined
}
