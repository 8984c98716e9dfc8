import { isPlainObject } from '../../schema/schema-ref.js'

/*
 * Variables of a scenario: {{name}} in any text, {{env.NAME}} from the environment.
 */

const VARIABLE = /\{\{\s*([\w.-]+)\s*\}\}/g
const WHOLE = /^\{\{\s*([\w.-]+)\s*\}\}$/

export type Variables = ReadonlyMap<string, unknown>

/** The names of all variables in a value. */
export function namesIn(value: unknown): string[] {
  if (typeof value === 'string') return [...value.matchAll(VARIABLE)].map(([, name = '']) => name)
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([key, item]) => [...namesIn(key), ...namesIn(item)])
}

/** Replaces variables. A text that is one variable becomes its value, of any type. Each name must be known. */
export function expand(value: unknown, variables: Variables): unknown {
  if (typeof value === 'string') {
    const [, whole] = WHOLE.exec(value) ?? []
    if (whole !== undefined) return variables.get(whole)
    return value.replace(VARIABLE, (_, name) => toText(variables.get(name)))
  }
  if (Array.isArray(value)) return value.map((item) => expand(item, variables))
  if (!isPlainObject(value)) return value
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [String(expand(key, variables)), expand(item, variables)]),
  )
}

function toText(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value)
}

/** Reads `a.b.0` of a value; undefined if there is nothing. */
export function readPath(value: unknown, path: string): unknown {
  let inner = value
  for (const key of path.split('.')) {
    if (!Object.hasOwn(Object(inner), key)) return undefined
    inner = Object(inner)[key]
  }
  return inner
}
