import { listOf, type SchemaPart, type SchemaReader } from '../catalog/schema-parts.js'
import { describePlace, isRequired, typeNameOf } from './json-hints.js'
import { type Span, scanJson } from './json-scan.js'

/** What may be written at a position. */
export interface JsonCompletion {
  readonly label: string
  /** Its type, and whether it is required. */
  readonly detail: string
  readonly info: string
  readonly text: string
  /** Where the cursor goes in `text`. */
  readonly cursor: number
  readonly isRequired: boolean
}

/** The names or values that a schema allows at a position, and the text that they replace. */
export function completionsAt(
  reader: SchemaReader,
  text: string,
  position: number,
): { readonly span: Span; readonly options: readonly JsonCompletion[] } {
  const { spot } = scanJson(text, position)
  const parts = spot.wants === 'none' ? [] : reader.partsAt(spot.path)
  const follows = text.slice(spot.to).match(/^\s*(.?)/s)?.[1] ?? ''
  const options = spot.wants === 'key' ? namesOf(reader, parts, spot.keys, follows) : valuesOf(parts)
  return { span: spot, options }
}

function namesOf(reader: SchemaReader, parts: readonly SchemaPart[], taken: ReadonlySet<string>, follows: string) {
  const names = new Set(parts.flatMap(({ keywords }) => Object.keys(Object(keywords.properties))))
  const options = [...names]
    .filter((name) => !taken.has(name))
    .map((name): JsonCompletion => {
      const inner = parts.flatMap((part) => reader.innerOf(part, name, false).flatMap(reader.partsOf))
      const required = isRequired(parts, name)
      const key = JSON.stringify(name)
      const start = follows === ':' ? '' : `: ${startOf(inner)}`
      const end = follows === '"' ? ',' : ''
      const isEmpty = /(""|\{\}|\[\])$/.test(start)
      return {
        label: name,
        detail: [typeNameOf(inner), required ? 'required' : ''].filter(Boolean).join(', '),
        info: describePlace(inner).description,
        text: key + start + end,
        cursor: key.length + start.length - (isEmpty ? 1 : 0),
        isRequired: required,
      }
    })
  return options.sort((one, other) => Number(other.isRequired) - Number(one.isRequired))
}

/** The values that the schemas name, as texts of JSON. */
function valuesOf(parts: readonly SchemaPart[]): readonly JsonCompletion[] {
  const found = new Map<string, string>()
  const add = (value: unknown, detail: string) => {
    const text = JSON.stringify(value)
    if (text !== undefined && text.length < 2000 && !found.has(text)) found.set(text, detail)
  }
  for (const { keywords } of parts) {
    for (const value of listOf(keywords.enum)) add(value, '')
    if (keywords.const !== undefined) add(keywords.const, '')
    if (keywords.default !== undefined) add(keywords.default, 'default')
    for (const value of listOf(keywords.examples)) add(value, 'example')
    if (keywords.binary !== undefined) add({ $binary: '' }, 'binary data')
    const types = [keywords.type].flat()
    if (types.includes('boolean')) for (const value of [true, false]) add(value, '')
    if (types.includes('null')) add(null, '')
  }
  return [...found].slice(0, 200).map(([text, detail]) => ({
    label: text,
    detail,
    info: '',
    text,
    cursor: text.length,
    isRequired: false,
  }))
}

/** The beginning of a value: the only one that there is, or empty quotes or brackets. */
function startOf(parts: readonly SchemaPart[]): string {
  for (const { keywords } of parts) {
    const value = keywords.const ?? keywords.default
    if (value !== undefined) return JSON.stringify(value)
    if (keywords.binary !== undefined) return '{ "$binary": "" }'
    if (listOf(keywords.enum).length > 0) return ''
    const [type] = [keywords.type].flat()
    if (type !== undefined) return { string: '""', object: '{}', array: '[]' }[String(type)] ?? ''
  }
  return ''
}
