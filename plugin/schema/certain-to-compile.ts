import { isPlainObject, type Keywords, type ResolveRef } from './schema-ref.js'

/*
 * Whether a JSON Schema is certain to compile. Ajv takes milliseconds to compile one, this takes microseconds to look at
 * it: so what is certain is compiled when it is first used, and whatever is not, at boot, where its error belongs.
 * Everything here is narrower than Ajv: what is not known is not certain.
 */

type Rule = (value: unknown, schema: Keywords, visit: Visit) => boolean

/** Where a schema stands. */
interface Visit {
  /** Of what is looked at now. */
  depth: number
  /** False below a keyword whose subschemas are tried: Ajv refuses defaults there, and at the root. */
  readonly hasDefaults: boolean
  /** What a `#` stands for. */
  readonly root: unknown
  readonly resolveRef: ResolveRef
  /** What references lead to: it is looked at once, and a recursion is no reason for doubt. */
  readonly targets: Set<unknown>
  /** How many schemas may still be looked at. */
  readonly budget: { left: number }
}

// Far below where a recursion over a schema could end a call stack, and a cycle ends here.
const DEPTH_LIMIT = 40
// Who sends the first event would wait for the compilation of more.
const SIZE_LIMIT = 1_000
// A URI as it stands, from wherever it is read.
const NAME = /^[\w-]+$/
// Of a name, a pointer in which nothing is escaped, or both.
const REFERENCE = /^(?!$)([\w-]*)(#(?:\/[\w$-]+)*)?$/
const TYPES = ['string', 'number', 'integer', 'boolean', 'null', 'object', 'array']
const FORMATS = `
  date time date-time iso-time iso-date-time duration uri uri-reference uri-template url email hostname ipv4 ipv6 regex
  uuid json-pointer relative-json-pointer byte int32 int64 float double password binary
`
  .trim()
  .split(/\s+/)

const isType = (value: unknown) => TYPES.includes(value as string)
const isText: Rule = (value) => typeof value === 'string'
const isFlag: Rule = (value) => typeof value === 'boolean'
const isNumber: Rule = (value) => Number.isFinite(value)
const isCount: Rule = (value) => Number.isSafeInteger(value) && (value as number) >= 0
const isLiteral = (value: unknown) =>
  value === null || ['string', 'boolean'].includes(typeof value) || Number.isFinite(value)
const isList = (value: unknown, isItem: (item: unknown) => boolean, least = 1): value is unknown[] =>
  Array.isArray(value) && value.length >= least && Array.from(value).every(isItem)
const isUnique = (list: readonly unknown[]) => new Set(list).size === list.length

const isSubschema: Rule = (value, _schema, visit) => isCertain(value, visit)
const isTriedSubschema: Rule = (value, _schema, visit) =>
  isCertain(value, visit.hasDefaults ? { ...visit, hasDefaults: false, targets: new Set() } : visit)
const areTriedSubschemas: Rule = (value, schema, visit) =>
  isList(value, (item) => isTriedSubschema(item, schema, visit))
const areSubschemas: Rule = (value, schema, visit) => isList(value, (item) => isSubschema(item, schema, visit))
const isSubschemaMap: Rule = (value, _schema, visit) =>
  isPlainObject(value) && Object.keys(value).every((key) => key !== '__proto__' && isCertain(value[key], visit))

const RULES: ReadonlyMap<string, Rule> = new Map(
  Object.entries({
    // Only of what was given to addSchema; elsewhere it could be the name of two.
    $id: (value, schema, { root, resolveRef }) =>
      schema === root && NAME.test(String(value)) && resolveRef(String(value), {})?.schema === root,
    $ref: (value, _schema, visit) => typeof value === 'string' && isReference(value, visit),
    definitions: isSubschemaMap,
    $defs: isSubschemaMap,
    title: isText,
    description: isText,
    $comment: isText,
    readOnly: isFlag,
    writeOnly: isFlag,
    deprecated: isFlag,
    examples: (value) => Array.isArray(value),
    default: (value, _schema, { hasDefaults }) => hasDefaults && isLiteral(value),
    type: (value) => isType(value) || (isList(value, isType) && isUnique(value)),
    nullable: (value, { type }) => value === true && type !== undefined,
    enum: (value) => isList(value, isLiteral) && isUnique(value),
    const: isLiteral,
    format: (value) => FORMATS.includes(value as string),
    pattern: (value) => typeof value === 'string' && isPattern(value),
    minLength: isCount,
    maxLength: isCount,
    minimum: isNumber,
    maximum: isNumber,
    exclusiveMinimum: isNumber,
    exclusiveMaximum: isNumber,
    multipleOf: (value) => Number.isFinite(value) && (value as number) > 0,
    items: isSubschema,
    minItems: isCount,
    maxItems: isCount,
    uniqueItems: isFlag,
    contains: isTriedSubschema,
    properties: isSubschemaMap,
    // Ajv refuses one that matches a property as well
    patternProperties: (value, schema, visit) =>
      schema.properties === undefined &&
      isSubschemaMap(value, schema, visit) &&
      Object.keys(value as object).every(isPattern),
    additionalProperties: isSubschema,
    propertyNames: isTriedSubschema,
    required: (value) => isList(value, (name) => typeof name === 'string', 0) && isUnique(value),
    minProperties: isCount,
    maxProperties: isCount,
    allOf: areSubschemas,
    anyOf: areTriedSubschemas,
    oneOf: areTriedSubschemas,
    not: isTriedSubschema,
  } satisfies Record<string, Rule>),
)

/** The keywords of JSON Schema that are known here. */
export const KEYWORDS: readonly string[] = [...RULES.keys()]

/**
 * Whether Ajv with Fastify's own options is certain to compile a schema, by what its references lead to. Sound, and by
 * no means complete.
 */
export function isCertainToCompile(schema: unknown, resolveRef: ResolveRef): boolean {
  // At the root a default has nowhere to go.
  if (Object(schema).default !== undefined) return false
  return isCertain(schema, {
    depth: 0,
    hasDefaults: true,
    root: schema,
    resolveRef,
    targets: new Set(),
    budget: { left: SIZE_LIMIT },
  })
}

function isCertain(schema: unknown, visit: Visit): boolean {
  if (typeof schema === 'boolean') return true
  if (!isPlainObject(schema) || visit.depth > DEPTH_LIMIT || visit.budget.left-- <= 0) return false
  visit.depth++
  // One that is not ends it all.
  if (!Object.keys(schema).every((key) => RULES.get(key)?.(schema[key], schema, visit))) return false
  visit.depth--
  return true
}

/** Whether all of what a reference leads into is certain, and also the part of it that it points to. */
function isReference(ref: string, visit: Visit): boolean {
  const [, name, pointer = '#'] = REFERENCE.exec(ref) ?? []
  const named = name ? visit.resolveRef(name, {}) : undefined
  // A name within a document may be that of two.
  const root = name === '' ? visit.root : named?.schema === named?.document && named?.schema
  if (!isPlainObject(root)) return false
  const location = visit.resolveRef(pointer, root)
  // What has an `$id` of its own in there is of another root.
  if (location?.root !== root) return false
  // What has no name can't be said to be in itself.
  if (location.schema === root && root.$id === undefined) return false
  const inside = { ...visit, root }
  return (root === visit.root || isTarget(root, inside)) && isTarget(location.schema, inside)
}

function isTarget(schema: unknown, visit: Visit): boolean {
  if (visit.targets.has(schema)) return true
  visit.targets.add(schema)
  // References to references may go round; and a default may have nowhere to go.
  return isPlainObject(schema) && !('$ref' in schema || 'default' in schema) && isCertain(schema, visit)
}

function isPattern(source: string): boolean {
  // Ajv's format of patterns refuses what ends texts in other languages.
  if (source.includes('\\Z')) return false
  try {
    new RegExp(source, 'u')
    return true
  } catch {
    return false
  }
}
