/*
 * Applies the mask of a WebSocket frame inside the buffer, four bytes at a time.
 */

/** Of what unmask() returns: set if a byte is not ASCII. */
export const NOT_ASCII = 0x80808080 | 0

/** A buffer as words of four bytes, from its first aligned byte. */
export interface Words {
  readonly list: Int32Array
  /** Bytes before the first word. */
  readonly offset: number
}

/** Call it once for a buffer, before its frames are unmasked. */
export function wordsOf({ buffer, byteOffset, length }: Buffer): Words {
  const offset = -byteOffset & 3
  const count = (length - offset) >> 2
  // Without a whole word the offset may be behind the end of the buffer.
  return { list: count > 0 ? new Int32Array(buffer, byteOffset + offset, count) : NO_WORDS, offset }
}

const NO_WORDS = new Int32Array(0)

// The mask, rotated to the alignment of the buffer's words; as both share memory, the byte order of the machine does not matter.
const rotated = new Uint8Array(4)
const rotatedWord = new Int32Array(rotated.buffer)

/**
 * Applies a mask: unmasks a payload, or masks it again.
 *
 * @returns all resulting bytes and words, combined by OR: a set NOT_ASCII bit says that one is not ASCII
 */
export function unmask(chunk: Buffer, { list, offset }: Words, mask: number, start: number, end: number): number {
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
