import t from 'tap'
import { GrowingBuffer } from '../../../../plugin/wire/websocket/growing-buffer.js'

const LETTERS = Buffer.from('abcdefghijklmnopqrstuvwxyz')

t.test('what is appended in parts is read as one, in order', async (t) => {
  const growing = new GrowingBuffer()
  t.equal(growing.length, 0)
  t.equal(growing.bytes.length, 0)
  let expected = ''
  for (let round = 0; round < 200; round++) {
    const [from, to] = [round % 26, 26 - (round % 7)]
    if (from > to) continue
    growing.append(LETTERS, from, to)
    expected += LETTERS.toString('latin1', from, to)
  }
  t.equal(growing.bytes.toString(), expected)
  t.equal(growing.length, expected.length)
})

t.test('it keeps no chunk: a chunk may be overwritten', async (t) => {
  const growing = new GrowingBuffer(3)
  const chunk = Buffer.from('xyz')
  growing.append(chunk, 0, 3)
  chunk.fill('-')
  t.equal(growing.bytes.toString(), 'xyz')
  t.not(growing.bytes.buffer, chunk.buffer)
})

t.test('an announced length takes no memory before its bytes have come, and no more than it in the end', async (t) => {
  const longest = 1_000
  const growing = new GrowingBuffer(longest)
  t.ok(growing.bytes.buffer.byteLength <= 64)
  for (let length = 0; length < longest; length += 10) growing.append(LETTERS, 0, 10)
  t.equal(growing.length, longest)
  t.equal(growing.bytes.buffer.byteLength, longest)
})

t.test('it doubles, so that small parts are not copied each time', async (t) => {
  const growing = new GrowingBuffer()
  const sizes = new Set<number>()
  for (let round = 0; round < 10_000; round++) {
    growing.append(LETTERS, 0, 1)
    sizes.add(growing.bytes.buffer.byteLength)
  }
  t.ok(sizes.size < 10, `${[...sizes]}`)
})
