import { once } from 'node:events'
import { createServer } from 'node:http'
import { Duplex } from 'node:stream'
import t, { type Test } from 'tap'
import StockClient from 'ws'
import { WebSocket } from '../../../../plugin/wire/websocket/websocket.js'
import { WebSocketServer } from '../../../../plugin/wire/websocket/websocket-server.js'
import { frame, OPCODE } from '../../../wire/wire.js'
import { until } from '../../harness.js'

/*
 * What only our WebSocket has. test/wire/frames/ compares everything else with ws.
 */

/** Our WebSocket and a client of ws, connected over TCP. */
async function connect(t: Test, maxPayload = 1_000_000): Promise<{ socket: WebSocket; client: StockClient }> {
  const server = new WebSocketServer({ maxPayload })
  const http = createServer()
  const made = new Promise<WebSocket>((resolve) => {
    http.on('upgrade', (raw, connection, head) => server.handleUpgrade(raw, connection, head, resolve))
  })
  http.listen(0, '127.0.0.1')
  await once(http, 'listening')
  const client = new StockClient(`ws://127.0.0.1:${(http.address() as { port: number }).port}`)
  t.teardown(() => {
    client.terminate()
    http.close()
  })
  const [socket] = await Promise.all([made, once(client, 'open')])
  return { socket, client }
}

/** Our WebSocket on a stream that notes its writes. */
function onStream(head: Buffer = Buffer.alloc(0)) {
  const writes: string[] = []
  const connection = new Duplex({
    read() {},
    write(chunk: Buffer, _encoding, done) {
      writes.push(chunk.toString('latin1'))
      done()
    },
  })
  return { writes, connection, socket: new WebSocket(connection, head, 0) }
}

t.test('texts and bytes of any length arrive in both directions, in their order', async (t) => {
  const { socket, client } = await connect(t)
  const texts = [
    '',
    'a',
    'ä€',
    '\u{1f600}'.repeat(10_000),
    'x'.repeat(125),
    'x'.repeat(126),
    'y'.repeat(65_536),
    '€'.repeat(21_845),
  ]
  const bytes = [Buffer.alloc(0), Buffer.from([0, 255]), Buffer.alloc(21_846, 'z'), Buffer.alloc(300_000, 'w')]
  const received: unknown[] = []
  client.on('message', (data: Buffer, isBinary) => received.push(isBinary ? data : String(data)))
  const expected = texts.flatMap((text, index) => [text, ...(bytes[index] ? [bytes[index]] : [])])
  for (const data of expected) socket.send(data as string)
  await until(() => received.length === expected.length)
  t.strictSame(received, expected)
  const echoed: unknown[] = []
  socket.on('message', (data, isBinary) => echoed.push([data, isBinary]))
  for (const data of expected) client.send(data as string)
  await until(() => echoed.length === expected.length)
  t.strictSame(
    echoed,
    expected.map((data) => [data, typeof data !== 'string']),
    'a text is a string',
  )
})

t.test('what is sent while a chunk is read is one write', async (t) => {
  const { writes, connection, socket } = onStream()
  socket.on('message', (text) => {
    socket.send(`${text}1`)
    socket.send(Buffer.from(`${text}2`))
  })
  connection.push(Buffer.concat([frame(OPCODE.text, 'a'), frame(OPCODE.ping, 'p'), frame(OPCODE.text, 'b')]))
  await until(() => writes.length > 0)
  t.strictSame(writes, ['\x81\x02a1\x82\x02a2\x8a\x01p\x81\x02b1\x82\x02b2'])
})

t.test('a tap receives texts before the event; those that it leaves are emitted', async (t) => {
  const { connection, socket, writes } = onStream()
  const log: unknown[] = []
  socket.on('message', (text) => log.push(`emitted ${text}`))
  socket.attach({
    receiveText(text) {
      log.push(text)
      return text === 'taken'
    },
    written: (error) => log.push(error ?? 'written'),
  })
  const bytes = [frame(OPCODE.text, 'taken'), frame(OPCODE.text, 'left'), frame(OPCODE.binary, 'bytes')]
  connection.push(Buffer.concat(bytes))
  await until(() => log.length === 4)
  t.strictSame(log.splice(0), ['taken', 'left', 'emitted left', 'emitted bytes'])
  socket.send('x')
  await until(() => log.length === 1)
  t.strictSame([log, writes], [['written'], ['\x81\x01x']])
})

t.test(
  'a listener that throws ends its connection, whose chunk is lost; other connections are read as before',
  async (t) => {
    const { connection, socket, writes } = onStream()
    const received: unknown[] = []
    socket.on('message', (text) => {
      received.push(text)
      socket.send(text)
      throw new Error('a fault')
    })
    const chunk = Buffer.concat([frame(OPCODE.text, 'a'), frame(OPCODE.text, 'b')])
    t.throws(() => socket.read(chunk), { message: 'a fault' })
    t.equal(writes.length, 1)
    t.ok(connection.destroyed)
    t.strictSame(received, ['a'])
    const other = onStream()
    other.socket.on('message', (text) => other.socket.send(text))
    other.connection.push(frame(OPCODE.text, 'c'))
    await until(() => other.writes.length === 1)
  },
)

t.test('pings and pongs are events, too; a ping behind a close frame of ours has no pong', async (t) => {
  const { connection, socket, writes } = onStream()
  const heard: unknown[] = []
  for (const name of ['ping', 'pong']) socket.on(name, (data) => heard.push([name, String(data)]))
  connection.push(Buffer.concat([frame(OPCODE.ping, 'a'), frame(OPCODE.pong, 'b')]))
  await until(() => heard.length === 2)
  socket.close(1000)
  connection.push(frame(OPCODE.ping, 'c'))
  await until(() => heard.length === 3)
  t.strictSame(heard, [
    ['ping', 'a'],
    ['pong', 'b'],
    ['ping', 'c'],
  ])
  t.strictSame(writes, ['\x8a\x01a', '\x88\x02\x03\xe8'])
  connection.destroy()
})

t.test('a send without a callback, when it is closed, does nothing', async (t) => {
  const { socket, connection, writes } = onStream()
  connection.destroy()
  await once(socket, 'close')
  socket.send('late')
  socket.close()
  t.equal(socket.readyState, 3)
  t.strictSame(writes, [])
})

t.test(
  'a connection that breaks between an invalid frame and the next tick emits the error, then the close',
  async (t) => {
    const { socket, connection } = onStream()
    const heard: unknown[] = []
    socket.on('error', ({ closeCode }) => heard.push(closeCode))
    socket.on('close', (code) => heard.push(code))
    connection.destroy()
    socket.read(frame(3, 'x'))
    await until(() => heard.length === 2)
    t.strictSame(heard, [1002, 1006])
  },
)

t.test('a stream without timeouts, as of a client in this process, is read from its first bytes', async (t) => {
  const received: unknown[] = []
  const { socket, connection } = onStream(frame(OPCODE.text, 'in the head'))
  socket.on('message', (text) => received.push(text))
  connection.push(frame(OPCODE.text, 'later'))
  await until(() => received.length === 2)
  t.strictSame(received, ['in the head', 'later'])
})
