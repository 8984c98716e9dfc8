import type { RecordedStep } from './recorded-step.js'

/*
 * What a step expects, as the command line's scenarios write it: objects match partially, `{ $type: 'string' }` matches a type.
 */

const MATCHERS = ['$type', '$match', '$absent']
const VARIABLE = /\{\{\s*[\w.-]+\s*\}\}/
const LARGEST = 20_000

/** What a call's ack, or the end of a stream with its items, has to match; of an emit, its payload. Undefined: anything. */
export function expectationOf({ kind, code, answer, keep }: RecordedStep): unknown {
  const pattern = answer === undefined || keep === 'nothing' ? undefined : patternOf(answer, keep === 'exactly')
  if (kind === 'expect-emit') return pattern
  if (kind === 'join') return code === undefined ? undefined : { code }
  if (code !== undefined) return { ok: false, ...(code && { error: { code } }) }
  if (pattern === undefined) return { ok: true }
  return { ok: true, [kind === 'stream' ? 'items' : 'data']: pattern }
}

/**
 * Replaces what a server has sent in place of a variable, or of a matcher: it would be taken for one. `redact` replaces secrets.
 */
export function toAnswer(value: unknown, redact: (text: string) => string): unknown {
  if ((JSON.stringify(value) ?? '').length > LARGEST) return { $type: typeOf(value) }
  return mapTexts(value, (text) => (VARIABLE.test(text) ? { $type: 'string' } : redact(text)))
}

function mapTexts(value: unknown, map: (text: string) => unknown): unknown {
  if (typeof value === 'string') return map(value)
  if (Array.isArray(value)) return value.map((item) => mapTexts(item, map))
  const entries = typeof value === 'object' && value !== null ? Object.entries(value) : undefined
  if (!entries || typeOf(value) === 'binary') return entries ? { $type: 'binary' } : value
  if (MATCHERS.includes(entries[0]?.[0] ?? '')) return { $type: 'object' }
  const kept = entries.filter(([key]) => !VARIABLE.test(key) && map(key) === key)
  return Object.fromEntries(kept.map(([key, item]) => [key, mapTexts(item, map)]))
}

function patternOf(value: unknown, isExact: boolean): unknown {
  if (isMatcher(value)) return value
  if (Array.isArray(value)) return isExact ? value.map((item) => patternOf(item, isExact)) : { $type: 'array' }
  if (typeof value !== 'object' || value === null) return isExact ? value : { $type: typeOf(value) }
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, patternOf(item, isExact)]))
}

/** Whether a value is `{ $type }`: what an answer has in place of a text or an object. */
export function isMatcher(value: unknown): value is { readonly $type: string } {
  return typeof value === 'object' && value !== null && Object.keys(value)[0] === '$type'
}

function typeOf(value: unknown): string {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'array'
  return value instanceof ArrayBuffer || ArrayBuffer.isView(value) ? 'binary' : typeof value
}
