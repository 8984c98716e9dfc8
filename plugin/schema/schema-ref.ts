/*
 * What a `$ref` of a JSON Schema points to: within its own document, or in one that was given to addSchema. Names are
 * URIs, resolved against the `$id` that they stand under, as Ajv does it.
 */

/** A schema, and the one that a `#` in it stands for. */
export interface Place {
  readonly schema: unknown
  readonly root: object
  /** The document that it stands in. Default: `root`. */
  readonly home?: object
}

/** A JSON Schema that is an object. */
export type Keywords = Readonly<Record<string, unknown>>

/** Gives the place that a `$ref` points to; undefined where it is not found. `home`: the document of `root`. */
export type Follow = (ref: string, root: object, home?: object) => Place | undefined

/** Whether a value is an object as JSON has it; what has a class of its own may be the schema of another language. */
export function isPlainObject(value: unknown): value is Keywords {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
  const prototype = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}

// Those of JSON Type Definition, Ajv's other language.
const FOREIGN = ['optionalProperties', 'elements', 'values', 'mapping']
// An object of a class with one of these speaks of JSON.
const SPOKEN = ['$ref', 'properties', 'patternProperties', 'additionalProperties', 'items', 'allOf', 'anyOf', 'oneOf']

/** Whether a schema is a JSON Schema with something in it. */
export function isKeywords(schema: unknown): schema is Keywords {
  return isDocument(schema) && FOREIGN.every((key) => schema[key] === undefined)
}

function isDocument(value: unknown): value is Keywords {
  if (isPlainObject(value)) return true
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
  return SPOKEN.some((key) => Object.hasOwn(value, key))
}

/** The place of a subschema. */
export function within({ root, home = root }: Omit<Place, 'schema'>, schema: unknown): Place {
  return { schema, root: isBase(schema) ? schema : root, home }
}

/** Whether a schema has a name that a `#` in it stands for; one that begins with `#` is an anchor. */
function isBase(schema: unknown): schema is Keywords & { $id: string } {
  return isDocument(schema) && typeof schema.$id === 'string' && !schema.$id.startsWith('#')
}

// What names without a scheme are read against.
const NOWHERE = 'schema://nowhere/'
// What stands there is data.
const DATA = ['const', 'default', 'enum', 'examples']

/** What has a name. */
interface Index {
  readonly places: ReadonlyMap<string, Place>
  /** The URI of each schema that has an `$id`. */
  readonly bases: ReadonlyMap<unknown, string>
}

/** in: the schemas of a context by their `$id`, as `getSchemas()` gives them. */
export function createFollow(added: Readonly<Record<string, unknown>>): Follow {
  const indexes = new WeakMap<object, Index>()
  const indexOf = (home: object): Index => {
    const index = indexes.get(home) ?? readNames(home)
    indexes.set(home, index)
    return index
  }
  let known: Index['places'] | undefined
  const readAdded = () =>
    new Map(
      Object.values(added)
        .flatMap((home) => [...indexOf(Object(home)).places])
        .reverse(),
    )

  return (ref, root, home = root) => {
    const { places, bases } = indexOf(home)
    const [name = '', fragment = ''] = ref.split('#', 2)
    const uri = resolve(name, bases.get(root) as string) // a root is its home, or has an `$id`
    const find = (key: string) => {
      const own = places.get(key)
      if (own) return own
      known ??= readAdded()
      return known.get(key)
    }
    if (fragment !== '' && !fragment.startsWith('/')) return find(`${uri}#${fragment}`)
    return walk(name === '' ? within({ root, home }, root) : find(uri), fragment)
  }
}

function walk(from: Place | undefined, pointer: string): Place | undefined {
  let place = from
  for (const key of pointer.split('/').slice(1)) {
    const name = decode(key)
    if (!place || !Object.hasOwn(Object(place.schema), name)) return undefined
    place = within(place, (place.schema as Keywords)[name])
  }
  return place
}

/** Every schema of a document that has a name, by that. */
function readNames(home: object): Index {
  const places = new Map<string, Place>()
  const bases = new Map<unknown, string>()
  const seen = new Set<unknown>()

  function read(at: Place, outer: string): void {
    const { schema } = at
    if (typeof schema !== 'object' || schema === null || seen.has(schema)) return
    seen.add(schema)
    const { $id, $anchor } = schema as Keywords
    const base = isBase(schema) ? resolve(schema.$id.replace(/#$/, ''), outer) : outer
    if (isBase(schema) || schema === home) {
      bases.set(schema, base)
      places.set(base, at)
    } else if (typeof $id === 'string') places.set(base + $id, at)
    if (typeof $anchor === 'string') places.set(`${base}#${$anchor}`, at)
    for (const [key, inner] of Object.entries(schema)) if (!DATA.includes(key)) read(within(at, inner), base)
  }

  read(within({ root: home }, home), NOWHERE)
  return { places, bases }
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
