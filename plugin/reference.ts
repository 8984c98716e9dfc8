/*
 * What a `$ref` of a JSON Schema points to: within its own schema, or in one that was given to addSchema.
 */

/** A schema, and the one that a `#` in it stands for. */
export interface Place {
  readonly schema: unknown
  readonly root: object
}

/** A JSON Schema that is an object. */
export type Keywords = Readonly<Record<string, unknown>>

/** Gives the place that a `$ref` points to; undefined where it is not found, or by a way that is not known here. */
export type Follow = (ref: string, root: object) => Place | undefined

/** Whether a value is an object as JSON has it; what has a class of its own may be the schema of another language. */
export function isPlainObject(value: unknown): value is Keywords {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
  const prototype = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}

// Those of JSON Type Definition, Ajv's other language.
const FOREIGN = ['optionalProperties', 'elements', 'values', 'mapping']

/** Whether a schema is a JSON Schema with something in it. */
export function isKeywords(schema: unknown): schema is Keywords {
  return isPlainObject(schema) && FOREIGN.every((key) => schema[key] === undefined)
}

/** The place of a subschema. */
export function within({ root }: Pick<Place, 'root'>, schema: unknown): Place {
  return { schema, root: isPlainObject(schema) && typeof schema.$id === 'string' ? schema : root }
}

/** in: the schemas of a context by their `$id`, as `getSchemas()` gives them. */
export function createFollow(added: Readonly<Record<string, unknown>>): Follow {
  const known = new Map(Object.entries(added))
  return (ref, root) => {
    const [name = '', pointer = ''] = ref.split('#', 2)
    const target = name === '' ? root : (findNamed(root as Keywords, name) ?? known.get(name))
    if (!isPlainObject(target)) return undefined
    // what does not begin with a slash is an anchor
    if (pointer !== '' && !pointer.startsWith('/')) return undefined
    let place = within({ root: target }, target)
    for (const key of pointer.split('/').slice(1)) {
      const { schema } = place
      const name = decode(key)
      if (!Object.hasOwn(Object(schema), name)) return undefined
      place = within(place, (schema as Keywords)[name])
    }
    return place
  }
}

/** TypeBox puts the schemas of a recursion beside each other, each with its `$id`. */
function findNamed(root: Keywords, name: string): unknown {
  const named = Object.values({ ...(root.$defs as object), ...(root.definitions as object) })
  return named.find((schema) => isPlainObject(schema) && schema.$id === name)
}

function decode(key: string): string {
  return decodeURIComponent(key).replaceAll('~1', '/').replaceAll('~0', '~')
}
