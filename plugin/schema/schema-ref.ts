/*
 * What a `$ref` of a JSON Schema points to: within its own document, or in one that was given to addSchema. Names are
 * URIs, resolved against the `$id` that they stand under, as Ajv does it.
 */

/** A schema, and the one that a `#` in it stands for. */
export interface SchemaLocation {
  readonly schema: unknown
  readonly root: object
  /** The document that it stands in. Default: `root`. */
  readonly document?: object
}

/** A JSON Schema that is an object. */
export type Keywords = Readonly<Record<string, unknown>>

/** Gives the location that a `$ref` points to; undefined where it is not found. `document`: the document of `root`. */
export type ResolveRef = (ref: string, root: object, document?: object) => SchemaLocation | undefined

/** Whether a value is an object as JSON has it; what has a class of its own may be the schema of another language. */
export function isPlainObject(value: unknown): value is Keywords {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
  const prototype = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}

// Those of JSON Type Definition, Ajv's other language.
const TYPE_DEFINITION_KEYS = ['optionalProperties', 'elements', 'values', 'mapping']
// An object of a class with one of these speaks of JSON.
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

/** Whether a schema is a JSON Schema with something in it. */
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

/** Whether a schema has a name that a `#` in it stands for; one that begins with `#` is an anchor. */
function isBase(schema: unknown): schema is Keywords & { $id: string } {
  return isDocument(schema) && typeof schema.$id === 'string' && !schema.$id.startsWith('#')
}

// What names without a scheme are read against.
const BASE_URI = 'schema://nowhere/'
// What stands there is data.
const VALUE_KEYS = ['const', 'default', 'enum', 'examples']

/** What has a name. */
interface Index {
  readonly locations: ReadonlyMap<string, SchemaLocation>
  /** The URI of each schema that has an `$id`. */
  readonly bases: ReadonlyMap<unknown, string>
}

/** in: the schemas of a context by their `$id`, as `getSchemas()` gives them. */
export function createRefResolver(added: Readonly<Record<string, unknown>>): ResolveRef {
  const indexes = new WeakMap<object, Index>()
  const indexOf = (document: object): Index => {
    const index = indexes.get(document) ?? readNames(document)
    indexes.set(document, index)
    return index
  }
  let known: Index['locations'] | undefined
  const readAdded = () =>
    new Map(
      Object.values(added)
        .flatMap((document) => [...indexOf(Object(document)).locations])
        .reverse(),
    )

  return (ref, root, document = root) => {
    const { locations, bases } = indexOf(document)
    const [name = '', fragment = ''] = ref.split('#', 2)
    const uri = resolve(name, bases.get(root) as string) // a root is its document, or has an `$id`
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

/** Every schema of a document that has a name, by that. */
function readNames(document: object): Index {
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
