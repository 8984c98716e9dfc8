import { once } from 'node:events'
import { setImmediate as nextLoop } from 'node:timers/promises'
import type { Socket } from 'socket.io'
import { Decoder, Encoder } from 'socket.io-parser'
import t, { type Test } from 'tap'
import WebSocket, { WebSocketServer } from 'ws'
import type { NamespacesOptions } from '../../../../plugin/index.js'
import * as versions from '../../../../plugin/wire/fast/tested-versions.js'
import { WirePolling, WireSocket } from '../../../wire/wire.js'
import { isFast } from '../../fast-path-harness.js'
import { build, listen, logLines, until, WEBSOCKET } from '../../harness.js'

const echo = { events: { echo: { handler: (payload: unknown) => payload } } }

/** Whether any method of a connection or of its WebSocket was replaced. */
function isPatched({ conn }: Socket): boolean {
  const { transport } = conn as unknown as { transport: { socket: { _sender: object; _receiver: object } } }
  const { _sender, _receiver } = transport.socket
  return Object.hasOwn(conn, 'write') || Object.hasOwn(_sender, 'sendFrame') || Object.hasOwn(_receiver, 'write')
}

/** Starts a server with a log; `talk` connects a client and checks that an event is acked and an emit arrives. */
async function serve(t: Test, options: NamespacesOptions = {}) {
  const { lines, logger } = logLines()
  const app = await build(t, { fast: true, namespaces: { '/chat': echo }, ...options }, undefined, { logger })
  const port = await listen(app)
  const fastLines = () =>
    lines.flatMap(({ level, msg }) => (String(msg).startsWith('fast is off') ? [[level, msg]] : []))
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
  t.ok(isFast(await talk()))
  t.ok(isPatched(await talk()))
  t.strictSame(fastLines(), [])
})

t.test('with `fast: false` a connection is not patched, without a log line', async (t) => {
  const { fastLines, talk } = await serve(t, { fast: false })
  t.notOk(isPatched(await talk()))
  t.strictSame(fastLines(), [])
})

const FOREIGN: Record<string, object> = { parser: { Encoder, Decoder }, wsEngine: WebSocketServer }

for (const [name, value] of Object.entries(FOREIGN)) {
  t.test(`with the application's own ${name} a connection is not patched, and the log says why`, async (t) => {
    const { fastLines, talk } = await serve(t, { io: { [name]: value } })
    t.notOk(isPatched(await talk()))
    t.strictSame(fastLines(), [[30, `fast is off: the application sets its own ${name}`]])
  })
}

t.test('on a version that was not tested a connection is not patched, and the log names the version', async (t) => {
  const installed = { ...versions.readVersions(), ws: '9.1.0' }
  const { createFastPath } = (await t.mockImport('../../../../plugin/wire/fast/fast-path.js', {
    '../../../../plugin/wire/fast/tested-versions.js': { ...versions, readVersions: () => installed },
  })) as typeof import('../../../../plugin/wire/fast/fast-path.js')
  const { app, talk } = await serve(t, { fast: false })
  const { lines, logger } = logLines()
  const logged = await build(t, {}, undefined, { logger })
  const openFastConnection = createFastPath({
    io: app.io,
    options: {},
    limits: {} as never,
    receiverOf: () => undefined,
    log: logged.log,
  })
  app.io.of('/chat').on('connection', openFastConnection)
  t.notOk(isPatched(await talk()))
  t.match(lines, [{ level: 30, msg: 'fast is off: ws 9.1.0' }])
})

t.test(
  'once a private field has another type, no further connection is patched, and the log says so once',
  async (t) => {
    const { app, fastLines, talk } = await serve(t)
    t.ok(isPatched(await talk()))
    app.io.engine.once('connection', ({ transport }: { transport: { socket: { _receiver: object } } }) => {
      Object.assign(transport.socket._receiver, { _maxPayload: '1000000' })
    })
    t.notOk(isPatched(await talk()))
    t.notOk(isPatched(await talk()))
    t.strictSame(fastLines(), [
      [40, 'fast is off: the installed socket.io, engine.io or ws lacks a private field that it uses'],
    ])
  },
)

t.test('a connection that compresses is not patched; a connection beside it that does not is', async (t) => {
  const { app, port, fastLines, talk } = await serve(t, { io: { perMessageDeflate: { threshold: 0 } } })
  const client = new WebSocket(`ws://127.0.0.1:${port}${WEBSOCKET}`, { perMessageDeflate: true })
  t.teardown(() => client.terminate())
  await once(client, 'open')
  t.match(client.extensions, 'permessage-deflate')
  const received: string[] = []
  client.on('message', (data) => received.push(String(data)))
  client.send('40/chat,')
  await until(() => app.io.of('/chat').sockets.size === 1)
  const [socket] = [...app.io.of('/chat').sockets.values()] as [Socket]
  t.notOk(isPatched(socket))
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
  const [, second] = [...app.io.of('/chat').sockets.values()] as [Socket, Socket]
  t.ok(isPatched(second))
  t.notOk(isPatched(await talk()), 'socket.io-client on node compresses, too')
  t.strictSame(fastLines(), [])
})

t.test('a connection of protocol 3 is not patched', async (t) => {
  const { app, port, fastLines } = await serve(t, { io: { allowEIO3: true } })
  const client = new WebSocket(`ws://127.0.0.1:${port}${WEBSOCKET.replace('EIO=4', 'EIO=3')}`)
  t.teardown(() => client.terminate())
  const received: string[] = []
  client.on('message', (data) => received.push(String(data)))
  await once(client, 'open')
  client.send('40/chat,')
  await until(() => app.io.of('/chat').sockets.size === 1)
  const [socket] = [...app.io.of('/chat').sockets.values()] as [Socket]
  t.notOk(isPatched(socket))
  client.send('42/chat,1["echo","x"]')
  socket.emit('news')
  client.send('2')
  await until(() => received.includes('3'))
  t.ok(received.includes('43/chat,1[{"ok":true,"data":"x"}]'))
  t.ok(received.includes('42/chat,["news"]'))
  t.strictSame(fastLines(), [])
})

t.test(
  'a namespace without a definition does not patch a connection, and a polling connection is not patched',
  async (t) => {
    const { app, port } = await serve(t)
    app.io.of('/plain').on('connection', (socket) => socket.on('echo', (value, ack) => ack(value)))
    const wire = await WireSocket.open(port)
    t.teardown(() => wire.end())
    await wire.join('/plain')
    const [socket] = [...app.io.of('/plain').sockets.values()] as [Socket]
    t.notOk(isPatched(socket))
    await wire.join('/chat')
    t.ok(isPatched(socket), 'the patch is for the whole connection')
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
