import type { IncomingMessage } from 'node:http'

/*
 * Deduplicates header names and values that browsers of one kind share, for the requests that exist as long as a connection. Also
 * decides which headers of a handshake a connect has.
 */

export type Headers = IncomingMessage['headers']

// Headers about one message: its connection, its body, the format of its response. They say nothing about the client, and a
// connect does not have them.
const NOT_INHERITED =
  /^(accept-encoding|connection|content-.*|expect|http2-settings|if-.*|keep-alive|proxy-connection|range|te|trailer|transfer-encoding|upgrade)$/

/** On a raw request that is kept: the shape of its headers, if they have one. */
export const HEADER_SHAPE = Symbol('shape')

/** A list of header names, and blank objects with them: V8 turns an object that is filled name by name into a dictionary. */
export interface HeaderShape {
  /** The names as they were sent. */
  readonly names: readonly string[]
  /** All headers, as node names them. */
  readonly blank: Headers
  /** The headers that a connect has. */
  readonly inherited: Headers
  /** The headers that a connect has, and Authorization. */
  readonly authorized: Headers
  /** The names of the headers whose values are deduplicated. */
  readonly shared: readonly string[]
}

// Headers that describe a browser. None of them identifies a client.
const SHARED =
  /^(accept|cache-control|connection|dnt|host|origin|pragma|sec-(ch|fetch|gpc|websocket-(e|p|v))|upgrade|user-agent)/
const LONGEST_TEXT = 500
const LONGEST_NAMES = 2_000

/** A Map that keeps the recently used entries: clients that invent headers neither fill the memory nor evict the shared ones. */
export class RecentMap<Value> {
  readonly #limit: number
  #young = new Map<string, Value>()
  /** Entries that were not used since `#young` was last full. They are dropped when it is full again. */
  #old = new Map<string, Value>()

  constructor(limit: number) {
    this.#limit = limit
  }

  get(key: string): Value | undefined {
    const young = this.#young.get(key)
    if (young !== undefined) return young
    const old = this.#old.get(key)
    if (old !== undefined) this.set(key, old)
    return old
  }

  set(key: string, value: Value): void {
    if (this.#young.size >= this.#limit) {
      this.#old = this.#young
      this.#young = new Map()
    }
    this.#young.set(key, value)
  }
}

const texts = new RecentMap<string>(1_000)
const shapes = new RecentMap<HeaderShape>(500)

/** The shape of the headers of a request; undefined if node has merged repeated headers, or dropped one, e.g. `__proto__`. */
export function shapeOf({ rawHeaders, headers }: IncomingMessage): HeaderShape | undefined {
  let id = ''
  for (let index = 0; index < rawHeaders.length; index += 2) id += `${rawHeaders[index]}\n`
  const known = shapes.get(id)
  if (known) return known
  const names = id.split('\n').slice(0, -1)
  const keys = new Set(names.map((name) => name.toLowerCase()))
  if (keys.size < names.length || !names.every((name) => Object.hasOwn(headers, name.toLowerCase()))) return undefined
  const inherited = [...keys].filter(isInherited)
  const shape = {
    names,
    blank: blankOf([...keys]),
    inherited: blankOf(inherited),
    authorized: blankOf([...inherited, 'authorization']),
    shared: [...keys].filter((key) => SHARED.test(key)),
  }
  if (id.length <= LONGEST_NAMES) shapes.set(id, shape)
  return shape
}

function blankOf(keys: readonly string[]): Headers {
  return JSON.parse(JSON.stringify(Object.fromEntries(keys.map((key) => [key, '']))))
}

/** Copies headers that have a shape, with deduplicated values. */
export function copyHeaders(headers: Headers, shape: HeaderShape): Headers {
  const kept = fill(headers, shape.blank)
  for (const name of shape.shared) kept[name] = deduplicate(headers[name] as string)
  return kept
}

/** Returns the first of all equal texts; a text that is too long for a browser's header is returned as it is. */
function deduplicate(text: string): string {
  if (text.length > LONGEST_TEXT) return text
  const known = texts.get(text)
  if (known !== undefined) return known
  texts.set(text, text)
  return text
}

function fill(headers: Headers, blank: Headers): Headers {
  const copy = { ...blank }
  for (const name in blank) copy[name] = headers[name]
  return copy
}

/** Whether a connect has that header of its handshake. */
export function isInherited(name: string): boolean {
  return !NOT_INHERITED.test(name.toLowerCase())
}

/**
 * The headers of a connect: those of its handshake that are not about one message.
 *
 * @param authorization - replaces the Authorization header
 */
export function inheritHeaders(
  raw: IncomingMessage & { [HEADER_SHAPE]?: HeaderShape | undefined },
  authorization?: string,
): Headers {
  const { headers, [HEADER_SHAPE]: shape } = raw
  const shaped = shape && inheritShaped(headers, shape, authorization !== undefined)
  const inherited = shaped ?? {}
  if (!shaped) for (const name in headers) if (isInherited(name)) inherited[name] = headers[name]
  if (authorization !== undefined) inherited.authorization = authorization
  return inherited
}

/** Undefined if a hook has added or removed a header. */
function inheritShaped(headers: Headers, shape: HeaderShape, isAuthorized: boolean): Headers | undefined {
  let count = 0
  for (const name in headers) {
    if (!Object.hasOwn(shape.blank, name)) return undefined
    count++
  }
  if (count !== shape.names.length) return undefined
  return fill(headers, isAuthorized ? shape.authorized : shape.inherited)
}
