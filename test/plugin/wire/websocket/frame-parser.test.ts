import { createRequire } from 'node:module'
import type { Writable } from 'node:stream'
import { setImmediate as nextLoop } from 'node:timers/promises'
import t from 'tap'
import { type FrameHandler, FrameParser } from '../../../../plugin/wire/websocket/frame-parser.js'
import { closing, type FrameOptions, frame, OPCODE } from '../../../wire/wire.js'

/** The ws that engine.io depends on, as the reference. */
const { Receiver } = createRequire(createRequire(import.meta.resolve('socket.io')).resolve('engine.io'))('ws') as {
  Receiver: new (options: object) => Writable
}

/** A handler that notes its calls, as strings of what was received. */
function createNotes() {
  const notes: unknown[] = []
  const note = (kind: string) => (data: Buffer) => void notes.push([kind, data.toString('latin1')])
  const handler: FrameHandler = {
    receiveText: (text) => void notes.push(text),
    receiveBinary: note('binary'),
    receivePing: note('ping'),
    receivePong: note('pong'),
    receiveClose: (code, reason) => void notes.push({ code, reason: String(reason) }),
    refuse: ({ message, closeCode }) => void notes.push({ message, closeCode }),
  }
  return { notes, handler }
}

/** What a parser notes of these chunks. */
function read(chunks: readonly Uint8Array[], maxPayload = 0): unknown[] {
  const { notes, handler } = createNotes()
  const parser = new FrameParser(handler, maxPayload)
  for (const chunk of chunks) parser.read(Buffer.from(chunk))
  return notes
}

/** What ws notes of these chunks. */
async function readByWs(chunks: readonly Uint8Array[], maxPayload = 0): Promise<unknown[]> {
  const notes: unknown[] = []
  const receiver = new Receiver({ isServer: true, maxPayload, maxFragments: 16_384 })
  const note = (kind: string) => (data: Buffer) => void notes.push([kind, data.toString('latin1')])
  receiver.on('message', (data: Buffer, isBinary: boolean) =>
    isBinary ? note('binary')(data) : notes.push(String(data)),
  )
  for (const kind of ['ping', 'pong']) receiver.on(kind, note(kind))
  receiver.on('conclude', (code: number, reason: Buffer) => notes.push({ code, reason: String(reason) }))
  receiver.on('error', (error: Error & Record<symbol, number>) => {
    const [status] = Object.getOwnPropertySymbols(error)
      .map((key) => error[key])
      .filter((value) => typeof value === 'number')
    notes.push({ message: error.message, closeCode: status })
  })
  for (const chunk of chunks) if (chunk.length > 0) receiver.write(Buffer.from(chunk))
  await nextLoop()
  return notes
}

/** The bytes in chunks of that length each. */
function inChunks(bytes: Buffer, length: number): Buffer[] {
  const count = Math.ceil(bytes.length / length)
  return Array.from({ length: count }, (_, index) => bytes.subarray(index * length, (index + 1) * length))
}

const part = (opcode: number, payload: string | Uint8Array, isFinal = false) => frame(opcode, payload, { isFinal })
const text = (payload: string | Uint8Array, options?: FrameOptions) => frame(OPCODE.text, payload, options)

const FRAMES = [
  text('a'),
  text(''),
  frame(OPCODE.ping, 'ping'),
  text('€'.repeat(50)),
  frame(OPCODE.binary, Buffer.from([0, 255, 1])),
  part(OPCODE.text, Buffer.from('fragmented €').subarray(0, 12)),
  frame(OPCODE.pong),
  part(OPCODE.continuation, ''),
  part(OPCODE.continuation, Buffer.from('fragmented €').subarray(12), true),
  part(OPCODE.binary, 'one'),
  part(OPCODE.continuation, 'two', true),
  text('x'.repeat(200)),
  frame(OPCODE.binary, 'y'.repeat(70_000)),
  text('z'.repeat(66_000)),
  frame(OPCODE.close, closing(1000, 'done')),
]

t.test('frames of each kind are read as ws reads them, wherever they are cut into chunks', async (t) => {
  const bytes = Buffer.concat(FRAMES)
  const expected = await readByWs([bytes])
  t.equal(expected.length, 12)
  for (const length of [1, 2, 3, 5, 7, 13, 64, 1_000, 65_536, bytes.length]) {
    t.strictSame(read(inChunks(bytes, length)), expected, `chunks of ${length}`)
  }
  const short = Buffer.concat(FRAMES.filter(({ length }) => length < 1_000))
  const shortly = await readByWs([short])
  for (let at = 1; at < short.length; at++) {
    const seen = read([short.subarray(0, at), short.subarray(at)])
    if (JSON.stringify(seen) !== JSON.stringify(shortly)) t.strictSame(seen, shortly, `cut at ${at}`)
  }
})

const long = (length: bigint, opcode: number = OPCODE.text) => frame(opcode, '', { length })

