import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { setImmediate as nextLoop } from 'node:timers/promises'
import type { FastifyInstance } from 'fastify'
import { Manager } from 'socket.io-client'
import t, { type Test } from 'tap'
import WebSocket from 'ws'
import { frame, OPCODE } from '../../../wire/wire.js'
import { chunkOf, connectionOf, enter, inBothModes, isFast, stage, until } from '../../fast-path-harness.js'
import { build, until as holds, join, listen, logLines, next, WEBSOCKET } from '../../harness.js'

/*
 * Outgoing packets: their order, what is sent before an end, and slow readers. Each test runs with `fast` on and off.
 */

const event = (...args: unknown[]) => `42/chat,${JSON.stringify(args)}`
const numbers = (count: number) => Array.from({ length: count }, (_, index) => index)

inBothModes('all emits of one tick arrive in their order, of whatever kind', async (t, fast) => {
  const { wire, socket, app } = await stage(t, {}, { fast })
  t.equal(isFast(socket), fast)
  socket.emit('a', 1)
  socket.compress(false).emit('b', '€')
  app.io.of('/chat').emit('c', [null])
  socket.emit('d', Buffer.from('bytes'))
  socket.emit('e', 'x'.repeat(100_000))
  app.io.of('/chat').compress(false).emit('f')
  socket.send('g')
  socket.emit('h', () => t.fail('no answer'))
  connectionOf(socket).write('2/chat,["raw"]')
  socket.disconnect()
  const messages = await until(wire, '41/chat,')
  t.strictSame(
    messages.map((message) => (Buffer.isBuffer(message) ? 'bytes' : String(message).slice(0, 14))),
    [
      '42/chat,["a",1]'.slice(0, 14),
      '42/chat,["b","€"]'.slice(0, 14),
      '42/chat,["c",[null]]'.slice(0, 14),
      '451-/chat,["d",'.slice(0, 14),
      'bytes',
      '42/chat,["e","xxx'.slice(0, 14),
      '42/chat,["f"]'.slice(0, 14),
      '42/chat,["message"'.slice(0, 14),
      '42/chat,0["h"]'.slice(0, 14),
      '42/chat,["raw"]'.slice(0, 14),
      '41/chat,',
    ],
  )
})

inBothModes('a volatile emit is dropped while a write is pending, and only then', async (t, fast) => {
  const { wire, socket, app } = await stage(t, {}, { fast })
  await holds(() => connectionOf(socket).transport.writable)
  socket.volatile.emit('first')
  socket.volatile.emit('dropped')
  app.io.of('/chat').volatile.emit('dropped')
  socket.emit('second')
  await holds(() => connectionOf(socket).transport.writable)
  app.io.of('/chat').volatile.emit('third')
  await nextLoop()
  socket.emit('fourth')
  socket.volatile.emit('dropped')
  await nextLoop()
  socket.volatile.emit('fifth')
  await nextLoop()
  socket.emit('last')
  t.strictSame(
    await until(wire, event('last')),
    ['first', 'second', 'third', 'fourth', 'fifth', 'last'].map((name) => event(name)),
  )
})

inBothModes('a volatile emit of a listener is sent although an event before it was just acked', async (t, fast) => {
  const { wire, socket } = await stage(t, { events: { echo: { handler: (payload) => payload } } }, { fast })
  socket.on('plain', () => socket.volatile.emit('heard'))
  wire.tcp.write(chunkOf('42/chat,1["echo",1]', '42/chat,["plain"]'))
  t.strictSame(await until(wire, event('heard')), ['43/chat,1[{"ok":true,"data":1}]', event('heard')])
})

/** A server, and a client that can stop reading, over TLS or not. */
async function sleeper(t: Test, fast: boolean, isSecure: boolean, bytesWaiting = 0) {
  const read = (name: string) => readFile(new URL(`../../fixtures/${name}.pem`, import.meta.url))
  const https = isSecure ? { key: await read('key'), cert: await read('cert') } : undefined
  const app = await build(
    t,
    {
      fast,
      namespaces: { '/chat': { events: { echo: { handler: (payload) => payload } } } },
      limits: { bytesWaiting },
    },
    undefined,
    https ? ({ https } as object) : {},
  )
  const url = `${isSecure ? 'wss' : 'ws'}://localhost:${await listen(app, 'localhost')}${WEBSOCKET}`
  const client = new WebSocket(url, { ...(https && { ca: https.cert }) })
  t.teardown(() => client.terminate())
  await once(client, 'open')
  client.send('40/chat,')
  await holds(() => app.io.of('/chat').sockets.size === 1)
  const [socket] = [...app.io.of('/chat').sockets.values()]
  if (!socket) throw new Error('no socket has joined')
  const received: string[] = []
  client.on('message', (data) => received.push(String(data)))
  return { app, client, socket, received }
}

