import { fitsSchema, keyOfValue, typeOfValue, typesOfKeyword, type ValueType } from './fits-schema.js'
import { isSameSchema } from './same-schema.js'
import { followRef, type SchemaObject, type ScopedSchema, scopeInside } from './scoped-schema.js'

/*
 * What is known of a value that fits some schemas at once. Keywords that say more than is understood are left out, so the known values
 * may be more than there are, and never fewer.
 */

/** The alternatives of one `anyOf` or `oneOf`: a value fits at least one of them. */
export interface Alternatives {
  readonly keyword: 'anyOf' | 'oneOf'
  /** The schema with that keyword alone. */
  readonly source: ScopedSchema
  readonly branches: readonly ScopedSchema[]
}

export interface SchemaFacts {
  /** Schemas without combinations, all of which the value fits. */
  readonly atoms: readonly ScopedSchema[]
  readonly alternatives: readonly Alternatives[]
  readonly types: ReadonlySet<ValueType>
  /** The possible values, where they are few and known. */
  readonly values?: readonly unknown[]
}

const JSON_TYPES: readonly ValueType[] = ['null', 'boolean', 'object', 'array', 'number', 'integer', 'string']
const COMBINATIONS = ['$ref', 'allOf', 'anyOf', 'oneOf']

/** Collects what the schemas say together. */
export function collectFacts(schemas: readonly ScopedSchema[]): SchemaFacts {
  const atoms: ScopedSchema[] = []
  const alternatives: Alternatives[] = []
  const seen = new Set<SchemaObject>()
  const add = (scoped: ScopedSchema): void => {
    const { schema } = scoped
    if (seen.has(schema)) return
    seen.add(schema)
    const target = schema.$ref === undefined ? undefined : followRef(scoped)
    if (target) add(target)
    for (const part of listOf(scoped, 'allOf')) add(part)
    for (const keyword of ['anyOf', 'oneOf'] as const) {
      const branches = listOf(scoped, keyword)
      if (branches.length > 0) alternatives.push({ keyword, source: only(scoped, keyword), branches })
    }
    const atom = without(scoped)
    // One without keywords says nothing, also not that binary data may be there.
    if (Object.keys(atom.schema).length > 0) atoms.push(atom)
  }
  for (const schema of schemas) add(schema)
  const types = typesOf(atoms)
  const values = valuesOf(atoms, types)
  return { atoms, alternatives, types: values ? new Set(values.map(typeOfValue)) : types, ...(values && { values }) }
}

/** The same schemas, with one branch in place of its alternatives. */
export function replaceAlternatives(facts: SchemaFacts, replaced: Alternatives, branch: ScopedSchema): ScopedSchema[] {
  const others = facts.alternatives.filter((one) => one !== replaced).map(({ source }) => source)
  return [...facts.atoms, ...others, branch]
}

function listOf(scoped: ScopedSchema, keyword: string): ScopedSchema[] {
  const list = scoped.schema[keyword]
  return Array.isArray(list) ? list.map((inner) => scopeInside(scoped, inner)) : []
}

// The parts of a schema are made once, so that schemas can be compared by identity.
const parts = new WeakMap<SchemaObject, Map<string, SchemaObject>>()

function partOf(schema: SchemaObject, name: string, make: () => SchemaObject): SchemaObject {
  const known = parts.get(schema) ?? new Map<string, SchemaObject>()
  parts.set(schema, known)
  const part = known.get(name) ?? make()
  known.set(name, part)
  return part
}

function only(scoped: ScopedSchema, keyword: string): ScopedSchema {
  return { ...scoped, schema: partOf(scoped.schema, keyword, () => ({ [keyword]: scoped.schema[keyword] })) }
}

function without(scoped: ScopedSchema): ScopedSchema {
  if (!COMBINATIONS.some((keyword) => Object.hasOwn(scoped.schema, keyword))) return scoped
  const keep = ([keyword]: [string, unknown]) => !COMBINATIONS.includes(keyword)
  const schema = partOf(scoped.schema, '', () => Object.fromEntries(Object.entries(scoped.schema).filter(keep)))
  return { ...scoped, schema }
}

function typesOf(atoms: readonly ScopedSchema[]): Set<ValueType> {
  // Only the keyword `binary` accepts binary data.
  const isBinary = atoms.some(({ schema }) => schema.binary !== undefined)
  let types: ValueType[] = isBinary ? ['binary'] : [...JSON_TYPES]
  for (const { schema } of atoms) {
    const allowed = typesOfKeyword(schema)
    if (schema.type !== undefined) types = types.filter((type) => allowed.has(type))
    if (isRefusal(schema)) types = []
  }
  return new Set(types)
}

/** Whether a schema is `false`. */
export function isRefusal({ not }: SchemaObject): boolean {
  return not === true || (typeof not === 'object' && not !== null && Object.keys(not).length === 0)
}

function valuesOf(atoms: readonly ScopedSchema[], types: ReadonlySet<ValueType>): readonly unknown[] | undefined {
  for (const { schema } of atoms) {
    const given = Object.hasOwn(schema, 'const') ? [schema.const] : schema.enum
    if (!Array.isArray(given)) continue
    const values = new Map(given.map((value) => [keyOfValue(value), value]))
    return [...values.values()].filter((value) => atoms.every((atom) => fitsSchema(value, atom) !== false))
  }
  if ([...types].some((type) => type !== 'null' && type !== 'boolean')) return undefined
  const few = [...(types.has('null') ? [null] : []), ...(types.has('boolean') ? [true, false] : [])]
  return few.filter((value) => atoms.every((atom) => fitsSchema(value, atom) !== false))
}

/** How deep into required properties an impossibility is looked for. */
const MOST_DEPTH = 4

/** Whether it is certain that no value fits all schemas. */
export function isImpossible(schemas: readonly ScopedSchema[], search: Search, depth = 0): boolean {
  if (search.steps-- <= 0) return false
  const facts = collectFacts(schemas)
  const { atoms, alternatives, types } = facts
  if (types.size === 0 || isRefused(schemas, atoms)) return true
  if (depth >= MOST_DEPTH) return false
  if (types.size === 1 && types.has('object')) {
    const required = new Set(atoms.flatMap(({ schema }) => (Array.isArray(schema.required) ? schema.required : [])))
    for (const name of required) {
      const inner = atoms.flatMap((atom) => search.propertyAt(atom, String(name)))
      if (isImpossible(inner, search, depth + 1)) return true
    }
  }
  return alternatives.some((one) =>
    one.branches.every((branch) => isImpossible(replaceAlternatives(facts, one, branch), search, depth + 1)),
  )
}

/** What a search for an impossibility needs. */
interface Search {
  /** What a schema says of one property of an object. */
  propertyAt(scoped: ScopedSchema, name: string): readonly ScopedSchema[]
  /** How many steps are left. Without any, nothing is certain. */
  steps: number
}

/** Whether one schema refuses exactly what another one demands. */
function isRefused(schemas: readonly ScopedSchema[], atoms: readonly ScopedSchema[]): boolean {
  return atoms.some((atom) => {
    const { not } = atom.schema
    return not !== undefined && [...schemas, ...atoms].some((other) => isSameSchema(scopeInside(atom, not), other))
  })
}
