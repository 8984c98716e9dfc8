import type { LogEntry, LogKind } from './log-types.js'

/**
 * The filter of the log. All terms have to match; `-` before a term negates it:
 *
 * - `ns:/chat`, `ev:message` – the address or the event begins so; with `*` the whole of it: `ev:*:new`; quoted it is exact
 * - `id:2` – the identity
 * - `is:in`, `out`, `ack`, `item`, `note`, `error`; `is:in,ack` is one of them
 * - `text`, `"quoted text"` – anywhere, in any case; `/regex/i`
 */
export type LogFilter =
  | { readonly test: (entry: LogEntry) => boolean; readonly problem?: undefined }
  | { readonly problem: string }

type Test = (entry: LogEntry) => boolean

const TERM = /(-?)(?:\/((?:[^\\/]|\\.)+)\/([dimsuv]*)(?=\s|$)|(?:(ns|ev|id|is):)?(?:"((?:[^"\\]|\\.)*)"?|(\S*)))/g

/** Only the start of an entry is searched: a regular expression may be slow. */
const SEARCHED_CHARACTERS = 10_240

const KINDS: Readonly<Record<string, readonly LogKind[]>> = {
  in: ['in'],
  out: ['out'],
  ack: ['ack-in', 'ack-out'],
  item: ['item'],
  note: ['note'],
}

/** Reads a filter. The problem is a sentence for the reader. */
export function parseFilter(text: string): LogFilter {
  const tests: Test[] = []
  for (const [, minus, regex, flags, field, quoted, bare] of text.matchAll(TERM)) {
    const value = quoted?.replace(/\\(.)/g, '$1') ?? bare ?? ''
    if (regex === undefined && value === '') continue
    const test = regex === undefined ? testOf(field, value, quoted !== undefined) : testOfRegex(regex, flags)
    if (typeof test === 'string') return { problem: test }
    tests.push(minus ? (entry) => !test(entry) : test)
  }
  return { test: (entry) => tests.every((test) => test(entry)) }
}

/** Adds a term to a filter, or takes it out. */
export function toggleTerm(text: string, term: string): string {
  const terms = termsOf(text)
  return (terms.includes(term) ? terms.filter((each) => each !== term) : [...terms, term]).join(' ')
}

/** The terms of a filter, as they are written. */
export function termsOf(text: string): string[] {
  return [...text.matchAll(TERM)].map(([term]) => term).filter((term) => term !== '')
}

function testOf(field: string | undefined, value: string, isExact: boolean): Test | string {
  switch (field) {
    case 'ns':
    case 'ev': {
      const pattern = patternOf(value, isExact)
      return field === 'ns' ? ({ address }) => finds(pattern, address) : ({ event }) => finds(pattern, event)
    }
    case 'id':
      return ({ identity }) => String(identity) === value
    case 'is':
      return testOfKinds(value.split(','))
    default:
      return testOfText(value)
  }
}

function testOfKinds(names: readonly string[]): Test | string {
  const unknown = names.find((name) => name !== 'error' && !Object.hasOwn(KINDS, name))
  if (unknown !== undefined) return `is:${unknown} is none of in, out, ack, item, note and error`
  const kinds = names.flatMap((name) => KINDS[name] ?? [])
  const isError = names.includes('error')
  return (entry) => kinds.includes(entry.kind) || (isError && entry.isError === true)
}

function testOfText(value: string): Test {
  // The text of an entry is JSON, in which e.g. a quote has a backslash.
  const escaped = JSON.stringify(value).slice(1, -1)
  const source = escaped === value ? anyCase(value) : `${anyCase(value)}|${anyCase(escaped)}`
  return testOfPattern(new RegExp(source))
}

function testOfRegex(source: string, flags = ''): Test | string {
  try {
    return testOfPattern(new RegExp(source, flags))
  } catch (error) {
    return (error as Error).message
  }
}

function testOfPattern(pattern: RegExp): Test {
  return ({ text, event, address }) => finds(pattern, text) || finds(pattern, event) || finds(pattern, address)
}

function finds(pattern: RegExp, text: string): boolean {
  return pattern.test(text.length > SEARCHED_CHARACTERS ? text.slice(0, SEARCHED_CHARACTERS) : text)
}

function patternOf(value: string, isExact: boolean): RegExp {
  if (isExact) return new RegExp(`^${escapeRegex(value)}$`)
  const glob = value.split('*').map(escapeRegex)
  return new RegExp(`^${glob.join('.*')}${glob.length > 1 ? '$' : ''}`, 's')
}

function escapeRegex(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&')
}

/** Twice as fast as the flag `i`. */
function anyCase(text: string): string {
  return escapeRegex(text).replace(/\p{L}/gu, (letter) => {
    const [lower, upper] = [letter.toLowerCase(), letter.toUpperCase()]
    return lower.length === 1 && upper.length === 1 ? `[${lower}${upper}]` : letter
  })
}
