import type { BinaryOptions } from './binary/binary-keyword.js'
import { createLazyShape, intersect, unite } from './combine-shapes.js'
import { isKeywords, type Keywords, locationOf, type ResolveRef, type SchemaLocation } from './schema-ref.js'
import { ANY_SHAPE, type ValueShape } from './shape.js'

/*
 * Reads the shape of a value from its JSON Schema.
 */

const SCALARS = ['string', 'number', 'integer', 'boolean', 'null']
const FIELD_KEYS = ['properties', 'patternProperties', 'additionalProperties', 'required']

/**
 * Combines the shapes that the keywords of a schema declare.
 *
 * @throws Error if a `$ref` can not be resolved: the declared properties are then unknown
 */
export function readShape(location: SchemaLocation, resolveRef: ResolveRef): ValueShape {
  const known = new Map<unknown, ValueShape>()

  function read(at: SchemaLocation): ValueShape {
    const { schema } = at
    if (!isKeywords(schema)) return ANY_SHAPE
    const found = known.get(schema)
    if (found) return found
    // Stands for this schema while it is read, because the schema may contain itself.
    known.set(
      schema,
      createLazyShape(() => known.get(schema) as ValueShape),
    )
    const readInner = (inner: unknown) => read(locationOf(at, inner))
    const together = [...readTarget(at, schema.$ref), ...listOf(schema.allOf).map(readInner)]
    const shape = alternativesOf(schema).reduce<ValueShape>(
      (all, branches) => intersect(all, unite(branches.map(readInner))),
      together.reduce(intersect, readOwn(schema, readInner)),
    )
    known.set(schema, shape)
    return shape
  }

  function readTarget({ root, document }: SchemaLocation, ref: unknown): ValueShape[] {
    if (typeof ref !== 'string') return []
    const target = resolveRef(ref, root, document)
    if (target) return [read(target)]
    throw new Error(`"${ref}" can not be resolved, so undeclared properties can not be removed`)
  }

  return read(location)
}

/** The lists of alternatives of a schema: one schema of each list applies. */
function alternativesOf({ anyOf, oneOf, if: condition, then, else: otherwise, ...schema }: Keywords): unknown[][] {
  const dependents = Object.values({ ...Object(schema.dependencies), ...Object(schema.dependentSchemas) })
  return [
    listOf(anyOf),
    listOf(oneOf),
    condition === undefined ? [] : [then, otherwise],
    ...dependents.map((inner) => [true, inner]),
  ].filter((branches) => branches.length > 0)
}

/** The shape that the other keywords of a schema declare. */
function readOwn(schema: Keywords, read: (inner: unknown) => ValueShape): ValueShape {
  if (schema.binary !== undefined) return { kind: 'binary', maxBytes: (schema.binary as BinaryOptions).maxBytes }
  const all = [schema.type ?? []].flat() as string[]
  const types = all.filter((type) => type !== 'null')
  const describes = (type: string, keys: readonly string[]) =>
    types.includes(type) || (schema.type === undefined && keys.some((key) => schema[key] !== undefined))
  const isSure = types.length === 1
  const shapes: ValueShape[] = []
  if (describes('object', FIELD_KEYS)) shapes.push(readFields(schema, isSure, read))
  if (describes('array', ['items'])) shapes.push(readList(schema, isSure, read))
  if (shapes.length > 0) return unite(shapes)
  const literals = Object.hasOwn(schema, 'const') ? [schema.const] : (schema.enum as unknown[] | undefined)
  if (all.length > 0 && all.every((type) => SCALARS.includes(type))) {
    return { kind: 'scalar', type: types.length > 1 ? undefined : (types[0] ?? 'null'), literals }
  }
  if (Array.isArray(literals) && literals.every((literal) => Object(literal) !== literal)) {
    return { kind: 'scalar', type: undefined, literals }
  }
  return ANY_SHAPE
}

function readFields(schema: Keywords, isSure: boolean, read: (inner: unknown) => ValueShape): ValueShape {
  const { properties, patternProperties, additionalProperties = false } = schema
  const required = listOf(schema.required) as string[]
  const fields = new Map(Object.entries(Object(properties)).map(([name, inner]) => [name, read(inner)]))
  const patterns = Object.entries(Object(patternProperties)).map(
    ([pattern, inner]) => [new RegExp(pattern, 'u'), read(inner)] as const,
  )
  const rest = additionalProperties === false ? undefined : read(additionalProperties)
  // A property that is only listed in `required` may have any value.
  if (!rest) for (const name of required) if (!fields.has(name)) fields.set(name, ANY_SHAPE)
  return { kind: 'fields', isSure, fields, required, patterns, rest }
}

function readList(
  { items, additionalItems }: Keywords,
  isSure: boolean,
  read: (inner: unknown) => ValueShape,
): ValueShape {
  if (!Array.isArray(items)) return { kind: 'list', isSure, items: [], rest: read(items) }
  return { kind: 'list', isSure, items: items.map(read), rest: read(additionalItems) }
}

function listOf(value: unknown): unknown[] {
  return Array.isArray(value) ? value : []
}
