import type { IncomingMessage } from 'node:http'

/*
 * The headers of requests that are kept for as long as a connection. What all browsers of a kind have in common is there
 * once: the names of the headers, and the values of those that say what a browser is and can.
 */

export type Headers = IncomingMessage['headers']

/*
 * Those of one message, which a connect has none of: of its connection, of its body, and of how it is to be answered. Who a
 * client is, and where it comes from, they do not say.
 */
const NOT_INHERITED =
  /^(accept-encoding|connection|content-.*|expect|http2-settings|if-.*|keep-alive|proxy-connection|range|te|trailer|transfer-encoding|upgrade)$/

/** On a raw request that is kept: the shape of its headers, where they have one. */
export const HEADER_SHAPE = Symbol('shape')

/** The names of some headers, and objects of them: V8 makes a dictionary of an object that is filled name by name. */
export interface HeaderShape {
  /** As they were sent. */
  readonly names: readonly string[]
  /** As node has them. */
  readonly blank: Headers
  readonly inherited: Headers
  /** The same with an Authorization header. */
  readonly authorized: Headers
  /** The names of those whose values others have, too. */
  readonly alike: readonly string[]
}

// Who a client is it says in none of them.
const SHARED =
  /^(accept|cache-control|connection|dnt|host|origin|pragma|sec-(ch|fetch|gpc|websocket-(e|p|v))|upgrade|user-agent)/
const LONGEST_TEXT = 500
const LONGEST_NAMES = 2_000

/** Whoever makes things up shall not fill the memory, nor push out for good what others have in common. */
export class RecentMap<Value> {
  readonly #limit: number
  #young = new Map<string, Value>()
  /** What nobody has asked for since as many were new again goes with them. */
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

/** Undefined where node has merged what came twice, or has dropped what it has no place for, as `__proto__`. */
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
    alike: [...keys].filter((key) => SHARED.test(key)),
  }
  if (id.length <= LONGEST_NAMES) shapes.set(id, shape)
  return shape
}

function blankOf(keys: readonly string[]): Headers {
  return JSON.parse(JSON.stringify(Object.fromEntries(keys.map((key) => [key, '']))))
}

/** A copy of headers that have a shape. */
export function copyHeaders(headers: Headers, shape: HeaderShape): Headers {
  const kept = fill(headers, shape.blank)
  for (const name of shape.alike) kept[name] = once(headers[name] as string)
  return kept
}

/** The first of all texts that are equal, and not too long to be of any browser. */
function once(text: string): string {
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

/** Whether a connect has that header of its handshake, too. */
export function isInherited(name: string): boolean {
  return !NOT_INHERITED.test(name.toLowerCase())
}

/** The headers of a handshake that a connect has, too; with an Authorization header of its own, if it has one. */
export function inheritHeaders(
  raw: IncomingMessage & { [HEADER_SHAPE]?: HeaderShape | undefined },
  authorization?: string,
): Headers {
  const { headers, [HEADER_SHAPE]: shape } = raw
  const shaped = shape && inheritShaped(headers, shape, authorization !== undefined)
  const inherited = shaped ?? { ...headers }
  if (authorization !== undefined) inherited.authorization = authorization
  if (!shaped) for (const name in inherited) if (!isInherited(name)) delete inherited[name]
  return inherited
}

/** Undefined where a hook has added a header, or taken one away. */
function inheritShaped(headers: Headers, shape: HeaderShape, isAuthorized: boolean): Headers | undefined {
  let count = 0
  for (const name in headers) {
    if (!Object.hasOwn(shape.blank, name)) return undefined
    count++
  }
  if (count !== shape.names.length) return undefined
  return fill(headers, isAuthorized ? shape.authorized : shape.inherited)
}
