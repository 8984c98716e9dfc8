import type { JsonSchema } from '../../plugin/definition/contract/description.js'
import {
  createRefResolver,
  isPlainObject,
  type Keywords,
  locationOf,
  type SchemaLocation,
} from '../../plugin/schema/schema-ref.js'

/** The schemas of addSchema(), by `$id`. */
export type SharedSchemas = Readonly<Record<string, JsonSchema>>

/** A schema, and the way to its subschemas. A `$ref` has been followed. */
export interface SchemaPlace {
  readonly keywords: Keywords
  /** The name of the schema that a `$ref` has led to, e.g. `Message`; undefined without one. */
  readonly refName?: string
  /** The place of a subschema. */
  readonly at: (schema: unknown) => SchemaPlace
  /** What both have in common if they are the same schema. */
  readonly identity: unknown
}

const REFS_FOLLOWED = 20

/** The place of a whole schema. A `$ref` that can't be followed is left in its keywords. */
export function placeOf(schema: unknown, shared: SharedSchemas): SchemaPlace {
  const resolveRef = createRefResolver(shared)

  function read(from: SchemaLocation): SchemaPlace {
    let here = from
    let siblings: Keywords = {}
    let refName: string | undefined
    for (let count = 0; count < REFS_FOLLOWED; count++) {
      const { $ref, ...rest } = Object(here.schema)
      if (typeof $ref !== 'string') break
      const target = tryResolve($ref, here)
      if (!target) break
      siblings = { ...rest, ...siblings }
      refName = $ref.split(/[/#]/).findLast((part) => part !== '')
      here = target
    }
    const { schema } = here
    const own: Keywords = isPlainObject(schema) ? schema : schema === false ? { not: {} } : {}
    return {
      // Annotations beside a `$ref` belong to the property that refers: they win.
      keywords: refName === undefined ? own : { ...own, ...annotationsOf(siblings) },
      ...(refName !== undefined && { refName }),
      at: (inner) => read(locationOf(here, inner)),
      identity: schema,
    }
  }

  function tryResolve(ref: string, { root, document }: SchemaLocation): SchemaLocation | undefined {
    try {
      return resolveRef(ref, root, document)
    } catch {
      return undefined // a hostile name, or a schema that is nested too deeply to be read
    }
  }

  return read(locationOf({ root: Object(schema) }, schema))
}

function annotationsOf(keywords: Keywords): Keywords {
  const names = ['title', 'description', 'deprecated', 'default', 'examples']
  return Object.fromEntries(Object.entries(keywords).filter(([name]) => names.includes(name)))
}
