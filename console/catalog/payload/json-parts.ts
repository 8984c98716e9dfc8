/*
 * Reads and changes parts of a text of JSON that may have variables, which no parser of JSON reads: `{ "n": {{count}} }`. Only the
 * changed part is written anew.
 */

/** The parts of an object or a list: the text of each value, by its name or index. */
export interface JsonParts {
  readonly kind: 'object' | 'list'
  readonly values: ReadonlyMap<string, string>
}

/** Splits the text of an object or a list; undefined if it is neither, or if its brackets or quotes don't match. */
export function splitJson(text: string): JsonParts | undefined {
  const source = text.trim()
  const kind = source[0] === '{' && source[1] !== '{' ? 'object' : source[0] === '[' ? 'list' : undefined
  if (!kind || source.at(-1) !== (kind === 'object' ? '}' : ']')) return undefined
  const pieces = splitAtCommas(source.slice(1, -1))
  if (!pieces) return undefined
  const values = new Map<string, string>()
  for (const [index, piece] of pieces.entries()) {
    if (kind === 'list') values.set(String(index), piece.trim())
    else {
      const [, quoted, value] = /^\s*("(?:[^"\\]|\\.)*")\s*:\s*([\s\S]*)$/.exec(piece) ?? []
      const name = parseString(quoted)
      if (name === undefined || value === undefined) return undefined
      values.set(name, value.trim())
    }
  }
  return [...values.values()].includes('') ? undefined : { kind, values }
}

/** The pieces between the commas that stand outside of brackets and texts. */
function splitAtCommas(inner: string): string[] | undefined {
  if (inner.trim() === '') return []
  const pieces: string[] = []
  let depth = 0
  let start = 0
  for (const { 0: mark, index } of inner.matchAll(/"(?:[^"\\]|\\.)*"?|[[\]{},]/g)) {
    if (mark === ',' && depth === 0) {
      pieces.push(inner.slice(start, index))
      start = index + 1
    } else if (mark === '[' || mark === '{') depth++
    else if ((mark === ']' || mark === '}') && --depth < 0) return undefined
    else if (mark[0] === '"' && !/^"(?:[^"\\]|\\.)*"$/.test(mark)) return undefined
  }
  pieces.push(inner.slice(start))
  return depth === 0 ? pieces : undefined
}

/** The text of JSON of parts. */
export function joinJson({ kind, values }: JsonParts): string {
  const lines = [...values].map(([name, value]) => `  ${kind === 'object' ? `${JSON.stringify(name)}: ` : ''}${value}`)
  const [open, close] = kind === 'object' ? '{}' : '[]'
  return lines.length === 0 ? `${open}${close}` : `${open}\n${lines.join(',\n')}\n${close}`
}

/**
 * A text with another value at a place. Objects on the way are made.
 *
 * @param path - the names on the way
 * @param value - a text of JSON; undefined removes the place
 */
export function replaceAt(text: string, path: readonly string[], value: string | undefined): string {
  const [name, ...rest] = path
  if (name === undefined) return value ?? ''
  const { kind, values } = splitJson(text) ?? { kind: 'object', values: new Map() }
  const changed = new Map(values)
  const inner = replaceAt(values.get(name) ?? '', rest, value)
  if (rest.length === 0 && value === undefined) changed.delete(name)
  else changed.set(name, inner.replaceAll('\n', '\n  '))
  return joinJson({ kind, values: changed })
}

/** The text that a JSON string stands for; undefined if it is none. */
export function parseString(raw: string | undefined): string | undefined {
  try {
    const value: unknown = JSON.parse(raw ?? '')
    return typeof value === 'string' ? value : undefined
  } catch {
    return undefined
  }
}

/** The names of a JSON pointer. */
export function namesOf(pointer: string): readonly string[] {
  return pointer
    .split('/')
    .slice(1)
    .map((name) => name.replaceAll('~1', '/').replaceAll('~0', '~'))
}

/** Writes a name of a JSON pointer, with its slash. */
export function pointerTo(name: string | number): string {
  return `/${String(name).replaceAll('~', '~0').replaceAll('/', '~1')}`
}
