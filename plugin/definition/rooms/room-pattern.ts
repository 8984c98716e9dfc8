/*
 * Reads the name of a room by its pattern: segments with slashes between them, the first one the name of the room, the others text or
 * `:param`. `ticket/:id` has the rooms `ticket/42`, `ticket/43`, …
 */

const SEGMENT = /^[\w.~-]+$/
const PARAM = /^:[A-Za-z_]\w*$/

/** @returns what is wrong with a pattern; undefined for a correct one */
export function problemOfPattern(pattern: string): string | undefined {
  const [name = '', ...rest] = pattern.split('/')
  if (!SEGMENT.test(name))
    return 'must begin with the name of the room, of letters, digits, _, -, . and ~: write ticket/:id'
  // `to.ticket` is a property of a function.
  if (name === 'prototype' || name in Function.prototype)
    return `must have another name: a function has a property ${name} already`
  const wrong = rest.find((segment) => !SEGMENT.test(segment) && !PARAM.test(segment))
  if (wrong !== undefined) return `must have segments like text or :param: got ${JSON.stringify(wrong)}`
  const params = rest.filter((segment) => segment.startsWith(':'))
  const twice = params.find((param, index) => params.indexOf(param) < index || param === ':__proto__')
  return twice && `must not have two params named ${twice.slice(1)}`
}

/** The name of a room: the first segment of its pattern, or of any of its names. */
export function firstSegmentOf(text: string): string {
  return text.split('/', 1)[0] as string
}

/**
 * The params in the name of a room.
 *
 * @param name - anything that a client may send
 * @returns decoded texts; undefined if the name does not match, or is spelt in another way than roomName() writes it
 */
function readRoomParams(pattern: string, name: string): Readonly<Record<string, string>> | undefined {
  const wanted = pattern.split('/')
  const given = name.split('/')
  if (given.length !== wanted.length) return undefined
  const params: Record<string, string> = {}
  for (const [index, segment] of wanted.entries()) {
    const text = given[index] as string
    if (!segment.startsWith(':')) {
      if (text !== segment) return undefined
    } else {
      const value = decode(text)
      if (!value) return undefined
      params[segment.slice(1)] = value
    }
  }
  return params
}

/** A declared room by one of its names. */
export interface NamedRoom<Room> {
  readonly name: string
  readonly room: Room
  /** The params as the name spells them. */
  readonly texts: Readonly<Record<string, string>>
}

/**
 * The declared room with a name that a client has sent, or that a socket is in.
 *
 * @param rooms - by the first segments of their patterns
 * @returns with the params as the name spells them
 */
export function findRoom<Room extends { readonly pattern: string }>(
  rooms: ReadonlyMap<string, Room>,
  name: string,
): NamedRoom<Room> | undefined {
  const room = rooms.get(firstSegmentOf(name))
  const texts = room && readRoomParams(room.pattern, name)
  return room && texts && { name, room, texts }
}

/** Whether params that a schema has coerced still spell the name: `ticket/042` is not `ticket/42`. */
export function isSpelt(texts: Readonly<Record<string, string>>, checked: unknown): boolean {
  return Object.entries(texts).every(([name, text]) => {
    const value: unknown = Object(checked)[name]
    return value === undefined || Object(value) === value || String(value) === text
  })
}

/** Decodes a segment that encodeURIComponent() has written; undefined for any other. */
function decode(text: string): string | undefined {
  try {
    const value = decodeURIComponent(text)
    return encodeURIComponent(value) === text ? value : undefined
  } catch {
    return undefined
  }
}
