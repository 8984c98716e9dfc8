import { createRandom } from '../../plugin/random.js'
import { closing, frame, OPCODE } from '../wire.js'
import type { WritePace } from './connection.js'

/*
 * Generates what a WebSocket of a server goes through, from a seed and an index: mostly valid frames of a client, some of them
 * changed, cut into chunks, and between them what the server and the connection do.
 */

/** What the application does with its WebSocket. */
export type Call =
  | { readonly call: 'send'; readonly data: string | Buffer }
  | { readonly call: 'close'; readonly code?: number; readonly reason?: string | Buffer }
  | { readonly call: 'terminate' }

/**
 * Bytes of the client; the end of a chunk; a call; the client's FIN; a connection that breaks; a client that reads again; a pause
 * until nothing happens any more.
 */
export type Step = Buffer | Call | 'cut' | 'end' | 'break' | 'drain' | 'wait'

export interface Input {
  readonly maxPayload: number
  readonly pace: WritePace
  /** Whether nobody asks when a send is written. */
  readonly isSilent: boolean
  /** Whether each message is sent back. */
  readonly isEcho: boolean
  /** A call as soon as the WebSocket is there. */
  readonly onOpen: Call | undefined
  /** Calls within the listener of messages, by the number of the message. */
  readonly onMessage: ReadonlyMap<number, Call>
  /** The fields of the handshake's request that are not as usual. */
  readonly request: { readonly method?: string; readonly headers?: Readonly<Record<string, string | undefined>> }
  /** Whether the connection breaks before the handshake. */
  readonly isGone: boolean
  /** Whether the bytes before the first cut come with the handshake. */
  readonly hasHead: boolean
  readonly steps: readonly Step[]
}

const LENGTHS = [0, 0, 1, 2, 3, 4, 5, 7, 8, 20, 60, 124, 125, 126, 127, 128, 129, 130, 131, 200, 999, 1_000, 1_001]
const LONG_LENGTHS = [16_383, 16_384, 65_535, 65_536, 69_999, 70_001]
const MAX_PAYLOADS = [...Array(8).fill(1_000_000), 70_000, 1_000, 130, 5, 1]
const CHARACTERS = ['a', 'b', '0', '\0', '\x7f', '\u0080', '\u00e9', '\u07ff', '\u0800', '\u20ac', '\ufffd', '\ud7ff']
const ASTRAL = ['\u{10000}', '\u{1f600}', '\u{10ffff}']
const BAD_UTF8 = [
  '80',
  'bf',
  'c0af',
  'c1bf',
  'e08080',
  'eda080',
  'edbfbf',
  'f0808080',
  'f4908080',
  'f5808080',
  'ff',
  'e282',
]
const CLOSE_CODES = [1_000, 1_000, 1_001, 1_002, 1_003, 1_007, 1_011, 1_014, 3_000, 3_999, 4_000, 4_999]
const BAD_CLOSE_CODES = [0, 1, 999, 1_004, 1_005, 1_006, 1_015, 1_016, 2_000, 2_999, 5_000, 65_535]
const LARGE_LENGTHS = [2n ** 31n, 2n ** 32n, 2n ** 53n - 1n, 2n ** 53n, 2n ** 56n, 2n ** 63n - 1n, 2n ** 64n - 1n]
const HEADERS: readonly Readonly<Record<string, string | undefined>>[] = [
  { 'sec-websocket-key': undefined },
  { 'sec-websocket-key': 'short' },
  { 'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ=' },
  { 'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ=*' },
  { 'sec-websocket-version': '8' },
  { 'sec-websocket-version': '12' },
  { 'sec-websocket-version': '13.0' },
  { 'sec-websocket-version': '' },
  { 'sec-websocket-version': undefined },
  { upgrade: 'WebSocket' },
  { upgrade: 'h2c' },
  { upgrade: 'websocket, h2c' },
  { upgrade: undefined },
  { 'sec-websocket-protocol': 'chat' },
  { 'sec-websocket-protocol': 'chat, superchat' },
  { 'sec-websocket-protocol': 'chat\t,\tsuperchat' },
  { 'sec-websocket-protocol': 'chat,chat' },
  { 'sec-websocket-protocol': 'chat,' },
  { 'sec-websocket-protocol': 'chat,\u00a0superchat' },
  { 'sec-websocket-protocol': 'a b' },
  { 'sec-websocket-protocol': '' },
  { 'sec-websocket-protocol': 'a@b' },
  { 'sec-websocket-protocol': '\u00e9' },
  { 'sec-websocket-extensions': 'permessage-deflate; client_max_window_bits' },
  { 'sec-websocket-extensions': ';;' },
  { 'sec-websocket-version': '8', 'sec-websocket-protocol': 'chat' },
]

// Both are long enough for the longest payload. No character of the text is cut at its beginning.
const POOL_BYTES = 140_000
const NOISE = createNoise()
const TEXT = createText()

function createNoise(): Buffer {
  const random = createRandom(1)
  return Buffer.from(Array.from({ length: POOL_BYTES }, () => random.next() * 256))
}

