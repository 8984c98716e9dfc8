import type { JsonSchema } from '../../definition/contract/description.js'
import { keyOfValue } from '../diff/fits-schema.js'
import {
  followRef,
  isObject,
  type SchemaObject,
  type ScopedSchema,
  scopeInside,
  scopeSchema,
} from '../diff/scoped-schema.js'
import { createTypeNames } from './type-names.js'

/*
 * Rewrites JSON Schemas for json-schema-to-typescript: every reference leads to one list of definitions, so that it reads no other file
 * and asks no other server, and only keywords that make a type are left.
 */

export interface TypeSchemas {
  /** The definitions so far, by the name of their type. */
  readonly definitions: Record<string, SchemaObject>
  /** Rewrites a schema. */
  rewrite(schema: JsonSchema, shared: Readonly<Record<string, JsonSchema>>): SchemaObject
}

/** Keywords whose values are kept as they are. */
const KEPT = ['type', 'enum', 'const', 'required', 'deprecated']
/** Those of them that make no type by themselves. */
const UNTYPED = ['description', 'deprecated', 'required']
const LISTS = ['allOf', 'anyOf', 'oneOf']

export function createTypeSchemas(): TypeSchemas {
  const definitions: Record<string, SchemaObject> = {}
  const names = new Map<string, string>()
  const nameOf = createTypeNames()

  function define(target: ScopedSchema, ref: string): string {
    // The same schema in two namespaces is one type.
    const key = `${keyOfValue(target.schema)} ${keyOfValue(target.root)}`
    const known = names.get(key)
    if (known !== undefined) return known
    const name = nameOf(ref.split(/[/#]/).filter(Boolean).at(-1) ?? 'Node')
    names.set(key, name)
    definitions[name] = rewriteInside(target)
    return name
  }

  function rewriteInside(scoped: ScopedSchema): SchemaObject {
    const { schema } = scoped
    const inner = (value: unknown) => rewriteInside(scopeInside(scoped, value))
    // Binary data has no other keywords.
    if (schema.binary !== undefined) return { ...describe(schema), tsType: 'Uint8Array' }
    const kept = Object.entries(schema).filter(([keyword]) => KEPT.includes(keyword))
    const written: Record<string, unknown> = { ...Object.fromEntries(kept), ...describe(schema) }
    if (schema.nullable === true && schema.type !== undefined) written.type = [...[schema.type].flat(), 'null']
    for (const keyword of LISTS) {
      const list = schema[keyword]
      if (Array.isArray(list)) written[keyword] = list.map(inner)
    }
    if (isNever(schema)) written.enum = []
    Object.assign(written, rewriteItems(schema, inner), rewriteProperties(schema, inner))
    const target = schema.$ref === undefined ? undefined : followRef(scoped)
    const isTyped = Object.keys(written).some((keyword) => !UNTYPED.includes(keyword))
    if (!target) return isTyped ? written : { ...written, tsType: 'unknown' }
    const ref = { $ref: `#/definitions/${define(target, String(schema.$ref))}` }
    return isTyped ? { allOf: [ref, written] } : ref
  }

  return { definitions, rewrite: (schema, shared) => rewriteInside(scopeSchema(schema, shared)) }
}

type Rewrite = (schema: unknown) => SchemaObject

function rewriteItems({ items, additionalItems }: SchemaObject, inner: Rewrite): SchemaObject {
  if (!Array.isArray(items)) return items === undefined ? {} : { items: inner(items) }
  // A list: as long as it is, unless more may follow.
  const rest = additionalItems === undefined || additionalItems === false ? false : inner(additionalItems)
  return {
    items: items.map(inner),
    minItems: items.length,
    additionalItems: rest,
    ...(!rest && { maxItems: items.length }),
  }
}

function rewriteProperties(schema: SchemaObject, inner: Rewrite): SchemaObject {
  const { type, properties, patternProperties, additionalProperties } = schema
  const others = Object.values(Object(patternProperties))
  if (isObject(additionalProperties)) others.push(additionalProperties)
  const isOpen = properties === undefined && type === 'object' && additionalProperties !== false
  const rest = others.length === 0 ? isOpen : others.length === 1 ? inner(others[0]) : { anyOf: others.map(inner) }
  const isObjectSchema = properties !== undefined || rest !== false
  return {
    ...(isObject(properties) && {
      properties: Object.fromEntries(Object.entries(properties).map(([name, value]) => [name, inner(value)])),
    }),
    ...(isObjectSchema && { additionalProperties: rest }),
  }
}

function describe({ title, description }: SchemaObject): SchemaObject {
  const text = [title, description].filter((part) => typeof part === 'string').join('\n\n')
  return text === '' ? {} : { description: text }
}

function isNever({ not }: SchemaObject): boolean {
  return isObject(not) && Object.keys(not).length === 0
}
