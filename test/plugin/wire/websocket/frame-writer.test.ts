import { Duplex } from 'node:stream'
import t from 'tap'
import { beginReading, endReading } from '../../../../plugin/wire/read-batch.js'
import { FrameWriter } from '../../../../plugin/wire/websocket/frame-writer.js'
import { FIRST, LONGEST_TEXT, textFrame } from '../../../../plugin/wire/websocket/websocket-frames.js'
import { until } from '../../harness.js'

/** A writer on a connection that notes its writes; `isSlow`: a write is done when `finish` is called. */
function createWriter({ isSlow = false } = {}) {
  const writes: string[] = []
  const waiting: ((error?: Error) => void)[] = []
  const take = (text: string, done: (error?: Error) => void) => {
    writes.push(text)
    if (isSlow) waiting.push(done)
    else done()
  }
  const connection = new Duplex({
    read() {},
    write: (chunk: Buffer, _encoding, done) => take(chunk.toString('latin1'), done),
    writev: (chunks, done) => take(Buffer.concat(chunks.map(({ chunk }) => chunk)).toString('latin1'), done),
  })
  connection.on('error', () => {})
  const heard: unknown[] = []
  const writer = new FrameWriter(connection)
  writer.observer = { written: (error) => heard.push(error?.message ?? 'written') }
  const finish = (error?: Error) => waiting.shift()?.(error)
  return { writer, connection, writes, heard, finish }
}

const tick = () => new Promise<void>((resolve) => process.nextTick(resolve))

t.test('all frames of one tick are one write, and the observer hears of it once', async (t) => {
  const { writer, writes, heard } = createWriter()
  const called: string[] = []
  for (const text of ['a', 'b', 'c']) writer.add(textFrame(text), () => called.push(text))
  t.equal(writer.batchLength, 9)
  t.strictSame(writes, [])
  await tick()
  t.strictSame(writes, [`${textFrame('a')}${textFrame('b')}${textFrame('c')}`])
  t.equal(writer.batchLength, 0)
  await until(() => called.length === 3)
  t.strictSame([called, heard], [['a', 'b', 'c'], ['written']])
})

t.test('within a read, frames are written at its end', async (t) => {
  const { writer, writes } = createWriter()
  beginReading()
  writer.add(textFrame('a'))
  await tick()
  t.strictSame(writes, [])
  endReading()
  t.equal(writes.length, 1)
})

t.test('a write that is complete when it returns is heard of at once, from the second one on', async (t) => {
  const { writer, heard } = createWriter()
  writer.add(textFrame('a'))
  writer.flush()
  t.strictSame(heard, [], 'whether it is complete is not known yet')
  await until(() => heard.length === 1)
  writer.add(textFrame('b'))
  writer.flush()
  t.equal(heard.length, 2)
})

t.test('a write that waits is heard of when it is done', async (t) => {
  const { writer, writes, heard, finish } = createWriter({ isSlow: true })
  writer.add(textFrame('a'))
  writer.flush()
  writer.add(textFrame('b'))
  writer.flush()
  await tick()
  t.strictSame(heard, [])
  finish()
  await until(() => heard.length === 1)
  finish()
  await until(() => heard.length === 2)
  t.strictSame(writes, [textFrame('a'), textFrame('b')])
})

t.test('a connection that becomes slow is heard of late again', async (t) => {
  const writes: (() => void)[] = []
  let isSlow = false
  const connection = new Duplex({
    read() {},
    write(_chunk, _encoding, done) {
      if (isSlow) writes.push(done)
      else done()
    },
  })
  const heard: unknown[] = []
  const writer = new FrameWriter(connection)
  writer.observer = { written: (error) => heard.push(error) }
  const send = () => {
    writer.add(textFrame('x'))
    writer.flush()
  }
  send()
  await until(() => heard.length === 1)
  isSlow = true
  send()
  await tick()
  t.equal(heard.length, 1, 'not yet')
  isSlow = false
  writes.shift()?.()
  await until(() => heard.length === 2)
  send()
  await until(() => heard.length === 3)
})

t.test('a batch of 64 kB is written at once', async (t) => {
  const { writer, writes } = createWriter()
  const frame = textFrame('x'.repeat(20_000))
  for (let count = 0; count < 5; count++) writer.add(frame)
  t.strictSame(writes, [frame.repeat(4)])
  await tick()
  t.equal(writes.length, 2)
})

t.test('a long frame is written behind those before it, and before those behind it', async (t) => {
  const { writer, writes } = createWriter()
  const called: string[] = []
  const payload = Buffer.alloc(Math.ceil(LONGEST_TEXT) + 1, 'x')
  writer.add(textFrame('a'), () => called.push('a'))
  writer.addLong(FIRST.BINARY, payload, () => called.push('long'))
  writer.add(textFrame('b'), () => called.push('b'))
  await until(() => called.length === 3)
  t.strictSame(called, ['a', 'long', 'b'])
  const bytes = writes.join('')
  t.ok(bytes.startsWith(`${textFrame('a')}\x82`))
  t.ok(bytes.endsWith(`x${textFrame('b')}`))
})

t.test(
  'on a connection that has ended nothing is written, and each callback receives an error, in a later tick',
  async (t) => {
    const { writer, connection, writes, heard } = createWriter()
    connection.end()
    const errors: unknown[] = []
    const note = (error?: Error | null) => void errors.push(error?.message)
    writer.add(textFrame('a'), note)
    writer.addLong(FIRST.TEXT, Buffer.alloc(70_000), note)
    writer.addLong(FIRST.TEXT, Buffer.alloc(70_000), undefined)
    t.strictSame(errors, [])
    await tick()
    await tick()
    const message = 'WebSocket is not open: the connection has ended'
    t.strictSame(errors, [message, message])
    t.strictSame(heard, [message])
    t.strictSame(writes, [])
  },
)

t.test('a write that fails is heard of with its error', async (t) => {
  const { writer, heard, finish } = createWriter({ isSlow: true })
  const errors: unknown[] = []
  writer.add(textFrame('a'), (error) => void errors.push(error?.message))
  writer.flush()
  finish(new Error('reset'))
  await until(() => heard.length === 1)
  t.strictSame([heard, errors], [['reset'], ['reset']])
})

t.test('without an observer, and with nothing to write, it does nothing more', async (t) => {
  const { writer, writes, connection } = createWriter()
  writer.observer = undefined
  writer.flush()
  writer.add(textFrame('a'))
  await tick()
  t.equal(writes.length, 1)
  writer.terminate()
  t.ok(connection.destroyed)
})
