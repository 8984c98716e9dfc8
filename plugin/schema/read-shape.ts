import type { BinaryOptions } from './binary/binary-keyword.js'
import { createLater, intersect, unite } from './combine-shapes.js'
import { type Follow, isKeywords, type Keywords, type Place, within } from './schema-ref.js'
import { ANY, type Outline } from './shape.js'

/*
 * Reads the outline of a value from its JSON Schema: what every keyword says of its shape, put together.
 */

const SCALARS = ['string', 'number', 'integer', 'boolean', 'null']
const FIELD_KEYS = ['properties', 'patternProperties', 'additionalProperties', 'required']

/** Throws for a `$ref` that leads to where nobody knows: what it declares can't be told from what it does not. */
export function readOutline(place: Place, follow: Follow): Outline {
  const known = new Map<unknown, Outline>()

  function read(at: Place): Outline {
    const { schema } = at
    if (!isKeywords(schema)) return ANY
    const found = known.get(schema)
    if (found) return found
    // for as long as it is under way: it may be within itself
    known.set(
      schema,
      createLater(() => known.get(schema) as Outline),
    )
    const readInner = (inner: unknown) => read(within(at, inner))
    const together = [...readTarget(at, schema.$ref), ...listOf(schema.allOf).map(readInner)]
    const outline = alternativesOf(schema).reduce<Outline>(
      (all, branches) => intersect(all, unite(branches.map(readInner))),
      together.reduce(intersect, readOwn(schema, readInner)),
    )
    known.set(schema, outline)
    return outline
  }

  function readTarget({ root, home }: Place, ref: unknown): Outline[] {
    if (typeof ref !== 'string') return []
    const target = follow(ref, root, home)
    if (target) return [read(target)]
    throw new Error(`"${ref}" can not be followed, so what is sent can not be stripped`)
  }

  return read(place)
}

/** The lists of which one is true; what is not there says nothing. */
function alternativesOf({ anyOf, oneOf, if: condition, then, else: otherwise, ...schema }: Keywords): unknown[][] {
  const dependents = Object.values({ ...Object(schema.dependencies), ...Object(schema.dependentSchemas) })
  return [
    listOf(anyOf),
    listOf(oneOf),
    condition === undefined ? [] : [then, otherwise],
    ...dependents.map((inner) => [true, inner]),
  ].filter((branches) => branches.length > 0)
}

/** What a schema says by itself. */
function readOwn(schema: Keywords, read: (inner: unknown) => Outline): Outline {
  if (schema.binary !== undefined) return { kind: 'binary', maxBytes: (schema.binary as BinaryOptions).maxBytes }
  const all = [schema.type ?? []].flat() as string[]
  const types = all.filter((type) => type !== 'null')
  const speaksOf = (type: string, keys: readonly string[]) =>
    types.includes(type) || (schema.type === undefined && keys.some((key) => schema[key] !== undefined))
  const isSure = types.length === 1
  const outlines: Outline[] = []
  if (speaksOf('object', FIELD_KEYS)) outlines.push(readFields(schema, isSure, read))
  if (speaksOf('array', ['items'])) outlines.push(readList(schema, isSure, read))
  if (outlines.length > 0) return unite(outlines)
  const literals = Object.hasOwn(schema, 'const') ? [schema.const] : (schema.enum as unknown[] | undefined)
  if (all.length > 0 && all.every((type) => SCALARS.includes(type))) {
    return { kind: 'scalar', type: types.length > 1 ? undefined : (types[0] ?? 'null'), literals }
  }
  if (Array.isArray(literals) && literals.every((literal) => Object(literal) !== literal)) {
    return { kind: 'scalar', type: undefined, literals }
  }
  return ANY
}

function readFields(schema: Keywords, isSure: boolean, read: (inner: unknown) => Outline): Outline {
  const { properties, patternProperties, additionalProperties = false } = schema
  const required = listOf(schema.required) as string[]
  const fields = new Map(Object.entries(Object(properties)).map(([name, inner]) => [name, read(inner)]))
  const patterns = Object.entries(Object(patternProperties)).map(
    ([pattern, inner]) => [new RegExp(pattern, 'u'), read(inner)] as const,
  )
  const rest = additionalProperties === false ? undefined : read(additionalProperties)
  // what is only required may be anything
  if (!rest) for (const name of required) if (!fields.has(name)) fields.set(name, ANY)
  return { kind: 'fields', isSure, fields, required, patterns, rest }
}

function readList({ items, additionalItems }: Keywords, isSure: boolean, read: (inner: unknown) => Outline): Outline {
  if (!Array.isArray(items)) return { kind: 'list', isSure, items: [], rest: read(items) }
  return { kind: 'list', isSure, items: items.map(read), rest: read(additionalItems) }
}

function listOf(value: unknown): unknown[] {
  return Array.isArray(value) ? value : []
}