for (const isSecure of [false, true]) {
  inBothModes(`a slow reader receives everything in order${isSecure ? ', over TLS' : ''}`, async (t, fast) => {
    const { client, socket, received } = await sleeper(t, fast, isSecure)
    t.equal(isFast(socket), fast)
    client.pause()
    const text = 'x'.repeat(5_000)
    for (const number of numbers(2_000)) {
      socket.emit('chunk', number, text)
      if (number % 10 > 0) continue
      // The server also sends pongs of the WebSocket protocol, and acks.
      // ws closes a connection that sends more than 60 pings and does not read.
      if (number % 50 === 0) client.ping()
      client.send(`42/chat,${number}["echo",${number}]`)
      await nextLoop()
    }
    t.notOk(connectionOf(socket).transport.writable)
    t.ok(connectionOf(socket).writeBuffer.length > 0)
    client.resume()
    const count = (start: string) => received.filter((text) => text.startsWith(start)).length
    await holds(() => count('42/chat,["chunk"') === 2_000 && count('43/chat,') === 200)
    const order = received.filter((text) => text.startsWith('42')).map((text) => Number(/chunk",(\d+)/.exec(text)?.[1]))
    t.strictSame(order, numbers(2_000))
    await holds(() => connectionOf(socket).transport.writable)
    t.equal(connectionOf(socket).writeBuffer.length, 0)
  })

  inBothModes(
    `a client that reads nothing is closed at bytesWaiting${isSecure ? ', over TLS' : ''}`,
    async (t, fast) => {
      const { client, socket } = await sleeper(t, fast, isSecure, 1_000_000)
      client.pause()
      let sent = 0
      while (socket.connected) {
        socket.emit('chunk', 'x'.repeat(10_000))
        sent++
        if (sent % 10 === 0) await nextLoop()
        if (sent > 5_000) throw new Error('the connection is still open')
      }
      t.ok(sent > 100, `after ${sent} chunks`)
    },
  )
}

inBothModes('however small bytesWaiting is, one tick can send at most twice as much', async (t, fast) => {
  const { wire, socket } = await stage(t, {}, { fast, limits: { bytesWaiting: 1_000 } })
  for (const number of numbers(4)) socket.emit('chunk', number, 'x'.repeat(200))
  t.equal((await until(wire, event('chunk', 3, 'x'.repeat(200)))).length, 4)
  await holds(() => connectionOf(socket).transport.writable)
  for (const number of numbers(30)) socket.emit('chunk', number, 'x'.repeat(200))
  t.notOk(socket.connected)
})

const ENDS: Record<string, (socket: ReturnType<typeof connectionOf>, app: FastifyInstance) => unknown> = {
  'socket.conn.close()': (conn) => conn.close(),
  'app.close()': (_conn, app) => app.close(),
  'io.disconnectSockets(true)': (_conn, app) => app.io.of('/chat').disconnectSockets(true),
}

for (const [what, end] of Object.entries(ENDS)) {
  inBothModes(`emits right before ${what} arrive, then the close`, async (t, fast) => {
    const { wire, socket, app } = await stage(t, {}, { fast })
    const texts = numbers(20).map((number) => `${number}${'x'.repeat(3_000)}`)
    for (const text of texts) socket.emit('chunk', text)
    const ended = end(connectionOf(socket), app)
    const messages = await until(wire, '')
    t.strictSame(
      messages.slice(0, 20),
      texts.map((text) => event('chunk', text)),
    )
    t.match(messages.at(-1), { closed: 1005 })
    await ended
  })
}

inBothModes('emits and disconnect(true) in one tick: all emits arrive, then the connection closes', async (t, fast) => {
  const { wire, socket } = await stage(t, {}, { fast })
  const reason = once(socket, 'disconnect')
  socket.emit('a')
  socket.emit('b')
  socket.disconnect(true)
  socket.emit('too late')
  t.strictSame(await until(wire, ''), [event('a'), event('b'), '41/chat,', { closed: 1005 }])
  t.strictSame((await reason)[0], 'server namespace disconnect')
})

const WATCHED = ['packet', 'packetCreate', 'data', 'message', 'flush', 'drain']

inBothModes('a listener for packets of a connection is called for each, however late it is added', async (t, fast) => {
  const handled: unknown[] = []
  const echo = { handler: (payload: unknown) => handled.push(payload) }
  for (const name of WATCHED) {
    const { wire, socket } = await stage(t, { events: { echo } }, { fast })
    wire.say('42/chat,1["echo","before"]')
    await wire.next()
    await nextLoop()
    let heard = 0
    connectionOf(socket).on(name, () => heard++)
    for (const id of [2, 3]) {
      wire.say(`42/chat,${id}["echo","watched"]`)
      await wire.next()
      await nextLoop()
    }
    t.equal(heard, 2, name)
  }
})

inBothModes('a listener for flush or drain of the engine is called for each connection', async (t, fast) => {
  const { wire, socket, app } = await stage(t, {}, { fast })
  const heard: unknown[] = []
  app.io.engine.on('flush', (conn: unknown, packets: readonly unknown[]) =>
    heard.push(conn === socket.conn && packets.length),
  )
  app.io.engine.on('drain', (conn: unknown) => heard.push(conn === socket.conn))
  socket.emit('a')
  t.equal(await wire.next(), event('a'))
  t.strictSame(heard, [1, true])
})

inBothModes('a drain listener that is added behind several emits is called', async (t, fast) => {
  const { wire, socket, app } = await stage(t, {}, { fast, io: { pingInterval: 60_000 } })
  const conn = connectionOf(socket)
  await holds(() => conn.transport.writable)
  const drained: string[] = []
  socket.emit('a')
  socket.emit('b')
  conn.once('drain', () => drained.push('the connection'))
  app.io.engine.once('drain', () => drained.push('the engine'))
  t.strictSame(await until(wire, event('b')), [event('a'), event('b')])
  await nextLoop()
  t.strictSame(drained, ['the connection', 'the engine'])
})

inBothModes('the callback of connection.write() is called, at whichever position it is passed', async (t, fast) => {
  const { wire, socket } = await stage(t, {}, { fast })
  const conn = connectionOf(socket)
  const called: string[] = []
  const write = (name: string, ...between: object[]) =>
    conn.write(`2/chat,["${name}"]`, ...between, () => called.push(name))
  await holds(() => conn.transport.writable)
  write('a')
  await holds(() => called.length === 1 && conn.transport.writable)
  write('b', {})
  socket.emit('c')
  await holds(() => called.length === 2 && conn.transport.writable)
  socket.emit('d')
  write('e')
  write('f', {})
  socket.emit('g')
  t.strictSame(
    await until(wire, event('g')),
    [...'abcdefg'].map((name) => event(name)),
  )
  await holds(() => called.length === 4)
  t.strictSame(called, ['a', 'b', 'e', 'f'])
})

inBothModes('onAny() and prependAny() listeners receive declared events; the ack is sent once', async (t, fast) => {
  const { wire, socket } = await stage(t, { events: { echo: { handler: () => 'handler' } } }, { fast })
  const heard: unknown[] = []
  socket.onAny((name, ...args) => heard.push(['any', name, ...args.map((arg) => typeof arg)]))
  socket.prependAny((name, payload, ack) => {
    heard.push(['prepended', name, payload])
    if (payload === 'mine') ack('by a listener', Buffer.from('x'))
    if (payload === 'throw') throw new Error('a secret')
  })
  wire.tcp.write(
    chunkOf(
      '42/chat,1["echo","mine"]',
      '42/chat,2["echo","yours"]',
      '42/chat,3["echo","throw"]',
      '42/chat,["echo"]',
      '42/chat,4["echo"]',
    ),
  )
  t.strictSame(await until(wire, '43/chat,4[{"ok":true,"data":"handler"}]'), [
    '461-/chat,1["by a listener",{"_placeholder":true,"num":0}]',
    Buffer.from('x'),
    '43/chat,2[{"ok":true,"data":"handler"}]',
    '43/chat,3[{"ok":true,"data":"handler"}]',
    '43/chat,4[{"ok":true,"data":"handler"}]',
  ])
  t.strictSame(heard, [
    ['prepended', 'echo', 'mine'],
    ['any', 'echo', 'string', 'function'],
    ['prepended', 'echo', 'yours'],
    ['any', 'echo', 'string', 'function'],
    ['prepended', 'echo', 'throw'],
    ['any', 'echo', 'string', 'function'],
    ['prepended', 'echo', undefined],
    ['any', 'echo'],
    ['prepended', 'echo', heard[8] && (heard[8] as unknown[])[2]],
    ['any', 'echo', 'function'],
  ])
})

inBothModes(
  "the application's socket.use() middleware receives every event, also the declared ones",
  async (t, fast) => {
    const { wire, socket } = await stage(t, { events: { echo: { handler: () => 1 } } }, { fast })
    const seen: unknown[] = []
    socket.use(([name], pass) => {
      seen.push(name)
      pass(name === 'refused' ? new Error('no') : undefined)
    })
    socket.on('plain', (ack) => ack('plain'))
    socket.on('refused', () => t.fail('the listener was called'))
    wire.tcp.write(chunkOf('42/chat,1["echo"]', '42/chat,["refused"]', '42/chat,2["plain"]'))
    await until(wire, '43/chat,2["plain"]')
    t.strictSame(seen, ['echo', 'refused', 'plain'])
  },
)

inBothModes('a broadcast reaches exactly its sockets, and each can ack', async (t, fast) => {
  const { app, port, wire: one, socket: first } = await stage(t, {}, { fast })
  const { wire: two, socket: second } = await enter(t, app, port)
  const { wire: three } = await enter(t, app, port)
  await second.join('room')
  const namespace = app.io.of('/chat')
  namespace.to('room').emit('room', 1)
  namespace.except('room').emit('others', 2)
  first.broadcast.emit('all but the first', 3)
  namespace.in('room').except(second.id).emit('nobody', 4)
  const answers = namespace.timeout(60_000).emitWithAck('question')
  for (const wire of [one, two, three]) {
    const messages = []
    for (;;) {
      const message = String(await wire.next())
      const id = /^42\/chat,(\d+)\["question"\]$/.exec(message)?.[1]
      if (id) {
        wire.say(`43/chat,${id}["${messages.length}"]`)
        break
      }
      messages.push(message)
    }
    const expected =
      wire === one
        ? [event('others', 2)]
        : wire === two
          ? [event('room', 1), event('all but the first', 3)]
          : [event('others', 2), event('all but the first', 3)]
    t.strictSame(messages, expected)
  }
  t.strictSame(((await answers) as string[]).sort(), ['1', '2', '2'])
})

inBothModes(
  'an upgrade in the middle of traffic loses no event, doubles none, and keeps the order',
  async (t, fast) => {
    const handled: number[] = []
    const app = await build(t, {
      fast,
      namespaces: { '/chat': { events: { count: { handler: (payload) => void handled.push(payload as number) } } } },
      limits: { eventsPerSecond: 0, eventsInFlight: 0 },
    })
    const socket = join(t, `http://127.0.0.1:${await listen(app)}`, '/chat')
    const received: number[] = []
    socket.on('number', (number) => received.push(number))
    await next(socket, 'connect')
    const [server] = [...app.io.of('/chat').sockets.values()]
    let sent = 0
    const talk = () => {
      socket.emit('count', sent)
      server?.emit('number', sent)
      sent++
    }
    while (connectionOf(server as never).transport.name === 'polling') {
      talk()
      await nextLoop()
    }
    for (let rest = 100; rest > 0; rest--) {
      talk()
      if (rest % 7 === 0) await nextLoop()
    }
    await holds(() => handled.length >= sent && received.length >= sent)
    t.strictSame(handled, numbers(sent))
    t.strictSame(received, numbers(sent))
    t.equal(isFast(server as never), fast)
  },
)

inBothModes(
  'a client that resets its connection during a write is disconnected, and no other is affected',
  async (t, fast) => {
    const { app, port, wire, socket } = await stage(t, {}, { fast })
    const { wire: other } = await enter(t, app, port)
    const gone = once(socket, 'disconnect')
    wire.tcp.socket.resetAndDestroy()
    while (socket.connected) {
      app.io.of('/chat').emit('chunk', 'x'.repeat(1_000))
      await nextLoop()
    }
    t.match((await gone)[0], /^transport (close|error)$/)
    app.io.of('/chat').emit('last')
    t.ok((await until(other, event('last'))).length > 1)
  },
)

inBothModes('a WebSocket ping is answered between two acks', async (t, fast) => {
  const { wire } = await stage(t, { events: { echo: { handler: (payload) => payload } } }, { fast })
  const pong = frame(OPCODE.pong, 'x', { isMasked: false })
  wire.tcp.write(chunkOf('42/chat,1["echo",1]', frame(OPCODE.ping, 'x'), '42/chat,2["echo",2]'))
  const bytes = await wire.tcp.take((bytes) => (bytes.includes('"data":2}') ? [bytes, Buffer.alloc(0)] : undefined))
  t.ok(bytes?.includes(pong), 'the pong is complete')
})

inBothModes('a client in this process receives all emits and acks', async (t, fast) => {
  const app = await build(t, {
    fast,
    namespaces: { '/chat': { events: { echo: { handler: (payload) => payload } } } },
  })
  const socket = await app.injectSocket('/chat')
  const heard: unknown[] = []
  socket.on('to all', (value) => heard.push(value))
  const replies = numbers(50).map((number) => {
    app.io.of('/chat').emit('to all', number)
    return socket.emitWithAck('echo', number % 3 === 0 ? Buffer.from([number]) : number)
  })
  const data = (await Promise.all(replies)).map((reply) => (reply as { data: unknown }).data)
  t.strictSame(
    data,
    numbers(50).map((number) => (number % 3 === 0 ? Buffer.from([number]) : number)),
  )
  t.strictSame(heard, numbers(50))
})

inBothModes('socket.io-client receives the same acks on every transport', async (t, fast) => {
  const app = await build(t, {
    fast,
    namespaces: { '/chat': { events: { echo: { handler: (payload) => payload } } } },
  })
  const url = `http://127.0.0.1:${await listen(app)}`
  for (const transports of [['polling'], ['websocket'], ['polling', 'websocket']]) {
    const manager = new Manager(url, { transports, reconnection: false })
    const socket = manager.socket('/chat')
    t.teardown(() => socket.disconnect())
    for (const value of [null, 'ä', [1], { a: Buffer.from('x') }]) {
      t.strictSame(await socket.timeout(60_000).emitWithAck('echo', value), { ok: true, data: value })
    }
    socket.disconnect()
  }
})

for (const name of ['flush', 'drain', 'packetCreate']) {
  inBothModes(`an event is acked once, although a listener of ${name} throws`, async (t, fast) => {
    const { wire, socket, app, port } = await stage(
      t,
      { events: { echo: { handler: (payload) => payload } } },
      { fast, io: { transports: ['websocket'] } },
    )
    connectionOf(socket).once(name, () => {
      throw new Error('a fault')
    })
    wire.tcp.write(chunkOf('42/chat,1["echo",1]', '42/chat,2["echo",2]'))
    const other = await enter(t, app, port)
    other.wire.say('42/chat,1["echo",1]')
    t.equal(await other.wire.next(), '43/chat,1[{"ok":true,"data":1}]', 'another connection')
    wire.say('42/chat,3["echo",3]')
    const acks = await until(wire, '43/chat,3[{"ok":true,"data":3}]')
    t.equal(new Set(acks).size, acks.length)
    t.notOk(acks.some((ack) => String(ack).includes('"ok":false')))
  })
}

inBothModes(
  'an event has no second ack, although a listener of drain throws at the first part of one with an attachment',
  async (t, fast) => {
    const { wire, socket } = await stage(
      t,
      { events: { blob: { handler: () => Buffer.from('x') }, echo: { handler: (payload) => payload } } },
      { fast, io: { transports: ['websocket'] } },
    )
    connectionOf(socket).once('drain', () => {
      throw new Error('a fault')
    })
    wire.say('42/chat,1["blob",1]')
    wire.say('42/chat,2["echo",2]')
    const acks = await until(wire, '43/chat,2[{"ok":true,"data":2}]')
    t.notOk(acks.some((ack) => String(ack).includes('"ok":false')))
  },
)

t.test('a listener of drain that throws while a batch is written ends its connection, and is logged', async (t) => {
  const { lines, logger } = logLines()
  const app = await build(
    t,
    { fast: true, namespaces: { '/chat': { events: { echo: { handler: (payload) => payload } } } } },
    undefined,
    { logger },
  )
  const port = await listen(app)
  const [one, other] = [await enter(t, app, port), await enter(t, app, port)]
  one.socket.emit('news')
  connectionOf(one.socket).once('drain', () => {
    throw new Error('a fault')
  })
  other.socket.emit('news')
  t.equal(await other.wire.next(), event('news'))
  await holds(() => !one.socket.connected)
  t.ok(lines.some(({ msg }) => msg === 'connection closed: one of its listeners failed'))
})
