import { isPlainObject, type Keywords } from './reference.js'

/*
 * Whether a JSON Schema is certain to compile. Ajv takes milliseconds to compile one, this takes microseconds to look at
 * it: so what is certain is compiled when it is first used, and whatever is not, at boot, where its error belongs.
 * Everything here is narrower than Ajv: what is not known is not certain.
 */

type Rule = (value: unknown, schema: Keywords, site: Site) => boolean

/** Where a schema stands. */
interface Site {
  readonly depth: number
  /** Below a keyword whose subschemas are tried: Ajv refuses defaults there, and at the root. */
  readonly hasDefaults: boolean
}

// Far below where a recursion over a schema could end a call stack, and a cycle ends here.
const DEPTH_LIMIT = 40
const TYPES = ['string', 'number', 'integer', 'boolean', 'null', 'object', 'array']
const FORMATS = [
  ...[
    'date',
    'time',
    'date-time',
    'iso-time',
    'iso-date-time',
    'duration',
    'uri',
    'uri-reference',
    'uri-template',
    'url',
  ],
  ...['email', 'hostname', 'ipv4', 'ipv6', 'regex', 'uuid', 'json-pointer', 'relative-json-pointer', 'byte', 'int32'],
  ...['int64', 'float', 'double', 'password', 'binary'],
]

const isText: Rule = (value) => typeof value === 'string'
const isFlag: Rule = (value) => typeof value === 'boolean'
const isNumber: Rule = (value) => Number.isFinite(value)
const isCount: Rule = (value) => Number.isSafeInteger(value) && (value as number) >= 0
const isLiteral = (value: unknown) =>
  value === null || ['string', 'boolean'].includes(typeof value) || Number.isFinite(value)
const isList = (value: unknown, isItem: (item: unknown) => boolean, least = 1): value is unknown[] =>
  Array.isArray(value) && value.length >= least && Array.from(value).every(isItem)
const isUnique = (list: readonly unknown[]) => new Set(list).size === list.length

const holds: Rule = (value, _schema, site) => isCertain(value, site)
const isTried: Rule = (value, _schema, site) => isCertain(value, { ...site, hasDefaults: false })
const areTried: Rule = (value, schema, site) => isList(value, (item) => isTried(item, schema, site))
const areHeld: Rule = (value, schema, site) => isList(value, (item) => holds(item, schema, site))
const isMap = (value: unknown, isEntry: (key: string, inner: unknown) => boolean) =>
  isPlainObject(value) && Object.entries(value).every(([key, inner]) => key !== '__proto__' && isEntry(key, inner))

const RULES: Readonly<Record<string, Rule>> = {
  title: isText,
  description: isText,
  $comment: isText,
  readOnly: isFlag,
  writeOnly: isFlag,
  deprecated: isFlag,
  examples: (value) => Array.isArray(value),
  default: (value, _schema, { hasDefaults }) => hasDefaults && isLiteral(value),
  type: (value) => {
    const types = Array.isArray(value) ? value : [value]
    return isList(types, (type) => TYPES.includes(type as string)) && isUnique(types)
  },
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
  items: holds,
  minItems: isCount,
  maxItems: isCount,
  uniqueItems: isFlag,
  contains: isTried,
  properties: (value, schema, site) => isMap(value, (_key, inner) => holds(inner, schema, site)),
  // Ajv refuses one that matches a property as well
  patternProperties: (value, schema, site) =>
    schema.properties === undefined && isMap(value, (key, inner) => isPattern(key) && holds(inner, schema, site)),
  additionalProperties: holds,
  propertyNames: isTried,
  required: (value) => isList(value, (name) => typeof name === 'string', 0) && isUnique(value),
  minProperties: isCount,
  maxProperties: isCount,
  allOf: areHeld,
  anyOf: areTried,
  oneOf: areTried,
  not: isTried,
}

/** Whether Ajv with Fastify's own options is certain to compile a schema. Sound, and by no means complete. */
export function isSound(schema: unknown): boolean {
  // At the root a default has nowhere to go.
  return isCertain(schema, { depth: 0, hasDefaults: true }) && Object(schema).default === undefined
}

function isCertain(schema: unknown, site: Site): boolean {
  if (typeof schema === 'boolean') return true
  if (!isPlainObject(schema) || site.depth > DEPTH_LIMIT) return false
  const inner = { ...site, depth: site.depth + 1 }
  return Object.keys(schema).every((key) => {
    const rule = Object.hasOwn(RULES, key) ? RULES[key] : undefined
    return rule?.(schema[key], schema, inner) ?? false
  })
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
