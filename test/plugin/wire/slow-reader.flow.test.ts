import { EventEmitter } from 'node:events'
import t from 'tap'
import WebSocket from 'ws'
import { limitUnread } from '../../../plugin/wire/slow-reader.js'
import { build, heard, listen, until, WEBSOCKET } from '../harness.js'

/** A fake connection whose `packetCreate`, `flush` and `drain` the test emits; with its reports and closings. */
function connect(limit: number) {
  const reports: number[] = []
  const closings: boolean[] = []
  const connection = Object.assign(new EventEmitter(), {
    readyState: 'open',
    transport: {},
    close: (discard: boolean) => void closings.push(discard),
  })
  limitUnread(connection, limit, (bytes) => {
    reports.push(bytes)
    if (closings.length >= reports.length) t.fail('the report comes before the close')
  })
  const create = (data?: unknown) => connection.emit('packetCreate', { data })
  return { connection, create, reports, closings }
}

t.test(
  'a connection with more unread bytes than the limit is reported, then closed without waiting for its client',
  async (t) => {
    const { connection, create, reports, closings } = connect(10)
    create('12345')
    connection.emit('flush')
    create(Buffer.alloc(5))
    t.strictSame(closings, [], 'as many bytes as the limit may wait')
    create('1')
    t.strictSame(reports, [11])
    t.strictSame(closings, [true])
  },
)

t.test('bytes that were read no longer count', async (t) => {
  const { connection, create, closings } = connect(10)
  for (let round = 0; round < 100; round++) {
    create('1234567890')
    connection.emit('flush')
    connection.emit('drain')
  }
  t.strictSame(closings, [])
})

t.test('a packet that was created during a flush still counts after it', async (t) => {
  const { connection, create, reports } = connect(10)
  create('1234567890')
  connection.emit('flush')
  connection.emit('drain')
  create('1234567')
  connection.emit('flush')
  create(new ArrayBuffer(3))
  create(undefined)
  t.strictSame(reports, [], 'a packet without data has no bytes')
  create('x')
  t.strictSame(reports, [11])
})

t.test('a limit of 0 turns the check off', async (t) => {
  const { create, closings } = connect(0)
  create('x'.repeat(1_000_000))
  t.strictSame(closings, [])
})

t.test('a client that reads nothing is disconnected, and one that reads stays connected', async (t) => {
  const warnings: Record<string, unknown>[] = []
  const stream = { write: (line: string) => void warnings.push(JSON.parse(line)) }
  const app = await build(t, { namespaces: { '/feed': {} }, limits: { bytesWaiting: 1_000_000 } }, undefined, {
    logger: { level: 'warn', stream },
  })
  const port = await listen(app)

  const client = async (name: string) => {
    const socket = new WebSocket(`ws://127.0.0.1:${port}${WEBSOCKET}`)
    t.teardown(() => socket.terminate())
    await heard(socket, 'open')
    socket.send(`40/feed,{"name":"${name}"}`)
    await until(() => [...app.io.of('/feed').sockets.values()].some(({ handshake }) => handshake.auth.name === name))
    const [joined] = [...app.io.of('/feed').sockets.values()].filter(({ handshake }) => handshake.auth.name === name)
    return { socket, joined }
  }
  const reader = await client('reader')
  const sleeper = await client('sleeper')
  sleeper.socket.pause()
  let received = 0
  reader.socket.on('message', () => received++)

  const chunk = 'x'.repeat(100_000)
  let sent = 0
  while (sleeper.joined?.connected) {
    app.io.of('/feed').emit('chunk', chunk)
    sent++
    await until(() => received >= sent)
  }
  t.equal(reader.joined?.connected, true)
  t.equal(app.io.of('/feed').sockets.size, 1)
  t.match(warnings, [{ msg: 'connection closed: its reader is too slow' }])
  t.ok(Number(warnings[0]?.bytes) > 1_000_000)
})
