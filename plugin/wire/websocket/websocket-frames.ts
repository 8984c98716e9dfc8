/*
 * Writes WebSocket frames of the server. Short ones are latin1 strings, so that several can be joined and written at once.
 */

/** The first byte of an unfragmented frame. */
export const FIRST = { TEXT: 0x81, BINARY: 0x82, CLOSE: 0x88, PONG: 0x8a } as const

const LONGEST_TINY = 125
const LONGEST_SHORT = 65_535

/** Most characters of a text for textFrame(): even with three bytes each, the length fits into two bytes. */
export const LONGEST_TEXT = LONGEST_SHORT / 3

/** A text frame, as a latin1 string. */
export function textFrame(text: string): string {
  const length = Buffer.byteLength(text)
  return headOf(FIRST.TEXT, length) + (length === text.length ? text : Buffer.from(text).toString('latin1'))
}

/**
 * A frame of at most LONGEST_TEXT bytes, as a latin1 string.
 *
 * @param first - its first byte: one of FIRST
 */
export function bytesFrame(first: number, bytes: Buffer): string {
  return headOf(first, bytes.length) + bytes.toString('latin1')
}

/** The bytes before a payload of more than LONGEST_TEXT bytes. */
export function longHead(first: number, length: number): Buffer {
  if (length <= LONGEST_SHORT) return Buffer.from(headOf(first, length), 'latin1')
  const head = Buffer.alloc(10)
  head[0] = first
  head[1] = LONGEST_TINY + 2
  head.writeUIntBE(length, 4, 6)
  return head
}

function headOf(first: number, length: number): string {
  if (length > LONGEST_TINY) return String.fromCharCode(first, LONGEST_TINY + 1, length >> 8, length & 255)
  return String.fromCharCode(first, length)
}

export function toBuffer(data: ArrayBuffer | ArrayBufferView): Buffer {
  if (Buffer.isBuffer(data)) return data
  return ArrayBuffer.isView(data) ? Buffer.from(data.buffer, data.byteOffset, data.byteLength) : Buffer.from(data)
}
