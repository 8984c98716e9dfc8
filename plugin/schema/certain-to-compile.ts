import { isPlainObject, type Keywords, type ResolveRef } from './schema-ref.js'

/*
 * Decides whether a JSON Schema is certain to compile. Ajv takes milliseconds to compile a schema; this check takes
 * microseconds. A certain schema is compiled on first use, any other at boot, where its error belongs. The rules are
 * narrower than Ajv's: an unknown keyword is not certain.
 */

type KeywordRule = (value: unknown, schema: Keywords, visit: Visit) => boolean

/** The state of the traversal at one schema. */
interface Visit {
  /** Nesting of the current schema. */
  depth: number
  /** Whether `default` is allowed. Ajv refuses it at the root, and below `anyOf`, `oneOf`, `not` and the like. */
  readonly hasDefaults: boolean
  /** The schema that `#` refers to. */
  readonly root: unknown
  readonly resolveRef: ResolveRef
  /** The targets of references, each checked once. A recursive schema is certain, too. */
  readonly targets: Set<unknown>
  /** How many more schemas may be checked. */
  readonly budget: { left: number }
}

// Far below the depth at which recursion over a schema exhausts the call stack. It also ends a cycle.
const DEPTH_LIMIT = 40
// A larger schema is compiled at boot, because the first event would wait for its compilation.
const SIZE_LIMIT = 1_000
// A name that resolves to the same URI from any base.
const NAME = /^[\w-]+$/
// A name, a JSON pointer without escapes, or both.
const REFERENCE = /^(?!$)([\w-]*)(#(?:\/[\w$-]+)*)?$/
const TYPES = ['string', 'number', 'integer', 'boolean', 'null', 'object', 'array']
const FORMATS = `
  date time date-time iso-time iso-date-time duration uri uri-reference uri-template url email hostname ipv4 ipv6 regex
  uuid json-pointer relative-json-pointer byte int32 int64 float double password binary
`
  .trim()
  .split(/\s+/)

const isType = (value: unknown) => TYPES.includes(value as string)
const isText: KeywordRule = (value) => typeof value === 'string'
const isFlag: KeywordRule = (value) => typeof value === 'boolean'
const isNumber: KeywordRule = (value) => Number.isFinite(value)
const isCount: KeywordRule = (value) => Number.isSafeInteger(value) && (value as number) >= 0
const isLiteral = (value: unknown) =>
  value === null || ['string', 'boolean'].includes(typeof value) || Number.isFinite(value)
const isList = (value: unknown, isItem: (item: unknown) => boolean, least = 1): value is unknown[] =>
  Array.isArray(value) && value.length >= least && Array.from(value).every(isItem)
const isUnique = (list: readonly unknown[]) => new Set(list).size === list.length

const isSubschema: KeywordRule = (value, _schema, visit) => isCertain(value, visit)
const isTriedSubschema: KeywordRule = (value, _schema, visit) =>
  isCertain(value, visit.hasDefaults ? { ...visit, hasDefaults: false, targets: new Set() } : visit)
const areTriedSubschemas: KeywordRule = (value, schema, visit) =>
  isList(value, (item) => isTriedSubschema(item, schema, visit))
const areSubschemas: KeywordRule = (value, schema, visit) => isList(value, (item) => isSubschema(item, schema, visit))
const isSubschemaMap: KeywordRule = (value, _schema, visit) =>
  isPlainObject(value) && Object.keys(value).every((key) => key !== '__proto__' && isCertain(value[key], visit))

const RULES: ReadonlyMap<string, KeywordRule> = new Map(
  Object.entries({
    // Only at the root of a schema of addSchema(). Elsewhere two schemas may have the same $id.
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
    // Ajv refuses a pattern that matches one of `properties`.
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
  } satisfies Record<string, KeywordRule>),
)

/** The known keywords of JSON Schema. */
export const KEYWORDS: readonly string[] = [...RULES.keys()]

/**
 * Whether Ajv with Fastify's own options is certain to compile a schema. False does not mean that it does not compile.
 *
 * @param resolveRef - resolves the references of the schema
 */
export function isCertainToCompile(schema: unknown, resolveRef: ResolveRef): boolean {
  // Ajv has no parent to write a default of the root to.
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
  // One keyword that is not certain ends the traversal, so the depth need not be restored.
  if (!Object.keys(schema).every((key) => RULES.get(key)?.(schema[key], schema, visit))) return false
  visit.depth--
  return true
}

/** Whether the schema that contains the target of a reference is certain, and the target itself. */
function isReference(ref: string, visit: Visit): boolean {
  const [, name, pointer = '#'] = REFERENCE.exec(ref) ?? []
  const named = name ? visit.resolveRef(name, {}) : undefined
  // A name within a document may belong to two schemas.
  const root = name === '' ? visit.root : named?.schema === named?.document && named?.schema
  if (!isPlainObject(root)) return false
  const location = visit.resolveRef(pointer, root)
  // A target with its own `$id` has another root.
  if (location?.root !== root) return false
  // A schema without an `$id` that refers to its own root is not certain.
  if (location.schema === root && root.$id === undefined) return false
  const inside = { ...visit, root }
  return (root === visit.root || isTarget(root, inside)) && isTarget(location.schema, inside)
}

function isTarget(schema: unknown, visit: Visit): boolean {
  if (visit.targets.has(schema)) return true
  visit.targets.add(schema)
  // References to references may form a cycle. A default at the root of a target is refused by Ajv.
  return isPlainObject(schema) && !('$ref' in schema || 'default' in schema) && isCertain(schema, visit)
}

function isPattern(source: string): boolean {
  // The `regex` format of Ajv refuses \Z, an anchor of other regular expression dialects.
  if (source.includes('\\Z')) return false
  try {
    new RegExp(source, 'u')
    return true
  } catch {
    return false
  }
}
