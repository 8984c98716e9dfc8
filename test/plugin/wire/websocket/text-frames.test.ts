import { createRequire } from 'node:module'
import type { Writable } from 'node:stream'
import t from 'tap'
import { readTextFrames } from '../../../../plugin/wire/websocket/text-frames.js'
import { type FrameOptions, frame, OPCODE } from '../../../wire/wire.js'

/** The ws that engine.io depends on, as the reference. */
const { Receiver } = createRequire(createRequire(import.meta.resolve('socket.io')).resolve('engine.io'))('ws') as {
  Receiver: new (options: object) => Writable
}

/** Reads a chunk by ws: its messages, and the code with which it would close. */
async function byWs(chunk: Buffer, maxPayload: number): Promise<unknown[]> {
  const receiver = new Receiver({ isServer: true, maxPayload })
  const seen: unknown[] = []
  receiver.on('message', (data: Buffer, isBinary: boolean) => seen.push(isBinary ? Buffer.from(data) : data.toString()))
  for (const event of ['ping', 'pong'])
    receiver.on(event, (data: Buffer) => seen.push({ [event]: data.toString('hex') }))
  receiver.on('conclude', (code: number) => seen.push({ closed: code }))
  receiver.on('error', (error: Error & { code: string }) => seen.push(error.code))
  if (chunk.length > 0) receiver.write(chunk)
  await new Promise((resolve) => setImmediate(resolve))
  return seen
}

/** Reads the text frames of a chunk by readTextFrames(), the rest by ws. */
async function byUs(chunk: Buffer, maxPayload: number): Promise<{ seen: unknown[]; ours: number }> {
  const texts: unknown[] = []
  const read = readTextFrames(chunk, maxPayload, { receiveText: (text) => void texts.push(text) })
  return { seen: [...texts, ...(await byWs(chunk.subarray(read), maxPayload))], ours: texts.length }
}

/** Copies bytes to that offset of an ArrayBuffer that ends where they end: aligned to a word or not. */
function placed(bytes: Uint8Array, offset: number): Buffer {
  const buffer = Buffer.from(new ArrayBuffer(offset + bytes.length), offset)
  buffer.set(bytes)
  return buffer
}

function createRandom(seed: number) {
  let state = seed
  return (bound: number) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 4_294_967_296) * bound)
  }
}

const TEXTS = ['', '2', '3', '42["echo",{"text":"x"}]', 'x'.repeat(125), 'x'.repeat(126), 'y'.repeat(1_000)]
const WIDE = [
  'ä',
  '€',
  '\u{1f600}',
  '\ufeff',
  'ä'.repeat(63),
  '€'.repeat(42),
  `${'x'.repeat(11)}\u{1f600}`,
  '\0\x7f\x80',
]
const NO_UTF8 = ['ff', 'c3', 'c080', 'eda080', 'f4908080', '80', 'e282', 'f8888080', '78ff']

t.test('text frames of a chunk are read as ws reads them, at every alignment', async (t) => {
  for (const text of [...TEXTS, ...WIDE, 'z'.repeat(65_535), 'z'.repeat(65_536)]) {
    for (const offset of [0, 1, 2, 3]) {
      const bytes = Buffer.concat([frame(OPCODE.text, text), frame(OPCODE.text, 'next')])
      const { seen, ours } = await byUs(placed(bytes, offset), 0)
      t.strictSame(seen, [text, 'next'], `${text.slice(0, 10)} of ${text.length} at ${offset}`)
      t.equal(ours, text.length > 65_535 ? 0 : 2)
    }
  }
})

