import { randomBytes } from 'node:crypto'

/*
 * Writes the masked WebSocket frames of a client, prepared before the measurement, and reads a server's frames without copying.
 */

export const TEXT = 1
export const BINARY = 2

const EMPTY = Buffer.alloc(0)

/** Creates a masked frame of a client, with a random mask. */
export function createFrame(opcode: number, payload: Buffer): Buffer {
  const mask = randomBytes(4)
  const { length } = payload
  const head = length < 126 ? Buffer.alloc(2) : Buffer.alloc(4)
  head[0] = 0x80 | opcode
  head[1] = 0x80 | Math.min(length, 126)
  if (length >= 126) head.writeUInt16BE(length, 2)
  return Buffer.concat([head, mask, payload.map((byte, index) => byte ^ (mask[index & 3] as number))])
}

/** A text frame with a number of fixed width in its payload. `write` copies it into a buffer with another number. */
export interface NumberedFrame {
  readonly length: number
  /** Returns its length. */
  write(target: Buffer, at: number, number: number): number
}

/** `before` and `after` are ASCII; numbers must have exactly `width` digits. */
export function createNumberedFrame(before: string, width: number, after: string): NumberedFrame {
  const frame = createFrame(TEXT, Buffer.from(before + '0'.repeat(width) + after, 'latin1'))
  const first = frame.length - after.length - width
  // A masked '0' XOR '0' is the mask.
  const masks = Array.from({ length: width }, (_, index) => (frame[first + index] as number) ^ 0x30)
  return {
    length: frame.length,
    write(target, at, number) {
      frame.copy(target, at)
      let rest = number
      for (let index = width - 1; index >= 0; index--) {
        target[at + first + index] = (0x30 + (rest % 10)) ^ (masks[index] as number)
        rest = Math.floor(rest / 10)
      }
      return frame.length
    },
  }
}

/** Called for every frame. The payload is `buffer` from `start` to `end`, only valid during the call. */
export type FrameListener = (opcode: number, buffer: Buffer, start: number, end: number) => void

/** Splits the chunks of a connection into a server's frames, which are unmasked and not fragmented. */
export function createReader(listener: FrameListener): (chunk: Buffer) => void {
  let rest: Buffer = EMPTY
  return (chunk) => {
    const buffer = rest.length > 0 ? Buffer.concat([rest, chunk]) : chunk
    let at = 0
    while (buffer.length - at >= 2) {
      let length = (buffer[at + 1] as number) & 0x7f
      let start = at + 2
      if (length === 126) {
        if (buffer.length - at < 4) break
        length = buffer.readUInt16BE(at + 2)
        start += 2
      } else if (length === 127) {
        throw new Error('a frame of more than 65,535 bytes')
      }
      if (buffer.length < start + length) break
      const first = buffer[at] as number
      if ((first & 0x80) === 0) throw new Error('a fragment')
      listener(first & 0x0f, buffer, start, start + length)
      at = start + length
    }
    rest = at === buffer.length ? EMPTY : buffer.subarray(at)
  }
}
