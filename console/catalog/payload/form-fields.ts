import type { JsonSchema } from '../../../plugin/definition/contract/description.js'
import { placeOf, type SchemaPlace, type SharedSchemas } from '../schema-place.js'
import { rulesOf } from '../schema-words.js'
import { joinJson, parseString, splitJson } from './json-parts.js'

/** A field of a form. */
export interface FormField {
  readonly name: string
  readonly kind: 'text' | 'number' | 'choice'
  readonly isRequired: boolean
  /** The texts of JSON to choose from. */
  readonly choices: readonly string[]
  readonly hint: string
}

/** The fields of a flat schema: an object of texts, numbers, booleans and choices. Undefined for any other schema. */
export function fieldsOf(schema: JsonSchema, shared: SharedSchemas): readonly FormField[] | undefined {
  const place = placeOf(schema, shared)
  const { type, properties, required, anyOf, oneOf, allOf, patternProperties } = place.keywords
  if (type !== 'object' || typeof properties !== 'object' || anyOf || oneOf || allOf || patternProperties)
    return undefined
  const fields = Object.entries(Object(properties)).map(([name, inner]) => {
    return fieldOf(name, place.at(inner), Array.isArray(required) && required.includes(name))
  })
  return fields.length > 0 && fields.every((field) => field !== undefined) ? fields : undefined
}

function fieldOf(name: string, place: SchemaPlace, isRequired: boolean): FormField | undefined {
  const { keywords } = place
  const choices = choicesOf(place)
  const kind = choices ? 'choice' : keywords.type === 'string' ? 'text' : isNumber(keywords.type) ? 'number' : undefined
  if (!kind || keywords.binary) return undefined
  const words = [keywords.title, keywords.description].filter((text) => typeof text === 'string')
  const { enum: _, ...rest } = keywords
  return { name, kind, isRequired, choices: choices ?? [], hint: [...words, ...rulesOf(rest)].join(', ') }
}

function isNumber(type: unknown): boolean {
  return type === 'number' || type === 'integer'
}

function choicesOf({ keywords, at }: SchemaPlace): readonly string[] | undefined {
  if (keywords.type === 'boolean') return ['true', 'false']
  const literals = keywords.anyOf ?? keywords.oneOf
  const values =
    'const' in keywords ? [keywords.const] : (keywords.enum ?? (Array.isArray(literals) ? literals.map(constOf) : []))
  if (!Array.isArray(values) || values.length === 0 || values.some((value) => Object(value) === value)) return undefined
  return values.map((value) => JSON.stringify(value))

  // An object stands for an alternative that is no literal.
  function constOf(schema: unknown): unknown {
    const inner = at(schema).keywords
    return 'const' in inner ? inner.const : {}
  }
}

const NUMBER = /^-?\d+(\.\d+)?([eE][+-]?\d+)?$/
const VARIABLE = /^\{\{[^{}"]+\}\}$/

/** The values of a payload as a form shows them, by name. Undefined if the text is no object. */
export function readFields(text: string, fields: readonly FormField[]): ReadonlyMap<string, string> | undefined {
  const parts = text.trim() === '' ? splitJson('{}') : splitJson(text)
  if (parts?.kind !== 'object') return undefined
  return new Map(
    fields.flatMap(({ name, kind }) => {
      const raw = parts.values.get(name)
      return raw === undefined ? [] : [[name, kind === 'choice' ? raw : (parseString(raw) ?? raw)]]
    }),
  )
}

/** A payload whose field has another value; an empty one is left out if it may be. What the form does not show stays as it is. */
export function writeField(text: string, { name, kind, isRequired }: FormField, value: string): string {
  const values = new Map(splitJson(text)?.values)
  if (value === '' && (kind !== 'text' || !isRequired)) values.delete(name)
  else values.set(name, kind === 'choice' || isBare(kind, value.trim()) ? value.trim() : JSON.stringify(value))
  return joinJson({ kind: 'object', values })
}

/** Whether a value stands without quotes. */
function isBare(kind: FormField['kind'], value: string): boolean {
  return kind === 'number' && (NUMBER.test(value) || VARIABLE.test(value))
}
