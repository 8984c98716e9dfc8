import { Decoder, Encoder } from 'socket.io-parser'
import t from 'tap'
import { EmitQueues } from '../../../../plugin/wire/waiting/emit-queues.js'
import { bytesOf, WaitingEmits, type WaitingPacket } from '../../../../plugin/wire/waiting/waiting-emits.js'

/** What waits for a connection that can't write, of a server that keeps one `x` and two `z`, with attachments or without. */
function wait() {
  const encoder = new Encoder()
  const bounds = {
    x: { conflate: (payload: never) => String(Object(payload).key ?? 'key'), dropOldest: undefined },
    z: { conflate: undefined, dropOldest: 2 },
  }
  const connection = { transport: { writable: false }, writeBuffer: [] as WaitingPacket[] }
  const unread = { created: 0 }
  const waiting = new WaitingEmits(
    connection,
    new EmitQueues({
      boundOf: (_namespace, emit) => bounds[emit as 'x' | 'z'],
      createDecoder: () => new Decoder(),
      isText: true,
      hasOffset: false,
      encode: (packet) => encoder.encode(packet),
      report: (error) => t.error(error),
    }),
    unread,
  )
  /** Does what the engine does. */
  const write = (data: unknown, type = 'message') => {
    const packet = { type, data }
    unread.created += bytesOf(packet)
    waiting.note(packet)
    connection.writeBuffer.push(packet)
  }
  const seen = () => connection.writeBuffer.filter(({ type }) => type !== 'noop')
  return { connection, waiting, unread, write, kept: () => seen().map(({ data }) => data) }
}

/** Resolves when a connection that can't write counts as one that waits. */
const turn = () => new Promise<void>((resolve) => setImmediate(resolve))

const HEAD = '51-["x",{"_placeholder":true,"num":0}]'

t.test('what is dropped no longer counts', async (t) => {
  const { write, kept, unread } = wait()
  const expect = (bytes: number) => t.equal(unread.created, bytes)
  write('2["x",1]')
  write('2["x",22]')
  expect(8 + 9)
  await turn()
  expect(9)
  write(HEAD)
  expect(9 + HEAD.length)
  write(Buffer.alloc(3))
  expect(HEAD.length + 3)
  write('2["x",4]')
  expect(8)
  t.strictSame(kept(), ['2["x",4]'])
})

t.test('a write that ends within one turn of the event loop drops nothing', async (t) => {
  const { write, kept, connection, waiting } = wait()
  write('2["x",1]')
  write('2["x",2]')
  connection.transport.writable = true
  await turn()
  t.equal(kept().length, 2)
  connection.transport.writable = false
  write('2["x",3]')
  waiting.flush()
  connection.writeBuffer.length = 0
  write('2["x",4]')
  write('2["x",5]')
  connection.transport.writable = true
  waiting.flush()
  await turn()
  t.equal(kept().length, 2)
})

t.test('a ping, another emit, and an attachment whose text is written already are kept', async (t) => {
  const { write, kept } = wait()
  const rest = [Buffer.alloc(1), '2["y"]']
  for (const data of rest) write(data)
  write(undefined, 'ping')
  await turn()
  write('2["x",1]', 'ping')
  write('2["x",2]')
  write('2["x",3]')
  t.strictSame(kept(), [...rest, undefined, '2["x",1]', '2["x",3]'])
})

t.test('a text before the attachments of an emit is no part of it', async (t) => {
  const { write, kept } = wait()
  for (const data of [HEAD, '2["y"]', Buffer.alloc(1), '2["x",1]', '2["x",2]']) write(data)
  await turn()
  t.strictSame(kept(), [HEAD, '2["y"]', Buffer.alloc(1), '2["x",2]'])
})

t.test('what the engine has written is not dropped', async (t) => {
  const { write, kept, waiting, connection } = wait()
  write('2["x",1]')
  await turn()
  write(HEAD)
  waiting.flush()
  connection.writeBuffer.length = 0
  write(Buffer.alloc(1))
  write('2["x",2]')
  await turn()
  t.strictSame(kept(), [Buffer.alloc(1), '2["x",2]'])
})

t.test('what waited when a session began is not dropped for it', async (t) => {
  const { write, kept, waiting } = wait()
  for (const data of ['2["x",1]', '2["x",2]']) write(data)
  await turn()
  waiting.seal()
  for (const data of ['2["x",3]', '2["x",4]']) write(data)
  await turn()
  t.strictSame(kept(), ['2["x",2]', '2["x",4]'])
})

t.test(
  'the engine writes nothing of what was dropped, and a notice with the count in the place of the first',
  async (t) => {
    const { write, waiting, connection } = wait()
    for (const data of ['2["z",1]', '2["y",1]', '2["x",1]', '2["z",2]', '2["z",3]']) write(data)
    await turn()
    for (const data of ['2["z",4]', '2["x",2]']) write(data)
    waiting.flush()
    t.strictSame(
      connection.writeBuffer.map(({ type, data }) => [type, data]),
      ['2["namespace:dropped",{"emit":"z","dropped":2}]', '2["y",1]', '2["z",3]', '2["z",4]', '2["x",2]'].map(
        (data) => ['message', data],
      ),
    )
  },
)

t.test(
  'what was dropped is removed when it is half of all that waits, so that the cost of an emit stays the same',
  async (t) => {
    const { write, connection, kept } = wait()
    const keys = 1_000
    await turn()
    let longest = 0
    for (let emit = 0; emit < 20 * keys; emit++) {
      write(`2["x",{"key":${emit % keys}}]`)
      if (emit === 0) await turn()
      longest = Math.max(longest, connection.writeBuffer.length)
    }
    t.equal(kept().length, keys)
    t.ok(longest <= 2 * keys + 2, `${longest}`)
  },
)

t.test('without the buffer of engine.io, which is private, nothing is dropped', async (t) => {
  const { waiting, connection } = wait()
  Reflect.deleteProperty(connection, 'writeBuffer')
  const packets = ['2["x",1]', '2["x",2]'].map((data) => ({ type: 'message', data }))
  for (const packet of packets) waiting.note(packet)
  await turn()
  waiting.flush()
  t.strictSame(
    packets.map(({ type }) => type),
    ['message', 'message'],
  )
})

t.test('a packet has the bytes of its data', async (t) => {
  t.strictSame([{ data: 'four' }, { data: new ArrayBuffer(3) }, {}].map(bytesOf), [4, 3, 0])
})
