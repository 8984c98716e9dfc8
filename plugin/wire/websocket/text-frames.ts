import { isUtf8 } from 'node:buffer'
import { NOT_ASCII, unmask, type Words, wordsOf } from './unmask.js'

/*
 * Reads the ordinary WebSocket frames, which most chunks consist of: short, whole text frames. They are unmasked inside their
 * chunk. frame-parser.ts reads all others.
 */

/** Receives the texts of a chunk, in order. */
export interface TextReceiver {
  receiveText(text: string): void
}

// The first byte of an unfragmented frame without extensions; and the bit of the second that says that it is masked.
const TEXT = 0x81
const MASKED = 0x80
const LONGEST_TINY = 125

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
export function readTextFrames(chunk: Buffer, maxBytes: number, receiver: TextReceiver): number {
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
    receiver.receiveText(text)
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
