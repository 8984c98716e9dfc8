import { isUtf8 } from 'node:buffer'

/*
 * WebSocket frames, whole and short: those of text read where they lie, those of text and of bytes written as one string.
 * Any other frame is left to who knows them all.
 */

/** Takes the texts of a chunk, in order. */
export interface TextTaker {
  takeText(text: string): void
}

// The first byte of a frame that is whole and has no extension; and the mark of a masked one in the second.
const TEXT = 0x81
const BINARY = 0x82
const MASKED = 0x80
const LONGEST_TINY = 125
const LONGEST_SHORT = 65_535
const NOT_ASCII = 0x80808080 | 0

/** Bytes that are not read with a frame's: its head, a length of two bytes, its mask. */
const HEAD = 2
const LENGTH = 2
const MASK = 4

/**
 * Reads the whole text frames at the start of a chunk, which is written over. It stops at the first frame that is
 * anything else: in parts, fragmented, binary, control, unmasked, longer than `maxBytes` (0 for no bound) or 64 kB, or no
 * UTF-8; that one and all behind it are as they were.
 * out: how many bytes were read.
 */
export function readTexts(chunk: Buffer, maxBytes: number, taker: TextTaker): number {
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
    taker.takeText(text)
  }
  return at
}

/** The text of a masked frame; undefined, and nothing done, where it is none. */
function readText(chunk: Buffer, words: Words, mask: number, start: number, end: number): string | undefined {
  const seen = unmask(chunk, words, mask, start, end)
  if ((seen & NOT_ASCII) === 0) return chunk.toString('latin1', start, end)
  if (isUtf8(chunk.subarray(start, end))) return chunk.toString('utf8', start, end)
  unmask(chunk, words, mask, start, end)
  return undefined
}

/** A chunk as words of four bytes, from the first that is aligned. */
interface Words {
  readonly list: Int32Array
  /** Bytes before the first word. */
  readonly offset: number
}

function wordsOf({ buffer, byteOffset, length }: Buffer): Words {
  const offset = -byteOffset & 3
  const count = (length - offset) >> 2
  // Where there is none, its place may be behind the end of the memory.
  return { list: count > 0 ? new Int32Array(buffer, byteOffset + offset, count) : NO_WORDS, offset }
}

const NO_WORDS = new Int32Array(0)

// Four bytes of a mask, turned so that they lie as a word of the chunk does; by its memory the machine's order is its own.
const turned = new Uint8Array(4)
const turnedWord = new Int32Array(turned.buffer)

/** Takes the mask off, or puts it on again. out: all bytes that it has made, one over another. */
function unmask(chunk: Buffer, { list, offset }: Words, mask: number, start: number, end: number): number {
  let seen = 0
  let at = start
  // Bytes up to a word, and those behind the last, one by one.
  const firstWord = Math.min(end, start + ((offset - start) & 3))
  for (; at < firstWord; at++) seen |= flip(chunk, at, mask + ((at - start) & 3))
  for (let index = 0; index < 4; index++) turned[index] = chunk[mask + ((at - start + index) & 3)] as number
  const word = turnedWord[0] as number
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

/** The longest text that `frameOf` takes, in characters: with every one of three bytes, its length still fits. */
export const LONGEST_TEXT = LONGEST_SHORT / 3

/** The frame of a text, as a string of bytes (latin1): to join it to others, and to write it at once. */
export function frameOf(text: string): string {
  const length = Buffer.byteLength(text)
  return headOf(TEXT, length) + (length === text.length ? text : Buffer.from(text).toString('latin1'))
}

/** The same of bytes, no more than LONGEST_TEXT. */
export function binaryFrameOf(bytes: Buffer): string {
  return headOf(BINARY, bytes.length) + bytes.toString('latin1')
}

function headOf(first: number, length: number): string {
  if (length > LONGEST_TINY) return String.fromCharCode(first, LONGEST_TINY + 1, length >> 8, length & 255)
  return String.fromCharCode(first, length)
}