function createText(): Buffer {
  const random = createRandom(2)
  return Buffer.from(Array.from({ length: POOL_BYTES / 2 }, () => random.pick([...CHARACTERS, ...ASTRAL])).join(''))
}

/** The input with this index: the same for the same seed. */
export function createInput(seed: number, index: number): Input {
  const random = createRandom(Math.imul(seed, 0x9e3779b1) ^ Math.imul(index + 1, 0x85ebca6b))
  const { next, pick } = random
  const below = (bound: number) => Math.floor(next() * bound)
  const chance = (probability: number) => next() < probability
  const maxPayload = pick(MAX_PAYLOADS)

  function length(): number {
    if (chance(0.004)) return pick(LONG_LENGTHS)
    if (chance(0.05) && maxPayload < 2_000) return maxPayload + below(3) - 1
    return chance(0.7) ? below(30) : pick(LENGTHS)
  }

  function noise(size = length()): Buffer {
    const from = below(POOL_BYTES / 2)
    return NOISE.subarray(from, from + size)
  }

  /** Valid UTF-8 of about that many bytes. */
  function text(size = length()): Buffer {
    let from = below(POOL_BYTES / 2)
    let to = from + size
    while (isContinuation(from)) from++
    while (to > from && isContinuation(to)) to--
    return TEXT.subarray(from, Math.max(from, to))
  }

  function badText(): Buffer {
    return Buffer.concat([text(), Buffer.from(pick(BAD_UTF8), 'hex'), chance(0.5) ? text() : Buffer.alloc(0)])
  }

  /** A frame whose mask and form of length are random. */
  function make(opcode: number, payload: Uint8Array, isFinal = true): Buffer {
    const bytes = frame(opcode, payload, { isFinal })
    if (chance(0.3)) remask(bytes, payload, chance(0.3) ? Buffer.alloc(4) : noise(4))
    return bytes
  }

  let pings = 0
  function ping(payload: Buffer): Buffer {
    pings++
    return make(OPCODE.ping, payload)
  }

  function control(): Buffer {
    const payload = chance(0.1) ? noise(125) : noise(below(20))
    return chance(0.7) ? ping(payload) : make(OPCODE.pong, payload)
  }

  function fragments(opcode: number, payload: Buffer): Buffer[] {
    // ws takes 16,384 fragments, and no more.
    const count = chance(0.0004) ? 16_384 + below(2) : chance(0.03) ? 50 + below(100) : 2 + below(5)
    const ends = Array.from({ length: count - 1 }, () => below(payload.length + 1)).sort((a, b) => a - b)
    const frames: Buffer[] = []
    for (const [nth, end] of [...ends, payload.length].entries()) {
      const part = payload.subarray(nth === 0 ? 0 : ends[nth - 1], end)
      frames.push(make(nth === 0 ? opcode : OPCODE.continuation, part, nth === count - 1))
      if (nth < count - 1 && chance(0.2)) frames.push(control())
    }
    return frames
  }

  function close(): Buffer {
    const roll = next()
    if (roll < 0.2) return make(OPCODE.close, Buffer.alloc(0))
    if (roll < 0.25) return make(OPCODE.close, noise(1))
    const reason = chance(0.15) ? badText().subarray(0, 123) : text(pick([0, 0, 5, 20, 123]))
    return make(OPCODE.close, closing(chance(0.2) ? pick(BAD_CLOSE_CODES) : pick(CLOSE_CODES), reason))
  }

  /** The frames of one message, or a control frame. */
  function message(): Buffer[] {
    const roll = next()
    if (roll < 0.3) return [make(OPCODE.text, text())]
    if (roll < 0.45) return [make(OPCODE.binary, noise())]
    if (roll < 0.6) return fragments(OPCODE.text, text())
    if (roll < 0.7) return fragments(OPCODE.binary, noise())
    if (roll < 0.84) return [control()]
    if (roll < 0.85) return Array.from({ length: 55 + below(12) }, () => ping(noise(1)))
    if (roll < 0.88) return [close()]
    if (roll < 0.97) return [make(OPCODE.text, text())]
    return chance(0.5) ? [make(OPCODE.text, badText())] : fragments(OPCODE.text, badText())
  }

  /** A frame that a client must not send, or other bytes than a frame's. */
  function mutated(bytes: Buffer): Buffer {
    const opcode = chance(0.3) ? below(16) : (bytes[0] as number) & 0x0f
    const payload = noise(below(130))
    const roll = next()
    if (roll < 0.15) return frame(opcode, payload, { reserved: pick([0x10, 0x20, 0x40, 0x50, 0x70]) })
    if (roll < 0.3) return frame(below(16), payload, { isFinal: chance(0.7) })
    if (roll < 0.4) return frame(opcode, payload, { isMasked: false })
    if (roll < 0.5) return frame(opcode, payload, { length: chance(0.4) ? pick(LARGE_LENGTHS) : below(300) })
    if (roll < 0.62) return inLongForm(opcode, payload, chance(0.5) ? 2 : 8, chance(0.8))
    if (roll < 0.7) return bytes.subarray(0, below(bytes.length))
    if (roll < 0.8) return Buffer.concat([bytes, noise(1 + below(4))])
    const changed = Buffer.from(bytes)
    for (let rest = 1 + below(3); rest > 0; rest--) {
      changed[below(chance(0.7) ? Math.min(14, changed.length) : changed.length)] = below(256)
    }
    return changed
  }

  /** Cuts frames into chunks. */
  function cut(frames: readonly Buffer[]): Step[] {
    const bytes = Buffer.concat(frames)
    const ends = new Set<number>()
    const roll = next()
    if (roll < 0.2) {
      // all in one chunk
    } else if (roll < 0.4) {
      let end = 0
      for (const { length } of frames) {
        end += length
        ends.add(end)
      }
    } else if (roll < 0.55 && bytes.length < 400) {
      for (let end = 1; end < bytes.length; end++) ends.add(end)
    } else if (roll < 0.8) {
      // within the heads of frames
      let start = 0
      for (const { length } of frames) {
        if (chance(0.6)) ends.add(start + 1 + below(14))
        start += length
      }
    } else {
      for (let rest = 1 + below(6); rest > 0; rest--) ends.add(below(bytes.length))
    }
    // A frame, or a part of one, is a step: whoever makes an input smaller leaves out whole frames.
    const steps: Step[] = []
    const marks = [...ends].filter((end) => end > 0 && end < bytes.length).sort((one, other) => one - other)
    let nth = 0
    let start = 0
    for (const { length } of frames) {
      let from = start
      for (; nth < marks.length && (marks[nth] as number) < start + length; nth++) {
        steps.push(bytes.subarray(from, marks[nth]), 'cut')
        from = marks[nth] as number
      }
      start += length
      steps.push(bytes.subarray(from, start))
      if (marks[nth] === start) {
        steps.push('cut')
        nth++
      }
    }
    return [...steps, 'cut']
  }

  function call(): Call {
    const roll = next()
    if (roll < 0.65) return { call: 'send', data: chance(0.6) ? text().toString() : noise() }
    if (roll < 0.72) return { call: 'terminate' }
    if (roll < 0.8) return { call: 'close' }
    const reason = chance(0.1) ? 'x'.repeat(124) : chance(0.5) ? text(pick([0, 5, 123])).toString() : noise(5)
    return {
      call: 'close',
      code: chance(0.1) ? pick(BAD_CLOSE_CODES) : pick(CLOSE_CODES),
      ...(chance(0.7) && { reason }),
    }
  }

  function frames(): Buffer[] {
    if (chance(0.04)) return [noise(2 + below(80))]
    const all = Array.from({ length: 1 + below(chance(0.1) ? 20 : 6) }, message).flat()
    if (chance(0.3)) {
      const nth = below(all.length)
      all[nth] = mutated(all[nth] as Buffer)
    }
    return all
  }

  const steps = cut(frames())
  if (chance(0.5)) steps.push(frame(OPCODE.close, closing(1_000, 'bye')), 'cut')
  const insert = (step: Step) => steps.splice(below(steps.length + 1), 0, step)
  if (chance(0.4)) for (let rest = 1 + below(3); rest > 0; rest--) insert(call())
  if (chance(0.1)) insert('end')
  if (chance(0.05)) insert('break')
  for (let rest = below(3); rest > 0; rest--) insert('wait')
  // Each server ends a connection with more than 60 unwritten pongs. How many are unwritten depends on how writes are joined.
  const pace = pick<WritePace>([
    'now',
    'now',
    'stalled',
    ...(pings > 55 ? [] : ['next turn' as const, 'next turn' as const]),
  ])
  if (pace === 'stalled' && chance(0.5)) insert('drain')
  return {
    maxPayload,
    pace,
    isSilent: chance(0.3),
    isEcho: chance(0.5),
    onOpen: chance(0.04) ? call() : undefined,
    onMessage: new Map(chance(0.2) ? [[1 + below(3), call()]] : []),
    request: chance(0.03) ? (chance(0.1) ? { method: 'POST' } : { headers: pick(HEADERS) }) : {},
    isGone: chance(0.005),
    hasHead: chance(0.2),
    steps,
  }
}

function isContinuation(index: number): boolean {
  return ((TEXT[index] as number) & 0xc0) === 0x80
}

/** Gives a frame another mask. */
function remask(bytes: Buffer, payload: Uint8Array, mask: Uint8Array): void {
  const start = bytes.length - payload.length
  bytes.set(mask, start - 4)
  for (let index = 0; index < payload.length; index++) {
    bytes[start + index] = (payload[index] as number) ^ (mask[index % 4] as number)
  }
}

/** A frame whose length takes more bytes than it needs. */
function inLongForm(opcode: number, payload: Buffer, size: 2 | 8, isFinal: boolean): Buffer {
  const short = frame(opcode, payload, { isFinal })
  const masked = short.subarray(short.length - payload.length - 4)
  const head = Buffer.alloc(2 + size)
  head[0] = short[0] as number
  head[1] = 0x80 | (size === 2 ? 126 : 127)
  head.writeUInt16BE(payload.length, size)
  return Buffer.concat([head, masked])
}
