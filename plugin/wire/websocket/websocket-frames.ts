import { isUtf8 } from 'node:buffer'

/*
 * Reads and writes short, unfragmented WebSocket frames: text frames are unmasked inside the chunk that they came in, and frames
 * to send are made as strings. ws reads all other frames.
 */

/** Receives the texts of a chunk, in order. */
export interface TextReceiver {
  receiveText(text: string): void
}

// The first byte of an unfragmented frame without extensions; and the bit of the second that says that it is masked.
const TEXT = 0x81
const BINARY = 0x82
const MASKED = 0x80
const LONGEST_TINY = 125
const LONGEST_SHORT = 65_535
const NOT_ASCII = 0x80808080 | 0

/** The bytes before the payload: the first two, a length of two bytes, the mask. */
const HEAD = 2
const LENGTH = 2
const MASK = 4

/**
 * Reads the text frames at the start of a chunk and overwrites them. Stops at the first frame that is incomplete, fragmented,
 * binary, control, unmasked, longer than `maxBytes` or 64 kB, or not UTF-8; that frame and all behind it stay unchanged.
 *
 * @param maxBytes - 0 for no limit
 * @returns how many bytes were read
 */
export function readTextFrames(chunk: Buffer, maxBytes: number, taker: TextReceiver): number {
  const words = wordsOf(chunk)
  let at = 0
  while (chunk.length - at >= HEAD + MASK && chunk[at] === TEXT) {
    const second = chunk[at + 1] as number
    if (second < MASKED) break
    let length = second - MASKED
    let mask = at + HEAD
    if (length > LONGEST_TINY) {
      if (length > LONGEST_TINY + 1) break
      length = chunk.readUInt16BE(mask)
      mask += LENGTH
    }
    const start = mask + MASK
    const end = start + length
    if (end > chunk.length || (maxBytes > 0 && length > maxBytes)) break
    const text = readText(chunk, words, mask, start, end)
    if (text === undefined) break
    at = end
    taker.receiveText(text)
  }
  return at
}

/** The text of a masked frame; undefined if it is not UTF-8, and then the chunk is unchanged. */
function readText(chunk: Buffer, words: Words, mask: number, start: number, end: number): string | undefined {
  const seen = unmask(chunk, words, mask, start, end)
  if ((seen & NOT_ASCII) === 0) return chunk.toString('latin1', start, end)
  if (isUtf8(chunk.subarray(start, end))) return chunk.toString('utf8', start, end)
  unmask(chunk, words, mask, start, end)
  return undefined
}

/** A chunk as words of four bytes, from its first aligned byte. */
interface Words {
  readonly list: Int32Array
  /** Bytes before the first word. */
  readonly offset: number
}

function wordsOf({ buffer, byteOffset, length }: Buffer): Words {
  const offset = -byteOffset & 3
  const count = (length - offset) >> 2
  // Without a whole word the offset may be behind the end of the buffer.
  return { list: count > 0 ? new Int32Array(buffer, byteOffset + offset, count) : NO_WORDS, offset }
}

const NO_WORDS = new Int32Array(0)

// The mask, rotated to the alignment of the chunk's words; as both share memory, the byte order of the machine does not matter.
const rotated = new Uint8Array(4)
const rotatedWord = new Int32Array(rotated.buffer)

/**
 * Applies a mask: unmasks a payload, or masks it again.
 *
 * @returns all resulting bytes and words, combined by OR: a set NOT_ASCII bit says that one is not ASCII
 */
function unmask(chunk: Buffer, { list, offset }: Words, mask: number, start: number, end: number): number {
  let seen = 0
  let at = start
  // The bytes before the first word and behind the last one by one.
  const firstWord = Math.min(end, start + ((offset - start) & 3))
  for (; at < firstWord; at++) seen |= flip(chunk, at, mask + ((at - start) & 3))
  for (let index = 0; index < 4; index++) rotated[index] = chunk[mask + ((at - start + index) & 3)] as number
  const word = rotatedWord[0] as number
  const lastWord = (end - offset) >> 2
  for (let index = (at - offset) >> 2; index < lastWord; index++) {
    const flipped = (list[index] as number) ^ word
    list[index] = flipped
    seen |= flipped
  }
  at = Math.max(at, offset + (lastWord << 2))
  for (; at < end; at++) seen |= flip(chunk, at, mask + ((at - start) & 3))
  return seen
}

function flip(chunk: Buffer, at: number, mask: number): number {
  const flipped = (chunk[at] as number) ^ (chunk[mask] as number)
  chunk[at] = flipped
  return flipped
}

/** Most characters of a text for `textFrame`: even with three bytes each, the length fits into two bytes. */
export const LONGEST_TEXT = LONGEST_SHORT / 3

/** A text frame, as a latin1 string, so that several can be joined and written at once. */
export function textFrame(text: string): string {
  const length = Buffer.byteLength(text)
  return headOf(TEXT, length) + (length === text.length ? text : Buffer.from(text).toString('latin1'))
}

/** A binary frame of at most LONGEST_TEXT bytes, as a latin1 string. */
export function binaryFrame(bytes: Buffer): string {
  return headOf(BINARY, bytes.length) + bytes.toString('latin1')
}

function headOf(first: number, length: number): string {
  if (length > LONGEST_TINY) return String.fromCharCode(first, LONGEST_TINY + 1, length >> 8, length & 255)
  return String.fromCharCode(first, length)
}