const REFUSED: Record<string, readonly Buffer[]> = {
  'a reserved bit': [text('a', { reserved: 0x40 })],
  'the other reserved bits': [text('a', { reserved: 0x30 })],
  'an unknown opcode': [frame(3, 'a')],
  'an unknown control opcode': [frame(11, 'a')],
  'a continuation of nothing': [frame(OPCODE.continuation, 'a')],
  'a text within a fragmented one': [part(OPCODE.text, 'a'), text('b')],
  'an unmasked frame': [text('a', { isMasked: false })],
  'a fragmented ping': [part(OPCODE.ping, 'a')],
  'a long ping': [frame(OPCODE.ping, 'x'.repeat(126))],
  'a close of one byte': [frame(OPCODE.close, 'x')],
  'a close with a code that no peer sends': [frame(OPCODE.close, closing(1005))],
  'a close with a reason that is not UTF-8': [frame(OPCODE.close, closing(1000, Buffer.of(255)))],
  'a text that is not UTF-8': [text(Buffer.of(0x61, 0xff))],
  'a fragmented text that is not UTF-8': [part(OPCODE.text, Buffer.of(0xe2)), part(OPCODE.continuation, 'a', true)],
  'a text longer than the limit': [text('x'.repeat(101))],
  'a fragmented text longer than the limit': [
    part(OPCODE.text, 'x'.repeat(60)),
    part(OPCODE.continuation, 'x'.repeat(41)),
  ],
  'a length of 64 bits beyond the limit': [long(101n)],
  'a fragment too many': [
    part(OPCODE.binary, 'x'),
    ...Array.from({ length: 16_384 }, () => part(OPCODE.continuation, '')),
  ],
}

for (const [what, frames] of Object.entries(REFUSED)) {
  t.test(`${what} is refused as by ws, what was before it is received, and nothing behind it`, async (t) => {
    const bytes = Buffer.concat([text('before'), ...frames, text('behind'), frame(OPCODE.close)])
    const expected = await readByWs([bytes], 100)
    t.match(expected, ['before', { closeCode: Number }])
    t.equal(expected.length, 2)
    for (const length of [1, 3, bytes.length]) {
      t.strictSame(read(inChunks(bytes, length), 100), expected, `chunks of ${length}`)
    }
  })
}

t.test('the error of a refusal has a code of ws', async (t) => {
  const codeOf = (...frames: Buffer[]) => {
    let code = ''
    const { handler } = createNotes()
    const refuse: FrameHandler['refuse'] = (error) => {
      code = error.code
    }
    const parser = new FrameParser({ ...handler, refuse }, 100)
    for (const bytes of frames) parser.read(bytes)
    return code
  }
  t.equal(codeOf(frame(3, 'a')), 'WS_ERR_INVALID_FRAME')
  t.equal(codeOf(text(Buffer.of(255))), 'WS_ERR_INVALID_UTF8')
  t.equal(codeOf(...(REFUSED['a fragment too many'] ?? [])), 'WS_ERR_TOO_MANY_BUFFERED_PARTS')
  t.equal(codeOf(text('x'.repeat(101))), 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH')
})

t.test('an invalid frame is refused as soon as its head says so, before its payload comes', async (t) => {
  t.match(read([text('x'.repeat(101)).subarray(0, 2)], 100), [{ closeCode: 1009 }])
  t.match(read([text('a', { isMasked: false }).subarray(0, 2)]), [{ closeCode: 1002 }])
  t.match(read([frame(3, 'abc').subarray(0, 2)]), [{ closeCode: 1002 }])
  t.match(read([frame(OPCODE.text, '', { length: 2n ** 63n - 1n }).subarray(0, 10)]), [{ closeCode: 1009 }])
})

t.test('a message as long as the limit is received, in one frame and in fragments', async (t) => {
  t.strictSame(read([text('x'.repeat(100))], 100), ['x'.repeat(100)])
  t.strictSame(read([text('€'.repeat(33))], 100), ['€'.repeat(33)])
  const fragments = [part(OPCODE.text, 'x'.repeat(99)), part(OPCODE.continuation, 'x', true)]
  t.strictSame(read(fragments, 100), ['x'.repeat(100)])
  const after = [...fragments, text('next')]
  t.strictSame(read(after, 100), ['x'.repeat(100), 'next'])
})

t.test('a control frame within a fragmented message counts for no limit', async (t) => {
  const fragments = [
    part(OPCODE.text, 'x'.repeat(5)),
    frame(OPCODE.ping, 'x'.repeat(125)),
    part(OPCODE.continuation, 'y', true),
  ]
  t.strictSame(read(fragments, 6), [['ping', 'x'.repeat(125)], 'xxxxxy'])
})

t.test('what is received keeps no chunk in memory: a chunk may be overwritten', async (t) => {
  const kept: Buffer[] = []
  const keep = (data: Buffer) => void kept.push(data)
  const { handler } = createNotes()
  const parser = new FrameParser({ ...handler, receiveBinary: keep, receivePing: keep, receivePong: keep }, 0)
  const chunk = Buffer.concat([
    frame(OPCODE.binary, 'binary'),
    frame(OPCODE.ping, 'ping'),
    frame(OPCODE.pong, 'pong'),
    part(OPCODE.binary, 'frag'),
    part(OPCODE.continuation, 'ments', true),
    frame(OPCODE.binary, 'cut').subarray(0, 3),
  ])
  const rest = Buffer.from(frame(OPCODE.binary, 'cut').subarray(3))
  parser.read(chunk)
  chunk.fill(0)
  parser.read(rest)
  rest.fill(0)
  t.strictSame(kept.map(String), ['binary', 'ping', 'pong', 'fragments', 'cut'])
})

t.test('an announced length takes no memory before its bytes come', async (t) => {
  const { handler } = createNotes()
  const before = process.memoryUsage().arrayBuffers
  const parsers = Array.from({ length: 100 }, () => {
    const parser = new FrameParser(handler, 0)
    parser.read(Buffer.concat([long(2n ** 28n, OPCODE.binary).subarray(0, 14), Buffer.from('few bytes')]))
    return parser
  })
  t.ok(process.memoryUsage().arrayBuffers - before < 1_000_000)
  t.equal(parsers.length, 100)
})
