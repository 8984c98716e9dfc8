import { toStep } from '../catalog/schema-parts.js'

/*
 * Reads a text of JSON that may have variables, e.g. `{ "count": {{count}} }`, and that may not be finished.
 */

/** A part of the text. */
export interface Span {
  readonly from: number
  readonly to: number
}

/** A place of the value. */
export interface JsonPlace extends Span {
  readonly path: readonly (string | number)[]
  /** The name of the property, with its quotes. */
  readonly key?: Span
}

/** What is being written at a position. */
interface JsonSpot extends Span {
  readonly wants: 'key' | 'value' | 'none'
  /** Where the object, or the value, is. */
  readonly path: readonly (string | number)[]
  /** The properties that the object has elsewhere. */
  readonly keys: ReadonlySet<string>
}

export interface JsonScan {
  /** By JSON pointer. */
  readonly places: ReadonlyMap<string, JsonPlace>
  /** The JSON pointers of texts with variables, and of variables. */
  readonly open: ReadonlySet<string>
  /** The text with a string in place of each variable, of the same length. */
  readonly masked: string
  /** The first place at which it is no JSON. */
  readonly wrong?: Span & { readonly message: string }
  readonly spot: JsonSpot
}

interface Frame {
  readonly close: '}' | ']'
  readonly from: number
  readonly path: readonly (string | number)[]
  readonly keys: Set<string>
  wants: 'key' | ':' | 'value' | ','
  isEmpty: boolean
  index: number
  name: string
  key?: Span
}

const TOKEN = /\s+|"[^"\\\n]*(?:\\.[^"\\\n]*)*"?|\{\{\s*[\w.-]+\s*\}\}|[{}[\],:]|[^\s{}[\],:"]+/gy
const WANTED = { key: 'a name in double quotes', ':': 'a colon', value: 'a value', ',': 'a comma' }
const NO_KEYS: ReadonlySet<string> = new Set()

/** Reads a text, and what is being written at a position. */
export function scanJson(text: string, position = -1): JsonScan {
  const places = new Map<string, JsonPlace>()
  const open = new Set<string>()
  const stack: Frame[] = []
  let masked = ''
  let wrong: JsonScan['wrong']
  let isDone = false
  let spot: JsonSpot | undefined

  const pathOf = (top: Frame | undefined) => (top ? [...top.path, top.close === ']' ? top.index : top.name] : [])
  const refuse = (span: Span, what: string) => {
    wrong ??= { ...span, message: `expected ${what}` }
  }

  /** What is being written by a token, or before it if there is none. */
  function look(from: number, to: number): void {
    const top = stack.at(-1)
    const isKey = top?.wants === 'key' || (top?.wants === ':' && from < position)
    const isValue = top ? top.wants === 'value' : !isDone
    const path = isKey ? (top?.path ?? []) : pathOf(top)
    spot = { from, to, wants: isKey ? 'key' : isValue ? 'value' : 'none', path, keys: top?.keys ?? NO_KEYS }
  }

  function place(from: number, to: number, raw?: string): void {
    const top = stack.at(-1)
    const path = pathOf(top)
    const pointer = path.map((step) => toStep(String(step))).join('')
    places.set(pointer, { from, to, path, ...(top?.key && { key: top.key }) })
    if (raw?.includes('{{')) open.add(pointer)
    if (top) {
      top.wants = ','
      top.isEmpty = false
    } else isDone = true
  }

  function take(token: string, from: number, to: number): void {
    const top = stack.at(-1)
    const span = { from, to }
    if (token === '}' || token === ']') {
      if (top?.close !== token) {
        refuse(span, top || !isDone ? WANTED[top?.wants ?? 'value'] : 'the end')
        return
      }
      if (top.wants !== ',' && !top.isEmpty) refuse(span, WANTED[top.wants])
      stack.pop()
      place(top.from, to)
      return
    }
    if (top?.wants === ',' && token === ',') {
      top.wants = top.close === '}' ? 'key' : 'value'
      top.index++
      delete top.key
      return
    }
    if (top?.wants === ':' && token === ':') {
      top.wants = 'value'
      return
    }
    if (top?.wants === 'key' && token.startsWith('"')) {
      top.name = unquote(token) ?? token.slice(1)
      if (position < from || position > to) top.keys.add(top.name)
      top.key = span
      top.wants = ':'
      top.isEmpty = false
      return
    }
    if (top ? top.wants !== 'value' : isDone) {
      refuse(span, top ? WANTED[top.wants] : 'the end')
      return
    }
    if (token === '{' || token === '[') {
      const isObject = token === '{'
      stack.push({
        close: isObject ? '}' : ']',
        from,
        path: pathOf(top),
        keys: new Set(),
        wants: isObject ? 'key' : 'value',
        isEmpty: true,
        index: 0,
        name: '',
      })
      return
    }
    if (',:'.includes(token) || (!token.startsWith('{{') && unquote(token) === undefined)) refuse(span, WANTED.value)
    if (!',:'.includes(token)) place(from, to, token)
  }

  TOKEN.lastIndex = 0
  let before = 0
  for (let match = TOKEN.exec(text); match; match = TOKEN.exec(text)) {
    const [token] = match
    const from = match.index
    const to = from + token.length
    const isBlank = token.trim() === ''
    const isWord = !isBlank && !/^[{}[\],:]$/.test(token)
    if (spot === undefined && position >= before && isWord && position > from && position <= to) look(from, to)
    else if (spot === undefined && position >= before && position <= from && !isBlank) look(position, position)
    masked += token.startsWith('{{') && token.length > 2 ? `"${token.slice(1, -1).replace(/[{}\s]/g, '_')}"` : token
    if (!isBlank) take(token, from, to)
    before = isBlank ? from : to
  }
  if (spot === undefined) look(position, position)
  const end = { from: text.trimEnd().length, to: text.length }
  const top = stack.at(-1)
  if (top || !isDone) refuse(end, top ? `${WANTED[top.wants]} or ${top.close}` : WANTED.value)
  return { places, open, masked, spot: spot as JsonSpot, ...(wrong && { wrong }) }
}

/** The deepest place at a position; its name belongs to it. */
export function placeAt({ places }: JsonScan, position: number): [string, JsonPlace] | undefined {
  let best: [string, JsonPlace] | undefined
  for (const [pointer, place] of places) {
    const isHere = (place.key?.from ?? place.from) <= position && position <= place.to
    if (isHere && (!best || place.path.length >= best[1].path.length)) best = [pointer, place]
  }
  return best
}

/** The value of a token; undefined if it is no JSON. */
function unquote(token: string): string | undefined {
  try {
    return String(JSON.parse(token))
  } catch {
    return undefined
  }
}
