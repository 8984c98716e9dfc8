/*
 * Reads and writes the text of the two most frequent Socket.IO packets: an event without attachments, and its ack. Socket.IO's
 * own decoder reads everything else.
 */

/** The beginning of an event's text, before its arguments. */
export interface EventHead {
  namespace: string
  /** The number of its ack; undefined if the client wants none. */
  id: number | undefined
  name: string
  /** The position of the list of its name and arguments. */
  start: number
}

/** Namespace and ack number of a packet. */
interface PacketAddress {
  readonly nsp: string
  readonly id?: number | undefined
}

const COMMA = 44
const SLASH = 47
const ZERO = 48
const QUOTE = 34
const BACKSLASH = 92
const BRACKET = 91

// A number with more digits may not be a safe integer.
const MOST_DIGITS = 15

/**
 * Reads the head of an event's text.
 *
 * @param from - the position behind the type of the packet
 * @param head - is overwritten; if its `namespace` is that of the event, no new string is made
 * @returns false for a text that Socket.IO's decoder may read in another way, or refuse
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

/** Reads the name before the rest is parsed: the receiver of an event is found by its name. */
function readName(text: string, start: number, head: EventHead): boolean {
  if (text.charCodeAt(start) !== BRACKET || text.charCodeAt(start + 1) !== QUOTE) return false
  let at = start + 2
  for (let code = text.charCodeAt(at); code !== QUOTE; code = text.charCodeAt(++at)) {
    // A name with an escape is left to the decoder. Behind the end of the text the code is NaN.
    if (code === BACKSLASH || !(code >= 32)) return false
  }
  head.name = text.slice(start + 2, at)
  return true
}

/**
 * Writes an event.
 *
 * @param json - its argument, as JSON
 * @param last - an argument behind it, not as JSON
 */
export function eventText({ nsp, id }: PacketAddress, event: string, json: string, last: string | undefined): string {
  const address = nsp === '/' ? '' : `${nsp},`
  const end = last === undefined ? '' : `,${JSON.stringify(last)}`
  return `2${address}${id ?? ''}[${JSON.stringify(event)},${json}${end}]`
}

/** Writes the beginning of an event with one argument and more to follow: each as JSON with a comma before it, and a bracket at the end. */
export function openEventText(namespace: string, event: string, argument: string): string {
  const address = namespace === '/' ? '' : `${namespace},`
  return `2${address}[${JSON.stringify(event)},${JSON.stringify(argument)}`
}

/** Writes an ack; `json` is its one argument. */
export function ackText(namespace: string, id: number, json: string): string {
  return namespace === '/' ? `3${id}[${json}]` : `3${namespace},${id}[${json}]`
}
