import { once } from 'node:events'
import { setImmediate as nextLoop } from 'node:timers/promises'
import type { Socket } from 'socket.io'
import { Decoder, Encoder } from 'socket.io-parser'
import t, { type Test } from 'tap'
import WebSocket, { WebSocketServer } from 'ws'
import type { NamespacesOptions } from '../../../../plugin/index.js'
import { connectionStateOf } from '../../../../plugin/wire/connection-state.js'
import { WebSocket as OurWebSocket } from '../../../../plugin/wire/websocket/websocket.js'
import { WirePolling, WireSocket } from '../../../wire/wire.js'
import { isFast } from '../../fast-path-harness.js'
import { build, listen, logLines, until, WEBSOCKET } from '../../harness.js'

const echo = { events: { echo: { handler: (payload: unknown) => payload } } }

/** The WebSocket below a socket of Socket.IO. */
function webSocketBelow({ conn }: Socket): unknown {
  return (conn as unknown as { transport: { socket: unknown } }).transport.socket
}

/** engine.io's socket. */
interface EngineSocket {
  readonly transport: { on(event: string, listener: () => void): unknown }
}

function findFast({ conn }: Socket): unknown {
  return connectionStateOf(conn).fastConnection
}

/** Replaces a method by one that calls `note` first. */
function wrap(owner: object, name: string, note: () => void): void {
  const method = Reflect.get(owner, name)
  Reflect.set(owner, name, (...args: unknown[]) => {
    note()
    return Reflect.apply(method, owner, args)
  })
}

/** Starts a server with a log; `talk` connects a client and checks that an event is acked and an emit arrives. */
async function serve(t: Test, options: NamespacesOptions = {}) {
  const { lines, logger } = logLines()
  const app = await build(t, { fast: true, namespaces: { '/chat': echo }, ...options }, undefined, { logger })
  const port = await listen(app)
  const fastLines = () => lines.flatMap(({ level, msg }) => (String(msg).includes('fast path') ? [[level, msg]] : []))
  const talk = async (): Promise<Socket> => {
    const known = new Set(app.io.of('/chat').sockets.keys())
    const client = await app.injectSocket('/chat')
    t.strictSame(await client.emitWithAck('echo', 'ä'), { ok: true, data: 'ä' })
    const [socket] = [...app.io.of('/chat').sockets.values()].filter(({ id }) => !known.has(id))
    const heard = once(client as never, 'news')
    socket?.emit('news', 1)
    t.strictSame(await heard, [1])
    return socket as Socket
  }
  return { app, port, fastLines, talk }
}

t.test('every connection of a definition uses the fast path, without a log line', async (t) => {
  const { fastLines, talk } = await serve(t)
  for (const socket of [await talk(), await talk()]) {
    t.ok(isFast(socket))
    t.type(webSocketBelow(socket), OurWebSocket)
  }
  t.strictSame(fastLines(), [])
})

t.test('with `fast: false` a connection has a WebSocket of ws, without a log line', async (t) => {
  const { fastLines, talk } = await serve(t, { fast: false })
  const socket = await talk()
  t.notOk(isFast(socket))
  t.notOk(webSocketBelow(socket) instanceof OurWebSocket)
  t.strictSame(fastLines(), [])
})

t.test('with a parser of the application’s a connection keeps the fast path for what it sends', async (t) => {
  const { fastLines, talk } = await serve(t, { io: { parser: { Encoder, Decoder } } })
  t.ok(isFast(await talk()))
  t.strictSame(fastLines(), [])
})

const FOREIGN: Record<string, unknown> = { wsEngine: WebSocketServer, perMessageDeflate: { threshold: 0 } }

for (const [name, value] of Object.entries(FOREIGN)) {
  t.test(`with ${name} of the application’s a connection has a WebSocket of ws, and the log says why`, async (t) => {
    const { fastLines, talk } = await serve(t, { io: { [name]: value } })
    const socket = await talk()
    t.notOk(isFast(socket))
    t.notOk(webSocketBelow(socket) instanceof OurWebSocket)
    t.strictSame(fastLines(), [[30, `half of the fast path is off: the application sets io.${name}`]])
  })
}

const REPLACED: Record<string, (conn: EngineSocket, note: () => void) => void> = {
  'a write()': (conn, note) => wrap(conn, 'write', note),
  'a transport.send()': (conn, note) => wrap(conn.transport, 'send', note),
  'a transport.onPacket()': (conn, note) => wrap(conn.transport, 'onPacket', note),
  'a listener of its transport': (conn, note) => void conn.transport.on('packet', note),
}

