/*
 * Resolves `$ref` of JSON Schema, within a document or to a schema of addSchema(). Names are URIs, resolved against the
 * enclosing `$id`, as in Ajv.
 */

/** A schema with its root: the schema that `#` refers to. */
export interface SchemaLocation {
  readonly schema: unknown
  readonly root: object
  /** The document that contains it. Default: `root`. */
  readonly document?: object
}

/** A JSON Schema that is an object. */
export type Keywords = Readonly<Record<string, unknown>>

/** Resolves a `$ref` that stands under `root`, in `document`. Returns undefined if it is not found. */
export type ResolveRef = (ref: string, root: object, document?: object) => SchemaLocation | undefined

/** Whether a value is a plain object. An instance of a class may be a schema of another library. */
export function isPlainObject(value: unknown): value is Keywords {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
  const prototype = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}

// Keywords of JSON Type Definition, which Ajv also supports.
const TYPE_DEFINITION_KEYS = ['optionalProperties', 'elements', 'values', 'mapping']
// An instance of a class that has one of these keywords is a JSON Schema.
const JSON_SCHEMA_KEYS = [
  '$ref',
  'properties',
  'patternProperties',
  'additionalProperties',
  'items',
  'allOf',
  'anyOf',
  'oneOf',
]

/** Whether a schema is a JSON Schema that is an object. */
export function isKeywords(schema: unknown): schema is Keywords {
  return isDocument(schema) && TYPE_DEFINITION_KEYS.every((key) => schema[key] === undefined)
}

function isDocument(value: unknown): value is Keywords {
  if (isPlainObject(value)) return true
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
  return JSON_SCHEMA_KEYS.some((key) => Object.hasOwn(value, key))
}

/** The location of a subschema. */
export function locationOf({ root, document = root }: Omit<SchemaLocation, 'schema'>, schema: unknown): SchemaLocation {
  return { schema, root: isBase(schema) ? schema : root, document }
}

/** Whether a schema has an `$id` that makes it a root. An `$id` that begins with `#` is an anchor. */
function isBase(schema: unknown): schema is Keywords & { $id: string } {
  return isDocument(schema) && typeof schema.$id === 'string' && !schema.$id.startsWith('#')
}

// Relative names are resolved against it.
const BASE_URI = 'schema://nowhere/'
// Keywords whose values are data, not schemas.
const VALUE_KEYS = ['const', 'default', 'enum', 'examples']

/** The named schemas of a document. */
interface SchemaIndex {
  readonly locations: ReadonlyMap<string, SchemaLocation>
  /** The URI of each root. */
  readonly bases: ReadonlyMap<unknown, string>
}

/**
 * Creates the resolver of a context.
 *
 * @param added - the schemas of addSchema() by `$id`, as `getSchemas()` returns them
 */
export function createRefResolver(added: Readonly<Record<string, unknown>>): ResolveRef {
  const indexes = new WeakMap<object, SchemaIndex>()
  const indexOf = (document: object): SchemaIndex => {
    const index = indexes.get(document) ?? readNames(document)
    indexes.set(document, index)
    return index
  }
  let known: SchemaIndex['locations'] | undefined
  const readAdded = () =>
    new Map(
      Object.values(added)
        .flatMap((document) => [...indexOf(Object(document)).locations])
        .reverse(),
    )

  return (ref, root, document = root) => {
    const { locations, bases } = indexOf(document)
    const [name = '', fragment = ''] = ref.split('#', 2)
    const uri = resolve(name, bases.get(root) as string) // a root is the document itself, or has an `$id`
    const find = (key: string) => {
      const own = locations.get(key)
      if (own) return own
      known ??= readAdded()
      return known.get(key)
    }
    if (fragment !== '' && !fragment.startsWith('/')) return find(`${uri}#${fragment}`)
    return resolvePointer(name === '' ? locationOf({ root, document }, root) : find(uri), fragment)
  }
}

function resolvePointer(from: SchemaLocation | undefined, pointer: string): SchemaLocation | undefined {
  let location = from
  for (const key of pointer.split('/').slice(1)) {
    const name = decode(key)
    if (!location || !Object.hasOwn(Object(location.schema), name)) return undefined
    location = locationOf(location, (location.schema as Keywords)[name])
  }
  return location
}

/** Indexes the schemas of a document that have an `$id` or an anchor. */
function readNames(document: object): SchemaIndex {
  const locations = new Map<string, SchemaLocation>()
  const bases = new Map<unknown, string>()
  const seen = new Set<unknown>()

  function read(at: SchemaLocation, outer: string): void {
    const { schema } = at
    if (typeof schema !== 'object' || schema === null || seen.has(schema)) return
    seen.add(schema)
    const { $id, $anchor } = schema as Keywords
    const base = isBase(schema) ? resolve(schema.$id.replace(/#$/, ''), outer) : outer
    if (isBase(schema) || schema === document) {
      bases.set(schema, base)
      locations.set(base, at)
    } else if (typeof $id === 'string') locations.set(base + $id, at)
    if (typeof $anchor === 'string') locations.set(`${base}#${$anchor}`, at)
    for (const [key, inner] of Object.entries(schema)) if (!VALUE_KEYS.includes(key)) read(locationOf(at, inner), base)
  }

  read(locationOf({ root: document }, document), BASE_URI)
  return { locations, bases }
}

function resolve(name: string, base: string): string {
  if (name === '') return base
  try {
    return new URL(name, base).href
  } catch {
    return name
  }
}

function decode(key: string): string {
  return decodeURIComponent(key).replaceAll('~1', '/').replaceAll('~0', '~')
}
