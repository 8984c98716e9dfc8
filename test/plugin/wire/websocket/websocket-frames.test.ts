import { createRequire } from 'node:module'
import t from 'tap'
import {
  bytesFrame,
  FIRST,
  LONGEST_TEXT,
  longHead,
  textFrame,
  toBuffer,
} from '../../../../plugin/wire/websocket/websocket-frames.js'

/** The ws that engine.io depends on, as the reference. */
const { Sender } = createRequire(createRequire(import.meta.resolve('socket.io')).resolve('engine.io'))('ws') as {
  Sender: { frame(data: string | Buffer, options: object): (Buffer | string)[] }
}

function byWs(data: string | Buffer, opcode: number): Buffer {
  const parts = Sender.frame(data, { fin: true, opcode, mask: false, readOnly: true, rsv1: false })
  return Buffer.concat(parts.map((part) => Buffer.from(part as string)))
}

const LONGEST = Math.floor(LONGEST_TEXT)
const LENGTHS = [0, 1, 124, 125, 126, 127, 255, 256, 1_000, LONGEST]

t.test('textFrame() writes the frame that ws writes', async (t) => {
  const texts = LENGTHS.flatMap((length) => ['x', 'ä', '€', '\ud800'].map((unit) => unit.repeat(length)))
  const wide = ['\ufeff', '\0\x7f\x80', '\ud800', '\udc00x', '\ud83d\ude00', '\u{1f600}'.repeat(LONGEST / 2)]
  for (const text of [...texts, ...wide]) {
    t.ok(Buffer.from(textFrame(text), 'latin1').equals(byWs(text, 1)), `${text.length} of ${text.slice(0, 2)}`)
  }
})

t.test('bytesFrame() writes the frame of bytes that ws writes, of each kind', async (t) => {
  for (const length of LENGTHS) {
    const bytes = Buffer.alloc(length, 'ab\xff\0', 'latin1')
    for (const [first, opcode] of [
      [FIRST.BINARY, 2],
      [FIRST.CLOSE, 8],
      [FIRST.PONG, 10],
    ] as const) {
      t.ok(Buffer.from(bytesFrame(first, bytes), 'latin1').equals(byWs(bytes, opcode)), `${length} of ${opcode}`)
    }
  }
})

t.test('longHead() writes the head of a long frame that ws writes', async (t) => {
  for (const length of [LONGEST + 1, 65_535, 65_536, 1_000_000, 2 ** 24]) {
    const expected = byWs(Buffer.alloc(length), 2)
    t.strictSame(longHead(FIRST.BINARY, length), expected.subarray(0, expected.length - length), `${length}`)
  }
  t.equal(longHead(FIRST.TEXT, 2 ** 33).readBigUInt64BE(2), 2n ** 33n, 'a length of more than 32 bits')
})

t.test('toBuffer() makes a Buffer of any bytes, without a copy', async (t) => {
  const { buffer } = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8)
  const buffered = Buffer.from(buffer)
  t.equal(toBuffer(buffered), buffered)
  for (const [data, bytes] of [
    [buffer, [1, 2, 3, 4, 5, 6, 7, 8]],
    [new Uint8Array(buffer, 2, 3), [3, 4, 5]],
    [new DataView(buffer, 6), [7, 8]],
    [new Uint16Array(buffer, 4, 1), [5, 6]],
  ] as const) {
    const made = toBuffer(data)
    t.strictSame([...made], bytes)
    t.equal(made.buffer, buffer)
  }
})