for (const [what, replace] of Object.entries(REPLACED)) {
  t.test(`a connection with ${what} of the application is not on the fast path`, async (t) => {
    const { app, talk } = await serve(t)
    let count = 0
    app.io.engine.on('connection', (conn: EngineSocket) => replace(conn, () => count++))
    const socket = await talk()
    t.notOk(findFast(socket))
    t.ok(count > 1)
  })
}

t.test('with perMessageDeflate, what a connection sends is compressed, also beside what is not', async (t) => {
  const { app, port } = await serve(t, { io: { perMessageDeflate: { threshold: 0 } } })
  const client = new WebSocket(`ws://127.0.0.1:${port}${WEBSOCKET}`, { perMessageDeflate: true })
  t.teardown(() => client.terminate())
  await once(client, 'open')
  t.match(client.extensions, 'permessage-deflate')
  const received: string[] = []
  client.on('message', (data) => received.push(String(data)))
  client.send('40/chat,')
  await until(() => app.io.of('/chat').sockets.size === 1)
  const [socket] = [...app.io.of('/chat').sockets.values()] as [Socket]
  client.send('42/chat,1["echo","x"]')
  socket.compress(false).emit('plain')
  socket.emit('deflated', 'x'.repeat(1_000))
  await until(() => received.length === 5)
  t.same(received.slice(2).sort(), [
    `42/chat,["deflated","${'x'.repeat(1_000)}"]`,
    '42/chat,["plain"]',
    '43/chat,1[{"ok":true,"data":"x"}]',
  ])
  const plain = await WireSocket.open(port)
  t.teardown(() => plain.end())
  await plain.join('/chat')
  plain.say('42/chat,1["echo","x"]')
  t.equal(await plain.next(), '43/chat,1[{"ok":true,"data":"x"}]', 'a client that does not compress')
})

t.test('a connection of protocol 3 is not on the fast path', async (t) => {
  const { app, port, fastLines } = await serve(t, { io: { allowEIO3: true } })
  const client = new WebSocket(`ws://127.0.0.1:${port}${WEBSOCKET.replace('EIO=4', 'EIO=3')}`)
  t.teardown(() => client.terminate())
  const received: string[] = []
  client.on('message', (data) => received.push(String(data)))
  await once(client, 'open')
  client.send('40/chat,')
  await until(() => app.io.of('/chat').sockets.size === 1)
  const [socket] = [...app.io.of('/chat').sockets.values()] as [Socket]
  t.notOk(isFast(socket))
  client.send('42/chat,1["echo","x"]')
  socket.emit('news')
  client.send('2')
  await until(() => received.includes('3'))
  t.ok(received.includes('43/chat,1[{"ok":true,"data":"x"}]'))
  t.ok(received.includes('42/chat,["news"]'))
  t.strictSame(fastLines(), [])
})

t.test(
  'a namespace without a definition does not switch a connection to the fast path, and polling is not on it',
  async (t) => {
    const { app, port } = await serve(t)
    app.io.of('/plain').on('connection', (socket) => socket.on('echo', (value, ack) => ack(value)))
    const wire = await WireSocket.open(port)
    t.teardown(() => wire.end())
    await wire.join('/plain')
    const [socket] = [...app.io.of('/plain').sockets.values()] as [Socket]
    t.notOk(isFast(socket))
    await wire.join('/chat')
    t.ok(isFast(socket), 'the switch is for the whole connection')
    wire.say('42/plain,1["echo","x"]')
    t.equal(await wire.next(), '43/plain,1["x"]')
    const polling = await WirePolling.open(port)
    await polling.post('40/chat,')
    await polling.poll()
    await nextLoop()
    const poller = [...app.io.of('/chat').sockets.values()].at(-1) as Socket
    t.equal((poller.conn as unknown as { transport: { name: string } }).transport.name, 'polling')
    t.notOk(isFast(poller))
    await polling.post('1')
  },
)

t.test('an event between a binary event and its attachment closes the connection, as with Socket.IO', async (t) => {
  for (const fast of [true, false]) {
    const { port } = await serve(t, { fast })
    const wire = await WireSocket.open(port)
    t.teardown(() => wire.end())
    await wire.join('/chat')
    wire.say('451-/chat,1["echo",{"_placeholder":true,"num":0}]')
    wire.say('42/chat,2["echo","x"]')
    t.strictSame(await wire.next(), { closed: 1005 })
  }
})
