import type { JsonSchema } from '../../plugin/definition/contract/description.js'
import type { Keywords } from '../../plugin/schema/schema-ref.js'
import { placeOf, type SchemaPlace, type SharedSchemas } from './schema-place.js'
import { rulesOf, typeOf } from './schema-words.js'

/** A row of the table of a schema. */
export interface SchemaRow {
  /** The name of a property; else what the row stands for, e.g. `each item`. Empty for the whole schema. */
  readonly name: string
  /** Whether `name` is the name of a property. */
  readonly isProperty: boolean
  readonly isRequired: boolean
  readonly isDeprecated: boolean
  /** E.g. `string`, `list of Message`. */
  readonly type: string
  /** E.g. `at most 500 characters`. */
  readonly rules: readonly string[]
  readonly description: string
  /** Reads the rows below it: only when they are shown, because a schema may contain itself. */
  readonly children: () => readonly SchemaRow[]
  readonly hasChildren: boolean
}

/** The row of a whole schema. Reads nothing below it. */
export function rowOf(schema: JsonSchema, shared: SharedSchemas): SchemaRow {
  return toRow({ name: '' }, placeOf(schema, shared))
}

interface Naming {
  readonly name: string
  readonly isProperty?: boolean
  readonly isRequired?: boolean
}

function toRow({ name, isProperty = false, isRequired = false }: Naming, place: SchemaPlace): SchemaRow {
  const { keywords } = place
  // The items of a list are shown below the list itself.
  const parts = partsOf(place)
  return {
    name,
    isProperty,
    isRequired,
    isDeprecated: keywords.deprecated === true,
    type: typeOf(place),
    rules: rulesOf(keywords),
    description: [keywords.title, keywords.description].filter((text) => typeof text === 'string').join(': '),
    children: () => parts.map(({ schema, ...naming }) => toRow(naming, place.at(schema))),
    hasChildren: parts.length > 0,
  }
}

interface Part extends Naming {
  readonly schema: unknown
}

function partsOf({ keywords, at }: SchemaPlace): readonly Part[] {
  const { items, prefixItems, additionalProperties, contains, propertyNames } = keywords
  const tuple = Array.isArray(items) ? items : listOf(prefixItems)
  return [
    ...propertiesOf(keywords),
    ...entriesOf(keywords.patternProperties).map(([pattern, schema]) => ({
      name: `names that match ${pattern}`,
      schema,
    })),
    ...tuple.map((schema, index) => ({ name: `item ${index}`, schema })),
    ...other('other names', additionalProperties),
    ...(Array.isArray(items) || isPlain(at(items)) ? [] : other('each item', items)),
    ...other('at least one item', contains),
    ...other('each name', propertyNames),
    ...listOf(keywords.allOf).flatMap((schema) => {
      const inner = at(schema)
      const { properties, required, ...rest } = inner.keywords
      // The properties of a conjunction stand beside those of the schema itself.
      return inner.identity === schema && onlyWords(rest) && properties
        ? propertiesOf({ properties, required })
        : [{ name: 'and', schema }]
    }),
    ...alternatives('either', keywords.anyOf),
    ...alternatives('one of', keywords.oneOf),
  ]
}

function propertiesOf({ properties, required }: Keywords): readonly Part[] {
  const names = listOf(required)
  return entriesOf(properties).map(([name, schema]) => ({
    name,
    schema,
    isProperty: true,
    isRequired: names.includes(name),
  }))
}

/** The alternatives of a schema. Those that are literals are told by its type. */
function alternatives(word: string, schemas: unknown): readonly Part[] {
  const list = listOf(schemas)
  if (list.every((schema) => isPlainSchema(schema))) return []
  return list.map((schema, index) => ({ name: `${word} ${index + 1}`, schema }))
}

/** Whether a schema is told completely by the name of its type. */
function isPlainSchema(schema: unknown): boolean {
  const keys = Object.keys(Object(schema))
  return keys.length > 0 && keys.every((key) => key === 'type' || key === 'const')
}

function isPlain({ identity }: SchemaPlace): boolean {
  return isPlainSchema(identity)
}

function onlyWords(keywords: Keywords): boolean {
  return Object.keys(keywords).every((key) => ['type', 'title', 'description', 'additionalProperties'].includes(key))
}

function other(name: string, schema: unknown): readonly Part[] {
  return typeof schema === 'object' && schema !== null && !Array.isArray(schema) ? [{ name, schema }] : []
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : []
}

function entriesOf(value: unknown): [string, unknown][] {
  return typeof value === 'object' && value !== null ? Object.entries(value) : []
}