t.test('a frame that is not a complete, short UTF-8 text stays unchanged, and all behind it', async (t) => {
  const left: Record<string, Buffer> = {
    'bytes that are not UTF-8': frame(OPCODE.text, Buffer.from('78787878787878ff', 'hex')),
    'a binary frame': frame(OPCODE.binary, 'x'),
    'a ping': frame(OPCODE.ping, 'x'),
    'a close': frame(OPCODE.close),
    'the first frame of a fragmented text': frame(OPCODE.text, 'x', { isFinal: false }),
    'the last frame of a fragmented text': frame(OPCODE.continuation, 'x'),
    'a text without a mask': frame(OPCODE.text, 'xxxxxx', { isMasked: false }),
    'a reserved bit': frame(OPCODE.text, 'x', { reserved: 0x40 }),
    'a length of 64 bits': Buffer.concat([Buffer.from('81ff0000000000000001', 'hex'), Buffer.alloc(5)]),
    'a text that is too long': frame(OPCODE.text, 'x'.repeat(101)),
    'a text whose last byte is missing': frame(OPCODE.text, 'x'.repeat(100)).subarray(0, -1),
  }
  for (const [what, bytes] of Object.entries(left)) {
    const chunk = Buffer.concat([frame(OPCODE.text, 'first'), bytes, frame(OPCODE.text, 'last')])
    const before = Buffer.from(chunk)
    const texts: string[] = []
    const whole = what.endsWith('missing') ? chunk.subarray(0, -frame(OPCODE.text, 'last').length) : chunk
    const read = readTextFrames(whole, 100, { receiveText: (text) => void texts.push(text) })
    t.strictSame(texts, ['first'], what)
    t.ok(chunk.subarray(read).equals(before.subarray(read)), 'the rest is unchanged')
    t.equal(read, frame(OPCODE.text, 'first').length)
  }
})

t.test('a frame whose head is cut off anywhere stays unread', async (t) => {
  const bytes = frame(OPCODE.text, 'x'.repeat(200))
  for (let length = 0; length < 9; length++) {
    for (const offset of [0, 1, 2, 3]) {
      t.equal(readTextFrames(placed(bytes.subarray(0, length), offset), 0, { receiveText: () => t.fail('a text') }), 0)
    }
  }
})

t.test('any chunk, with or without faults, gives the messages and the close code that ws gives', async (t) => {
  const random = createRandom(1)
  const pick = <Item>(items: readonly Item[]) => items[random(items.length)] as Item
  let ours = 0
  let differences = 0
  for (let round = 0; round < 6_000; round++) {
    const frames = Array.from({ length: 1 + random(5) }, () => {
      const options: FrameOptions = {
        isFinal: random(20) > 0,
        isMasked: random(50) > 0,
        reserved: random(50) > 0 ? 0 : pick([0x10, 0x20, 0x40]),
      }
      if (random(10) > 1) return frame(OPCODE.text, pick(random(3) > 0 ? TEXTS : WIDE), options)
      if (random(2) > 0) return frame(OPCODE.text, Buffer.from(pick(NO_UTF8), 'hex'), options)
      return frame(random(16), pick(['', 'x', 'xy', 'x'.repeat(126)]), options)
    })
    const bytes = Buffer.concat(frames)
    if (random(4) === 0) bytes[random(bytes.length)] = random(256)
    const part = random(3) === 0 ? bytes.subarray(0, random(bytes.length + 1)) : bytes
    const maxPayload = pick([0, 0, 100, 10_000])
    const chunk = placed(part, random(4))
    const expected = await byWs(Buffer.from(chunk), maxPayload)
    const got = await byUs(chunk, maxPayload)
    ours += got.ours
    if (JSON.stringify(got.seen) === JSON.stringify(expected)) continue
    differences++
    t.strictSame(got.seen, expected, part.toString('hex'))
  }
  t.equal(differences, 0)
  t.ok(ours > 5_000, `${ours} texts were read by readTextFrames()`)
})

t.test('a payload is accepted as UTF-8 if ws accepts it', async (t) => {
  const random = createRandom(2)
  const units = [
    '78',
    'c3a4',
    'e282ac',
    'f09f9880',
    'c3',
    '80',
    'e282',
    'f09f98',
    'eda080',
    'c080',
    'f4908080',
    'efbfbf',
  ]
  for (let round = 0; round < 4_000; round++) {
    const payload = Buffer.from(
      Array.from({ length: 1 + random(12) }, () => units[random(units.length)]).join(''),
      'hex',
    )
    const chunk = placed(frame(OPCODE.text, payload), random(4))
    const expected = await byWs(Buffer.from(chunk), 0)
    const { seen } = await byUs(chunk, 0)
    if (JSON.stringify(seen) !== JSON.stringify(expected)) t.strictSame(seen, expected, payload.toString('hex'))
  }
})
