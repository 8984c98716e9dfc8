import { once } from 'node:events'
import { setImmediate as turn } from 'node:timers/promises'
import type { Socket } from 'socket.io'
import { Decoder, Encoder } from 'socket.io-parser'
import t, { type Test } from 'tap'
import WebSocket, { WebSocketServer } from 'ws'
import type { NamespacesOptions } from '../../../plugin/index.js'
import * as versions from '../../../plugin/wire/tested-versions.js'
import { WirePolling, WireSocket } from '../../wire/wire.js'
import { build, listen, logLines, until, WEBSOCKET } from '../harness.js'
import { isLaned } from '../lane-harness.js'

const echo = { events: { echo: { handler: (payload: unknown) => payload } } }

/** Whether anything of a connection is not as its makers have made it. */
function isPatched({ conn }: Socket): boolean {
  const { transport } = conn as unknown as { transport: { socket: { _sender: object; _receiver: object } } }
  const { _sender, _receiver } = transport.socket
  return Object.hasOwn(conn, 'write') || Object.hasOwn(_sender, 'sendFrame') || Object.hasOwn(_receiver, 'write')
}

/** A server with a log; and clients of it, whose events are answered and whose emits arrive. */
async function serve(t: Test, options: NamespacesOptions = {}) {
  const { lines, logger } = logLines()
  const app = await build(t, { fast: true, namespaces: { '/chat': echo }, ...options }, undefined, { logger })
  const port = await listen(app)
  const words = () => lines.flatMap(({ level, msg }) => (String(msg).startsWith('fast is off') ? [[level, msg]] : []))
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
  return { app, port, words, talk }
}

t.test('every connection of a definition goes by the fast lane, and the log has no word of it', async (t) => {
  const { words, talk } = await serve(t)
  t.ok(isLaned(await talk()))
  t.ok(isPatched(await talk()))
  t.strictSame(words(), [])
})

t.test('with `fast: false` nothing of a connection is changed, and the log has no word of it', async (t) => {
  const { words, talk } = await serve(t, { fast: false })
  t.notOk(isPatched(await talk()))
  t.strictSame(words(), [])
})

const FOREIGN: Record<string, object> = { parser: { Encoder, Decoder }, wsEngine: WebSocketServer }

for (const [name, value] of Object.entries(FOREIGN)) {
  t.test(`with a ${name} of the application nothing is changed, and the log says why`, async (t) => {
    const { words, talk } = await serve(t, { io: { [name]: value } })
    t.notOk(isPatched(await talk()))
    t.strictSame(words(), [[30, `fast is off: the application sets its own ${name}`]])
  })
}

t.test('on a version that was not tested nothing is changed, and the log says which', async (t) => {
  const installed = { ...versions.readVersions(), ws: '9.1.0' }
  const { createFastPath } = (await t.mockImport('../../../plugin/wire/fast-path.js', {
    '../../../plugin/wire/tested-versions.js': { ...versions, readVersions: () => installed },
  })) as typeof import('../../../plugin/wire/fast-path.js')
  const { app, talk } = await serve(t, { fast: false })
  const { lines, logger } = logLines()
  const said = await build(t, {}, undefined, { logger })
  const openLane = createFastPath({
    io: app.io,
    options: {},
    limits: {} as never,
    receiverOf: () => undefined,
    log: said.log,
  })
  app.io.of('/chat').on('connection', openLane)
  t.notOk(isPatched(await talk()))
  t.match(lines, [{ level: 30, msg: 'fast is off: ws 9.1.0' }])
})

t.test(
  'where the shape underneath is another, nothing is changed from then on, and the log says so once',
  async (t) => {
    const { app, words, talk } = await serve(t)
    t.ok(isPatched(await talk()))
    app.io.engine.once('connection', ({ transport }: { transport: { socket: { _receiver: object } } }) => {
      Object.assign(transport.socket._receiver, { _maxPayload: '1000000' })
    })
    t.notOk(isPatched(await talk()))
    t.notOk(isPatched(await talk()))
    t.strictSame(words(), [
      [40, 'fast is off: the installed socket.io, engine.io or ws lacks a private field that it uses'],
    ])
  },
)

t.test('a connection that compresses is left as it is, another is not', async (t) => {
  const { app, port, words, talk } = await serve(t, { io: { perMessageDeflate: { threshold: 0 } } })
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
  t.notOk(isPatched(await talk()), 'the stock client of node compresses, too')
  t.strictSame(words(), [])
})

t.test('a connection of the old protocol is left as it is', async (t) => {
  const { app, port, words } = await serve(t, { io: { allowEIO3: true } })
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
  t.strictSame(words(), [])
})

t.test('a namespace without a definition opens none, nor does a connection that polls', async (t) => {
  const { app, port } = await serve(t)
  app.io.of('/plain').on('connection', (socket) => socket.on('echo', (value, ack) => ack(value)))
  const wire = await WireSocket.open(port)
  t.teardown(() => wire.end())
  await wire.join('/plain')
  const [socket] = [...app.io.of('/plain').sockets.values()] as [Socket]
  t.notOk(isPatched(socket))
  await wire.join('/chat')
  t.ok(isPatched(socket), 'it is of the connection')
  wire.say('42/plain,1["echo","x"]')
  t.equal(await wire.next(), '43/plain,1["x"]')
  const polling = await WirePolling.open(port)
  await polling.post('40/chat,')
  await polling.poll()
  await turn()
  const poller = [...app.io.of('/chat').sockets.values()].at(-1) as Socket
  t.equal((poller.conn as unknown as { transport: { name: string } }).transport.name, 'polling')
  t.notOk(isLaned(poller))
  await polling.post('1')
})

t.test('an event between the parts of another ends the connection, as with Socket.IO', async (t) => {
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
