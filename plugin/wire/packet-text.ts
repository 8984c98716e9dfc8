/*
 * Packets of Socket.IO as text, the two that an application sends and gets all the time: an event without attachments,
 * and its ack. What is unusual about a packet is left to Socket.IO's own decoder.
 */

/** The beginning of an event's text, what stands before its arguments. */
export interface EventHead {
  namespace: string
  /** Of its ack; undefined for an event that wants none. */
  id: number | undefined
  name: string
  /** Where the list of its name and arguments begins. */
  start: number
}

/** What a packet is known by. */
interface Numbered {
  readonly nsp: string
  readonly id?: number | undefined
}

const COMMA = 44
const SLASH = 47
const ZERO = 48
const QUOTE = 34
const BACKSLASH = 92
const BRACKET = 91

// More of them make a number that is not exact.
const MOST_DIGITS = 15

/**
 * Reads an event's text from behind its type into `head`, whose namespace is a guess, that spares a string.
 * out: false for any that Socket.IO's decoder may read otherwise, or refuse.
 */
export function readHead(text: string, from: number, head: EventHead): boolean {
  let at = from
  if (text.charCodeAt(at) === SLASH) {
    const { namespace } = head
    if (text.startsWith(namespace, at) && text.charCodeAt(at + namespace.length) === COMMA) at += namespace.length + 1
    else {
      const comma = text.indexOf(',', at)
      if (comma < 0) return false
      head.namespace = text.slice(at, comma)
      at = comma + 1
    }
  } else head.namespace = '/'
  const digits = at
  let id = 0
  for (let code = text.charCodeAt(at); code >= ZERO && code < ZERO + 10; code = text.charCodeAt(++at)) {
    id = id * 10 + code - ZERO
  }
  if (at - digits > MOST_DIGITS) return false
  head.id = at === digits ? undefined : id
  head.start = at
  return readName(text, at, head)
}

/** The name is read before the rest is parsed: who wants the event is known by it. */
function readName(text: string, start: number, head: EventHead): boolean {
  if (text.charCodeAt(start) !== BRACKET || text.charCodeAt(start + 1) !== QUOTE) return false
  let at = start + 2
  for (let code = text.charCodeAt(at); code !== QUOTE; code = text.charCodeAt(++at)) {
    // Nothing is escaped in an ordinary name; and NaN is behind the end.
    if (code === BACKSLASH || !(code >= 32)) return false
  }
  head.name = text.slice(start + 2, at)
  return true
}

/** The text of an event, of the JSON of its one argument; `last` is an argument behind it. */
export function eventText({ nsp, id }: Numbered, event: string, json: string, last: string | undefined): string {
  const place = nsp === '/' ? '' : `${nsp},`
  const end = last === undefined ? '' : `,${JSON.stringify(last)}`
  return `2${place}${id ?? ''}[${JSON.stringify(event)},${json}${end}]`
}

/** The text of an ack, of the JSON of its one argument. */
export function ackText(namespace: string, id: number, json: string): string {
  return namespace === '/' ? `3${id}[${json}]` : `3${namespace},${id}[${json}]`
}
