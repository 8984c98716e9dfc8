import { Decoder, Encoder } from 'socket.io-parser'
import t from 'tap'
import { EmitQueues } from '../../../../plugin/wire/waiting/emit-queues.js'
import { bytesOf, WaitingEmits, type WaitingPacket } from '../../../../plugin/wire/waiting/waiting-emits.js'

/** What waits for a connection that can't write, of a server that keeps one `x`, with attachments or without. */
function wait() {
  const encoder = new Encoder()
  const connection = { transport: { writable: false }, writeBuffer: [] as WaitingPacket[] }
  const waiting = new WaitingEmits(
    connection,
    new EmitQueues({
      boundOf: (_namespace, emit) => (emit === 'x' ? { conflate: () => 'key', dropOldest: undefined } : undefined),
      createDecoder: () => new Decoder(),
      isText: true,
      hasOffset: false,
      encode: (packet) => encoder.encode(packet),
      report: (error) => t.error(error),
    }),
  )
  /** Does what the engine does; returns the bytes that were dropped. */
  const write = (data: unknown, type = 'message') => {
    const packet = { type, data }
    const dropped = waiting.add(packet)
    connection.writeBuffer.push(packet)
    return dropped
  }
  return { connection, waiting, write, kept: () => connection.writeBuffer.map(({ data }) => data) }
}

const HEAD = '51-["x",{"_placeholder":true,"num":0}]'

t.test('what is dropped no longer counts', async (t) => {
  const { write, kept } = wait()
  t.equal(write('2["x",1]'), 0)
  t.equal(write('2["x",22]'), '2["x",1]'.length)
  t.equal(write(HEAD), 0, 'its attachment has not come')
  t.equal(write(Buffer.alloc(3)), '2["x",22]'.length)
  t.equal(write('2["x",4]'), HEAD.length + 3)
  t.strictSame(kept(), ['2["x",4]'])
})

t.test('a ping, another emit, and an attachment whose text is written already are kept', async (t) => {
  const { write, kept } = wait()
  const rest = [Buffer.alloc(1), '2["y"]']
  for (const data of rest) write(data)
  write(undefined, 'ping')
  write('2["x",1]', 'ping')
  write('2["x",2]')
  write('2["x",3]')
  t.strictSame(kept(), [...rest, undefined, '2["x",1]', '2["x",3]'])
})

t.test('a text before the attachments of an emit is no part of it', async (t) => {
  const { write, kept } = wait()
  for (const data of [HEAD, '2["y"]', Buffer.alloc(1), '2["x",1]', '2["x",2]']) write(data)
  t.strictSame(kept(), [HEAD, '2["y"]', Buffer.alloc(1), '2["x",2]'])
})

t.test('what the engine has written is not dropped', async (t) => {
  const { write, kept, waiting, connection } = wait()
  write('2["x",1]')
  write(HEAD)
  waiting.clear()
  connection.writeBuffer.length = 0
  write(Buffer.alloc(1))
  write('2["x",2]')
  t.strictSame(kept(), [Buffer.alloc(1), '2["x",2]'])
  connection.transport.writable = true
  t.equal(write('2["x",3]'), 0, 'it is written at once')
})

t.test(
  'an emit that the engine did not keep, because a listener of the application has thrown, is not looked for',
  async (t) => {
    const { write, kept, waiting } = wait()
    write('2["y"]')
    waiting.add({ type: 'message', data: '2["x",1]' })
    t.equal(write('2["x",2]'), 0)
    t.strictSame(kept(), ['2["y"]', '2["x",2]'])
  },
)

t.test('without the buffer of engine.io, which is private, nothing is dropped', async (t) => {
  const { waiting, connection } = wait()
  Reflect.deleteProperty(connection, 'writeBuffer')
  const packets = ['2["x",1]', '2["x",2]'].map((data) => ({ type: 'message', data }))
  t.strictSame(
    packets.map((packet) => waiting.add(packet)),
    [0, 0],
  )
})

t.test('a packet has the bytes of its data', async (t) => {
  t.strictSame([{ data: 'four' }, { data: new ArrayBuffer(3) }, {}].map(bytesOf), [4, 3, 0])
})
