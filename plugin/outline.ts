import { type Follow, isKeywords, isPlainObject, type Keywords, type Place, within } from './reference.js'

/*
 * What a JSON Schema says of the shape of a value, and nothing of its bounds: what is needed for copying a value that
 * goes out, and for writing it.
 */

export type Outline =
  /** Whatever JSON has. */
  | { readonly kind: 'any' }
  /** A string, a number, a boolean, null; or several of them: then `type` is undefined. */
  | { readonly kind: 'scalar'; readonly type: string | undefined; readonly isNullable: boolean }
  | { readonly kind: 'list'; readonly item: Outline; readonly isNullable: boolean }
  /** An object of these fields and no others. */
  | {
      readonly kind: 'record'
      readonly fields: ReadonlyMap<string, Outline>
      readonly required: readonly string[]
      readonly isNullable: boolean
    }
  /** What depends on the value. */
  | { readonly kind: 'mixed'; readonly place: Place }

const ANY: Outline = { kind: 'any' }
const SCALARS = ['string', 'number', 'integer', 'boolean', 'null']
const COMBINING = ['$ref', 'allOf', 'anyOf', 'oneOf', 'if', 'dependencies', 'dependentSchemas']
const STRUCTURAL = [
  'type',
  'properties',
  'patternProperties',
  'additionalProperties',
  'required',
  'items',
  ...COMBINING,
]

/** Reads a schema. Endless for no schema: a recursion is `mixed`. */
export function readOutline(place: Place, follow: Follow, trail: readonly unknown[] = []): Outline {
  const { schema } = place
  if (!isKeywords(schema)) return ANY
  const mixed: Outline = { kind: 'mixed', place }
  if (trail.includes(schema)) return mixed
  const read = (inner: unknown) => readOutline(within(place, inner), follow, [...trail, schema])
  const given = STRUCTURAL.filter((key) => schema[key] !== undefined)
  if (given.length === 0) return readLiteral(schema)
  if (given.some((key) => COMBINING.includes(key))) {
    if (given.length > 1) return mixed
    if (typeof schema.$ref === 'string') {
      const target = follow(schema.$ref, place.root)
      return target ? readOutline(target, follow, [...trail, schema]) : ANY
    }
    const branches = schema.anyOf ?? schema.oneOf
    return (Array.isArray(branches) && unite(branches.map(read))) || mixed
  }
  const { type, isNullable } = readType(schema)
  if (type.length > 0 && type.every((one) => SCALARS.includes(one))) {
    return { kind: 'scalar', type: type.length === 1 ? type[0] : undefined, isNullable }
  }
  if (type.length !== 1) return mixed
  if (type[0] === 'object') return readRecord(schema, isNullable, read) ?? mixed
  if (type[0] === 'array' && isPlainObject(schema.items)) return { kind: 'list', item: read(schema.items), isNullable }
  return type[0] === 'array' && schema.items === undefined ? ANY : mixed
}

/** What Ajv makes of `type` and `nullable`: the types without null where there are others. */
function readType({ type, nullable }: Keywords): { type: string[]; isNullable: boolean } {
  const all = [type ?? []].flat() as string[]
  const others = all.filter((one) => one !== 'null')
  if (others.length === 0) return { type: all, isNullable: false }
  return { type: others, isNullable: nullable === true || others.length < all.length }
}

function readLiteral(schema: Keywords): Outline {
  const values = Object.hasOwn(schema, 'const') ? [schema.const] : schema.enum
  const isScalar = Array.isArray(values) && values.every((value) => typeof value !== 'object' || value === null)
  return isScalar ? { kind: 'scalar', type: undefined, isNullable: true } : ANY
}

function readRecord(schema: Keywords, isNullable: boolean, read: (inner: unknown) => Outline): Outline | undefined {
  const { properties, patternProperties, additionalProperties, required = [] } = schema
  if (patternProperties !== undefined || (additionalProperties !== undefined && additionalProperties !== false)) return
  if (!isPlainObject(properties) || Object.keys(properties).length === 0) return
  // what is only required may be anything
  const names = required as string[]
  if (!Array.isArray(required) || names.some((name) => !Object.hasOwn(properties, name))) return
  const fields = new Map(Object.entries(properties).map(([name, inner]) => [name, read(inner)]))
  return { kind: 'record', fields, required: names, isNullable }
}

/** One outline of several that a value may have; undefined where only the value shows which. */
function unite(branches: Outline[]): Outline | undefined {
  const others = branches.filter((branch) => !(branch.kind === 'scalar' && branch.type === 'null'))
  const [first] = others
  const isNullable = others.length < branches.length
  if (others.length === 1 && first && 'isNullable' in first)
    return { ...first, isNullable: isNullable || first.isNullable }
  if (!branches.every(({ kind }) => kind === 'scalar')) return undefined
  return { kind: 'scalar', type: undefined, isNullable: true }
}
