import { constants, isUtf8 } from 'node:buffer'
import { INVALID_DATA, POLICY_VIOLATION, PROTOCOL_ERROR, readClose, TOO_BIG } from './close-code.js'
import { FrameError } from './frame-error.js'
import { findFrameProblem, isControl, isFinal, OPCODE, opcodeOf } from './frame-head.js'
import { GrowingBuffer } from './growing-buffer.js'
import { readTextFrames } from './text-frames.js'
import { NOT_ASCII, unmask, wordsOf } from './unmask.js'

/*
 * Parses the frames of a client, RFC 6455 section 5: of any kind and length, fragmented, and cut into chunks anywhere. Refuses
 * the first frame that breaks the RFC or a limit, as soon as its bytes say so, and reads nothing behind it.
 */

/** Receives what the frames of a client say, in their order. */
export interface FrameHandler {
  receiveText(text: string): void
  receiveBinary(data: Buffer): void
  receivePing(data: Buffer): void
  receivePong(data: Buffer): void
  /** The last call. */
  receiveClose(code: number, reason: Buffer): void
  /** The last call, too: nothing behind an invalid frame is read. */
  refuse(error: FrameError): void
}

/** A frame whose payload is not complete. `bytes` begins with its mask. */
interface PartialFrame {
  readonly first: number
  readonly end: number
  readonly bytes: GrowingBuffer
}

/** A message whose last fragment has not come. */
interface PartialMessage {
  readonly opcode: number
  readonly bytes: GrowingBuffer
  fragments: number
}

const MASK = 4

/** The same as in ws. */
const MOST_FRAGMENTS = 16_384

export class FrameParser {
  readonly #handler: FrameHandler
  readonly #maxPayload: number
  /** The beginning of a frame, without its payload. */
  #head: Buffer | undefined = undefined
  #frame: PartialFrame | undefined = undefined
  #message: PartialMessage | undefined = undefined
  #isDone = false

  /** @param maxPayload - most bytes of a message; 0 for as many as fit into a string */
  constructor(handler: FrameHandler, maxPayload: number) {
    this.#handler = handler
    this.#maxPayload = maxPayload > 0 ? maxPayload : constants.MAX_STRING_LENGTH
  }

  /** Reads the next bytes, and overwrites them. */
  read(received: Buffer): void {
    if (this.#isDone) return
    let chunk = received
    let at = 0
    if (this.#frame) at = this.#readPayload(this.#frame, chunk)
    else if (this.#head) {
      chunk = Buffer.concat([this.#head, chunk])
      this.#head = undefined
    } else if (!this.#message) at = readTextFrames(chunk, this.#maxPayload, this.#handler)
    while (at < chunk.length && !this.#isDone) at = this.#readFrame(chunk, at)
  }

  /** @returns the position behind what was read */
  #readFrame(chunk: Buffer, at: number): number {
    if (chunk.length - at < 2) return this.#keepHead(chunk, at)
    const first = chunk[at] as number
    const second = chunk[at + 1] as number
    const problem = findFrameProblem(first, second, this.#message !== undefined)
    if (problem !== undefined) return this.#refuse(chunk, PROTOCOL_ERROR, problem)
    let length = second & 127
    let mask = at + 2
    if (length === 126) mask += 2
    else if (length === 127) mask += 8
    if (mask > chunk.length) return this.#keepHead(chunk, at)
    if (length === 126) length = chunk.readUInt16BE(at + 2)
    else if (length === 127) length = Number(chunk.readBigUInt64BE(at + 2))
    if (!isControl(first) && length > this.#maxPayload - (this.#message?.bytes.length ?? 0)) {
      return this.#refuse(chunk, TOO_BIG, 'Max payload size exceeded')
    }
    const start = mask + MASK
    if (start > chunk.length) return this.#keepHead(chunk, at)
    const end = start + length
    if (end > chunk.length) {
      const bytes = new GrowingBuffer(MASK + length)
      bytes.append(chunk, mask, chunk.length)
      this.#frame = { first, end: MASK + length, bytes }
      return chunk.length
    }
    this.#receive(first, chunk, mask, end)
    return end
  }

  #keepHead(chunk: Buffer, at: number): number {
    this.#head = Buffer.from(chunk.subarray(at))
    return chunk.length
  }

  /** Reads more of the payload of a partial frame. */
  #readPayload({ first, end, bytes }: PartialFrame, chunk: Buffer): number {
    const read = Math.min(end - bytes.length, chunk.length)
    bytes.append(chunk, 0, read)
    if (bytes.length === end) {
      this.#frame = undefined
      this.#receive(first, bytes.bytes, 0, end)
    }
    return read
  }

  /** Receives a whole frame, whose payload begins behind its mask. */
  #receive(first: number, bytes: Buffer, mask: number, end: number): void {
    const start = mask + MASK
    const seen = unmask(bytes, wordsOf(bytes), mask, start, end)
    if (isControl(first)) this.#receiveControl(first, Buffer.from(bytes.subarray(start, end)))
    else if (this.#message || !isFinal(first)) this.#receiveFragment(first, bytes, start, end)
    else if (opcodeOf(first) === OPCODE.BINARY) this.#handler.receiveBinary(Buffer.from(bytes.subarray(start, end)))
    else if ((seen & NOT_ASCII) === 0) this.#handler.receiveText(bytes.toString('latin1', start, end))
    else this.#receiveText(bytes.subarray(start, end))
  }

  #receiveFragment(first: number, bytes: Buffer, start: number, end: number): void {
    this.#message ??= { opcode: opcodeOf(first), bytes: new GrowingBuffer(), fragments: 0 }
    const message = this.#message
    if (++message.fragments > MOST_FRAGMENTS) {
      this.#refuse(bytes, POLICY_VIOLATION, 'Too many message fragments')
      return
    }
    message.bytes.append(bytes, start, end)
    if (!isFinal(first)) return
    this.#message = undefined
    if (message.opcode === OPCODE.BINARY) this.#handler.receiveBinary(message.bytes.bytes)
    else this.#receiveText(message.bytes.bytes)
  }

  #receiveText(bytes: Buffer): void {
    if (isUtf8(bytes)) this.#handler.receiveText(bytes.toString())
    else this.#refuse(bytes, INVALID_DATA, 'invalid UTF-8 sequence')
  }

  #receiveControl(first: number, data: Buffer): void {
    if (opcodeOf(first) === OPCODE.PING) this.#handler.receivePing(data)
    else if (opcodeOf(first) === OPCODE.PONG) this.#handler.receivePong(data)
    else {
      const close = readClose(data)
      if (close.problem !== undefined) this.#refuse(data, close.code, close.problem)
      else {
        this.#end()
        this.#handler.receiveClose(close.code, close.reason)
      }
    }
  }

  #refuse(chunk: Buffer, ...problem: ConstructorParameters<typeof FrameError>): number {
    this.#end()
    this.#handler.refuse(new FrameError(...problem))
    return chunk.length
  }

  #end(): void {
    this.#isDone = true
    this.#message = undefined
  }
}
