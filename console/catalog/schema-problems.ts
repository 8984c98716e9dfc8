import { validate } from '@cfworker/json-schema'
import { isPlainObject, type Keywords } from '../../plugin/schema/schema-ref.js'
import type { Problem } from '../shared/problem.js'
import { isCoercible, typeOf } from './schema-coercion.js'
import { findBroken } from './schema-limits.js'
import { listOf } from './schema-parts.js'

/*
 * What the keywords of one schema find wrong with one place of a value, as sentences.
 */

export interface Found extends Problem {
  /** What would be right: types, or values as JSON. */
  readonly expected?: readonly string[]
}

/** A place of the value, with all schemas that speak about it. */
export interface Place {
  readonly value: unknown
  readonly path: string
  readonly depth: number
  readonly level: Level
}

/** What the server's validator may do with an object before it checks it. */
export interface Level {
  /** The schemas that remove the properties which they do not declare. */
  readonly closed: readonly Keywords[]
  /** The properties that are filled in. */
  readonly filled: ReadonlySet<string>
}

// Of the values of an `enum`, a message shows these.
const SHOWN_VALUES = 8

export function checkValues({ enum: values, const: constant, type }: Keywords, { value, path }: Place): Found[] {
  const allowed = [...listOf(values), ...(constant === undefined ? [] : [constant])]
  if (allowed.length === 0 || allowed.some((one) => validate(value, { const: one }, '7', {}).valid)) return []
  // The type of the value may be changed by a schema beside this one.
  if (
    type === undefined &&
    isCoercible(
      value,
      allowed.map(typeOf).filter((one) => one !== typeOf(value)),
    )
  )
    return []
  return [
    expect(
      path,
      allowed.map((one) => JSON.stringify(one)),
    ),
  ]
}

export function checkLimits(keywords: Keywords, { value, path, level }: Place): Found[] {
  const { minProperties, ...others } = keywords
  const broken = findBroken(level.filled.size > 0 ? others : keywords, value)
  return broken === undefined ? [] : [{ path, message: `${nameOf(path)} must ${broken}` }]
}

export function checkRequired({ required }: Keywords, { value, path, level }: Place): Found[] {
  if (!isPlainObject(value)) return []
  const missing = listOf(required)
    .map(String)
    .filter((key) => !Object.hasOwn(value, key) && !level.filled.has(key))
  return missing.length > 0
    ? [
        {
          path,
          message: `${nameOf(path)} must have ${toList(
            missing.map((key) => JSON.stringify(key)),
            'and',
          )}`,
        },
      ]
    : []
}

export function checkBinary({ maxBytes }: Keywords, { value, path }: Place): Found[] {
  const { $binary, $file } = Object(value)
  const isMarked = typeof $binary === 'string' || typeof $file === 'string'
  const bytes =
    typeof $binary === 'string' ? Math.floor(($binary.replace(/=+$/, '').length * 3) / 4) : Object(value).byteLength
  if (!isMarked && !isBytes(value))
    return [{ path, message: `${nameOf(path)} must be binary data: { "$binary": "base64" }` }]
  return bytes > Number(maxBytes) ? [{ path, message: `${nameOf(path)} must be at most ${maxBytes} bytes long` }] : []
}

export function isBytes(value: unknown): boolean {
  return ArrayBuffer.isView(value) || value instanceof ArrayBuffer
}

export function expect(path: string, expected: readonly string[]): Found {
  return { path, expected, message: `${nameOf(path)} must be ${toList(expected, 'or')}` }
}

function toList(words: readonly string[], last: string): string {
  const shown = words.length > SHOWN_VALUES ? [...words.slice(0, SHOWN_VALUES), '…'] : words
  return shown.length < 2 ? shown.join() : `${shown.slice(0, -1).join(', ')} ${last} ${shown.at(-1)}`
}

/** The last step of a path, as the subject of a sentence. */
export function nameOf(path: string): string {
  const name = path
    .slice(path.lastIndexOf('/') + 1)
    .replaceAll('~1', '/')
    .replaceAll('~0', '~')
  if (path === '') return 'the value'
  return /^\d+$/.test(name) ? `item ${name}` : name
}
