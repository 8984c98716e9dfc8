import type { FastifyInstance } from 'fastify'
import { Server, type Socket as ServerSocket } from 'socket.io'
import { Adapter, SessionAwareAdapter } from 'socket.io-adapter'
import type { Socket } from 'socket.io-client'
import { PacketType } from 'socket.io-parser'
import t, { type Test } from 'tap'
import WebSocket from 'ws'
import { z } from 'zod'
import type { AnyNamespaceDefinition, NamespacesOptions } from '../../../../plugin/index.js'
import { RecoveringAdapter } from '../../../../plugin/sockets/recovery/recovery-adapter.js'
import { withRecovery } from '../../../../plugin/sockets/recovery/recovery-options.js'
import { build, heard, join, listen, next, TRANSPORTS, until, WEBSOCKET } from '../../harness.js'

/** Serves definitions with recovery on. `lines` are the log entries. */
async function serve(
  t: Test,
  namespaces: Record<string, AnyNamespaceDefinition>,
  { io, ...options }: NamespacesOptions = {},
) {
  const lines: Record<string, unknown>[] = []
  const logger = { level: 'info', stream: { write: (line: string) => void lines.push(JSON.parse(line)) } }
  const app = await build(t, { ...options, io: { connectionStateRecovery: {}, ...io }, namespaces }, undefined, {
    logger,
  })
  return { app, lines, url: `http://127.0.0.1:${await listen(app)}` }
}

/** Joins, and collects what the socket receives from then on: each event with its arguments, without the offset. */
async function hear(t: Test, url: string, name: string, options: Parameters<typeof join>[3] = {}) {
  const socket = join(t, url, name, { transports: ['websocket'], ...options })
  const events: unknown[][] = []
  socket.onAny((event, ...args) => events.push([event, ...args.slice(0, -1)]))
  await next(socket, 'connect')
  return { socket, events }
}

/** Destroys the connection of a socket; resolves when both ends have noticed. */
async function lose(app: FastifyInstance, socket: Socket, name: string): Promise<void> {
  const { id } = socket
  const gone = next(socket, 'disconnect')
  socket.io.engine.close()
  await gone
  await until(() => !app.io.of(name).sockets.has(id as string))
}

async function comeBack(socket: Socket): Promise<boolean> {
  const back = next(socket, 'connect')
  socket.connect()
  await back
  return socket.recovered
}

function adapterOf(app: FastifyInstance, name: string): RecoveringAdapter {
  return app.io.of(name).adapter as unknown as RecoveringAdapter
}

/** The only socket of a namespace. */
function onlySocket(app: FastifyInstance, name: string): ServerSocket {
  return [...app.io.of(name).sockets.values()][0] as ServerSocket
}

for (const transports of TRANSPORTS) {
  t.test(
    `a recovered socket keeps its id, rooms and data, and receives what it has missed: ${transports}`,
    async (t) => {
      const calls: string[] = []
      const { app, url } = await serve(t, {
        '/chat': {
          onRequest: async () => void calls.push('admission'),
          onConnect: ({ socket }) => {
            calls.push('onConnect')
            socket.join('members')
            socket.data.seat = 7
          },
          onRecover: ({ socket, params, request, emit }) => {
            calls.push('onRecover')
            emit('welcome', [socket.recovered, socket.data, socket.rooms.has('members'), params, request.method])
          },
        },
      })
      const { socket, events } = await hear(t, url, '/chat', { transports: [...transports] })
      const { id } = socket
      const first = next(socket, 'news')
      app.io.of('/chat').emit('news', 0)
      await first
      await lose(app, socket, '/chat')
      for (const each of [1, 2, 3]) app.io.of('/chat').to('members').emit('news', each)
      const welcome = next(socket, 'welcome')
      t.ok(await comeBack(socket))
      await welcome
      t.equal(socket.id, id)
      t.strictSame(events, [
        ['news', 0],
        ['news', 1],
        ['news', 2],
        ['news', 3],
        ['welcome', [true, { seat: 7 }, true, {}, 'CONNECT']],
      ])
      t.strictSame(calls, ['admission', 'onConnect', 'admission', 'onRecover'])
    },
  )
}

t.test('a client that reconnects by itself is recovered', async (t) => {
  const { app, url } = await serve(t, { '/chat': {} })
  const { socket, events } = await hear(t, url, '/chat', { reconnection: true, reconnectionDelay: 10 })
  const { id } = socket
  // An event that may or may not have arrived.
  app.io.of('/chat').emit('news', 1)
  onlySocket(app, '/chat').conn.close(true)
  app.io.of('/chat').emit('news', 2)
  await until(() => events.length === 2)
  await until(() => socket.connected)
  t.ok(socket.recovered)
  t.equal(socket.id, id)
  t.strictSame(events, [
    ['news', 1],
    ['news', 2],
  ])
})

t.test(
  'a client that is refused when it reconnects is not recovered, and receives nothing that it has missed',
  async (t) => {
    let isRevoked = false
    const { app, url } = await serve(t, {
      '/chat': {
        onRequest: async (_request, reply) => {
          if (isRevoked) return reply.code(401).send({ code: 'REVOKED', message: 'Revoked' })
        },
      },
    })
    const { socket } = await hear(t, url, '/chat', { auth: { token: 'a' } })
    await lose(app, socket, '/chat')
    app.io.of('/chat').emit('secret', 1)
    isRevoked = true
    const packets: number[] = []
    socket.io.on('packet' as never, ((packet: { type: number }) => packets.push(packet.type)) as never)
    await t.rejects(comeBack(socket), { message: 'Revoked', data: { code: 'REVOKED', statusCode: 401 } })
    t.strictSame(packets, [PacketType.CONNECT_ERROR])
  },
)

t.test(
  'a client that a plain middleware refuses is not recovered; its session stays recoverable until it is admitted',
  async (t) => {
    let isRefused = false
    const { app, url } = await serve(t, { '/chat': {} })
    app.io.of('/chat').use((_socket, next) => next(isRefused ? new Error('Not now') : undefined))
    const { socket, events } = await hear(t, url, '/chat')
    const { id } = socket
    await lose(app, socket, '/chat')
    app.io.of('/chat').emit('news', 1)
    isRefused = true
    const packets: number[] = []
    socket.io.on('packet' as never, ((packet: { type: number }) => packets.push(packet.type)) as never)
    await t.rejects(comeBack(socket), { message: 'Not now' })
    t.strictSame(packets, [PacketType.CONNECT_ERROR])
    t.match(adapterOf(app, '/chat').size, { sessions: 1, sockets: 0 })
    isRefused = false
    t.ok(await comeBack(socket))
    t.equal(socket.id, id)
    t.strictSame(events, [['news', 1]])
  },
)

t.test('an event that is sent while a socket is being recovered arrives, too', async (t) => {
  let letIn: (() => void) | undefined
  let isSlow = false
  const { app, url } = await serve(t, { '/chat': {} })
  app.io.of('/chat').use((_socket, next) => {
    if (isSlow) letIn = () => next()
    else next()
  })
  const { socket, events } = await hear(t, url, '/chat')
  await lose(app, socket, '/chat')
  isSlow = true
  app.io.of('/chat').emit('news', 1)
  const back = comeBack(socket)
  await until(() => letIn !== undefined)
  app.io.of('/chat').emit('news', 2)
  t.equal(adapterOf(app, '/chat').size.sessions, 1)
  letIn?.()
  t.ok(await back)
  t.strictSame(events, [
    ['news', 1],
    ['news', 2],
  ])
})

t.test('a namespace that has not sent an event yet recovers, with and without a definition', async (t) => {
  const { app, url } = await serve(t, { '/chat': {} })
  app.io.of('/plain').on('connection', (socket) => void socket.join('early'))
  for (const name of ['/chat', '/plain']) {
    const { socket, events } = await hear(t, url, name)
    const { id } = socket
    await lose(app, socket, name)
    t.ok(await comeBack(socket), name)
    t.equal(socket.id, id)
    await lose(app, socket, name)
    app.io.of(name).emit('news', 1)
    t.ok(await comeBack(socket), name)
    t.strictSame(events, [['news', 1]])
    t.equal(onlySocket(app, name).rooms.has('early'), name === '/plain')
  }
})

t.test('a recovered socket does not receive what its rooms were sent before it joined them', async (t) => {
  const { app, url } = await serve(t, { '/chat': {} })
  const { socket, events } = await hear(t, url, '/chat')
  const server = onlySocket(app, '/chat')
  // One socket is in the room.
  await hear(t, url, '/chat')
  app.io.of('/chat').to('late').emit('news', 'before')
  void server.join(['late', 'left'])
  await lose(app, socket, '/chat')
  app.io.of('/chat').to('late').emit('news', 'after')
  void server.leave('left')
  t.ok(await comeBack(socket))
  t.strictSame(events, [['news', 'after']])
})

t.test('rooms and exceptions are respected; volatile emits, and emits with an ack, are not sent again', async (t) => {
  const { app, url } = await serve(t, { '/chat': {} })
  const { socket, events } = await hear(t, url, '/chat')
  const server = onlySocket(app, '/chat')
  void server.join(['a', 'muted', 'left'])
  void server.leave('left')
  const own = server.id
  const other = await hear(t, url, '/chat')
  await lose(app, socket, '/chat')
  const chat = app.io.of('/chat')
  chat.to('a').emit('news', 'a room of its own')
  chat.to('b').emit('news', 'no room of its own')
  chat.to(['a', 'b']).emit('news', 'once')
  chat.to('left').emit('news', 'a room that it has left')
  chat.except('b').emit('news', 'all but others')
  chat.except('muted').emit('news', 'all but it')
  chat.to('a').except('muted').emit('news', 'its room but it')
  chat.to(own).emit('news', 'to its id')
  chat.volatile.emit('news', 'volatile')
  t.strictSame(await chat.to('a').timeout(1).emitWithAck('news', 'ack'), [])
  app.io.emit('news', 'another namespace')
  t.ok(await comeBack(socket))
  const heard = ['a room of its own', 'once', 'all but others', 'to its id']
  t.strictSame(
    events,
    heard.map((text) => ['news', text]),
  )
  await until(() => other.events.length >= 2)
  t.match(other.events, [['news', 'all but others']], 'a socket that was connected does not receive it again')
})

t.test('an emit that is not kept has an offset, too, so that its string is not taken for one', async (t) => {
  const { app, url } = await serve(t, { '/chat': {} })
  const { socket, events } = await hear(t, url, '/chat')
  const chat = app.io.of('/chat')
  chat.emit('news', 1)
  await until(() => events.length === 1 && onlySocket(app, '/chat').conn.transport.writable)
  const arrived = next(socket, 'tick')
  chat.volatile.emit('tick', 'tock')
  t.match(await arrived, ['tock', /^[0-9a-f]+-\d+\.1$/])
  await lose(app, socket, '/chat')
  chat.emit('news', 2)
  t.ok(await comeBack(socket))
  t.strictSame(events, [
    ['news', 1],
    ['tick', 'tock'],
    ['news', 2],
  ])
})

t.test('an emit is checked once, and arrives later as it was sent', async (t) => {
  let checks = 0
  const count = z.object({ count: z.number(), part: z.instanceof(Buffer).optional() }).transform((value) => {
    checks++
    return value
  })
  const { app, url } = await serve(t, {
    '/chat': { emits: { count: { payload: count }, ping: { payload: z.undefined() } } },
  })
  const { socket, events } = await hear(t, url, '/chat')
  await lose(app, socket, '/chat')
  const payload = { count: 1, part: Buffer.from([1, 2]) }
  app.io.of('/chat').emit('count', payload)
  payload.count = 2
  t.throws(() => app.io.of('/chat').emit('count', 'not a count'), { code: 'FST_NSP_EMIT_INVALID' })
  app.io.of('/chat').emit('ping')
  t.ok(await comeBack(socket))
  t.equal(checks, 1)
  t.strictSame(events, [
    ['count', { count: 1, part: Buffer.from([1, 2]) }],
    ['ping', null],
  ])
})

t.test(
  'a session that is lost in its onConnect is not recovered; one that is lost in its onRecover is recovered again',
  async (t) => {
    const calls: string[] = []
    const releases: (() => void)[] = []
    const wait = () => new Promise<void>((resolve) => void releases.push(resolve))
    const { app, url } = await serve(t, {
      '/chat': {
        onConnect: async () => {
          calls.push('onConnect')
          if (calls.length === 1) await wait()
        },
        onRecover: async () => {
          calls.push('onRecover')
          await wait()
        },
      },
    })
    const { socket } = await hear(t, url, '/chat')
    await lose(app, socket, '/chat')
    t.notOk(await comeBack(socket))
    await lose(app, socket, '/chat')
    t.ok(await comeBack(socket))
    await lose(app, socket, '/chat')
    t.ok(await comeBack(socket))
    t.strictSame(calls, ['onConnect', 'onConnect', 'onRecover', 'onRecover'])
    for (const release of releases) release()
  },
)

t.test('a socket that has left, or was disconnected, has no recoverable session', async (t) => {
  const { app, url } = await serve(t, { '/chat': {} })
  const { socket } = await hear(t, url, '/chat')
  socket.disconnect()
  await until(() => app.io.of('/chat').sockets.size === 0)
  t.notOk(await comeBack(socket))
  const gone = next(socket, 'disconnect')
  onlySocket(app, '/chat').disconnect()
  await gone
  t.strictSame(adapterOf(app, '/chat').size, { sessions: 0, sockets: 0, events: 0 })
  t.notOk(await comeBack(socket))
})

t.test(
  'a dynamic namespace stays open while a session is recoverable, and is closed when the last has expired',
  async (t) => {
    const { app, url } = await serve(
      t,
      { '/orgs/:orgId': { onRecover: ({ params, emit }) => emit('back', params) } },
      { io: { connectionStateRecovery: { maxDisconnectionDuration: 500 } } },
    )
    const { socket } = await hear(t, url, '/orgs/42')
    const child = app.io.of('/orgs/42')
    await lose(app, socket, '/orgs/42')
    t.ok(adapterOf(app, '/orgs/42').pendingMs() > 0)
    const back = next(socket, 'back')
    t.ok(await comeBack(socket))
    t.equal(app.io.of('/orgs/42'), child)
    t.strictSame((await back)[0], { orgId: '42' })
    await lose(app, socket, '/orgs/42')
    t.ok(app.io._nsps.has('/orgs/42'))
    await until(() => !app.io._nsps.has('/orgs/42'))
    t.strictSame((child.adapter as unknown as RecoveringAdapter).size, { sessions: 0, sockets: 0, events: 0 })
    t.notOk(await comeBack(socket))
  },
)

t.test('a recoverable session expires', async (t) => {
  const { app, url } = await serve(
    t,
    { '/chat': {} },
    { io: { connectionStateRecovery: { maxDisconnectionDuration: 5 } } },
  )
  const { socket } = await hear(t, url, '/chat')
  const { id } = socket
  await lose(app, socket, '/chat')
  await until(() => adapterOf(app, '/chat').pendingMs() === 0)
  t.notOk(await comeBack(socket))
  t.not(socket.id, id)
})

t.test('a session is recovered only with its private id and an offset that was sent', async (t) => {
  const { app, url } = await serve(t, { '/chat': {} })
  const { socket } = await hear(t, url, '/chat')
  const { id } = socket
  const { _pid: pid } = socket as unknown as { _pid: string }
  await lose(app, socket, '/chat')
  const wrong = [{ pid, offset: 'tock' }, { pid, offset: '9' }, { pid: [pid] }, { pid: 'another' }, { offset: '' }]
  for (const auth of wrong) t.not((await hear(t, url, '/chat', { auth })).socket.id, id)
  t.equal((await hear(t, url, '/chat', { auth: { pid } })).socket.id, id)
})

t.test('a thousand lost connections leave nothing behind', async (t) => {
  const { app, url } = await serve(t, { '/chat': {} })
  const clients = await Promise.all(Array.from({ length: 20 }, () => hear(t, url, '/chat')))
  for (let round = 0; round < 50; round++) {
    await Promise.all(clients.map(({ socket }) => lose(app, socket, '/chat')))
    if (round % 10 === 0) app.io.of('/chat').emit('news', round)
    t.notOk((await Promise.all(clients.map(({ socket }) => comeBack(socket)))).includes(false))
  }
  const news = [0, 10, 20, 30, 40].map((round) => ['news', round])
  for (const { events } of clients) t.strictSame(events, news)
  t.strictSame(adapterOf(app, '/chat').size, { sessions: 0, sockets: 20, events: 5 })
  for (const { socket } of clients) socket.disconnect()
  await until(() => app.io.of('/chat').sockets.size === 0)
  t.match(adapterOf(app, '/chat').size, { sessions: 0, sockets: 0 })
})

t.test('a session that is lost again while it is recovered stays recoverable', async (t) => {
  let isSlow = false
  let letIn: (() => void) | undefined
  const { app, url } = await serve(t, { '/chat': {} })
  app.io.of('/chat').use((_socket, next) => {
    if (isSlow) letIn = () => next()
    else next()
  })
  const { socket } = await hear(t, url, '/chat')
  const { _pid: pid } = socket as unknown as { _pid: string }
  await lose(app, socket, '/chat')
  isSlow = true
  const raw = new WebSocket(url.replace('http', 'ws') + WEBSOCKET)
  await heard(raw, 'message')
  raw.send(`40/chat,${JSON.stringify({ pid })}`)
  await until(() => letIn !== undefined)
  raw.terminate()
  await until(() => app.io.engine.clientsCount === 0)
  letIn?.()
  isSlow = false
  await until(() => adapterOf(app, '/chat').size.sockets === 0)
  t.ok(await comeBack(socket))
})

t.test('an adapter that recovers no session is logged at boot, once and by its name', async (t) => {
  class ForgetfulAdapter extends Adapter {}
  const warnings = async (io: NamespacesOptions['io'] = {}) => {
    const { lines } = await serve(t, { '/': {}, '/chat': {} }, { io })
    return lines.filter(({ level }) => level === 40)
  }
  t.match(await warnings({ adapter: ForgetfulAdapter as never }), [
    { adapter: 'ForgetfulAdapter', msg: /^connectionStateRecovery is on, but the adapter recovers no session/ },
  ])
  t.strictSame(await warnings(), [])
  t.strictSame(await warnings({ adapter: SessionAwareAdapter as never }), [])
  t.strictSame(await warnings({ adapter: ForgetfulAdapter as never, connectionStateRecovery: undefined as never }), [])
})

t.test("the application's own adapter still recovers what it can", async (t) => {
  const { app, url } = await serve(t, { '/chat': {} }, { io: { adapter: SessionAwareAdapter as never } })
  const { socket, events } = await hear(t, url, '/chat')
  await lose(app, socket, '/chat')
  t.notOk(await comeBack(socket), 'it can not without an offset')
  app.io.of('/chat').emit('news', 1)
  await until(() => events.length === 1)
  await lose(app, socket, '/chat')
  t.ok(await comeBack(socket))
})

t.test('without recovery nothing is kept, and an emit has no offset', async (t) => {
  const { app, url } = await serve(t, { '/chat': {} }, { io: { connectionStateRecovery: undefined as never } })
  const { socket } = await hear(t, url, '/chat')
  const news = next(socket, 'news')
  app.io.of('/chat').emit('news', 1)
  t.strictSame(await news, [1])
  await lose(app, socket, '/chat')
  t.notOk(await comeBack(socket))
  t.notOk(app.io.of('/chat').adapter instanceof RecoveringAdapter)
})

t.test('events are kept as long as they may be missed, sessions until they expire, both without a timer', async (t) => {
  const timers = () => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length
  const before = timers()
  let now = 0
  const options = {
    connectionStateRecovery: { maxDisconnectionDuration: 600 },
    pingInterval: 100,
    pingTimeout: 100,
  }
  const io = new Server(
    withRecovery(options, { isJoined: () => true, ownerOf: () => 'user ada', now: () => now, limit: 0 }),
  )
  const adapter = io.of('/').adapter as unknown as RecoveringAdapter
  const broadcast = (rooms: string[] = []) =>
    adapter.broadcast({ type: PacketType.EVENT, nsp: '/', data: ['news'] }, { rooms: new Set(rooms) })
  const session = (id: string) => ({ sid: id, pid: `pid-${id}`, rooms: [id], data: {} })

  broadcast()
  t.equal(adapter.size.events, 0, 'no session can miss it')
  adapter.addAll('a', new Set(['a']))
  adapter.addAll('b', new Set(['b']))
  broadcast()
  now = 100
  broadcast()
  adapter.persistSession(session('a'))
  adapter.delAll('a')
  adapter.del('a', 'a')
  t.equal(adapter.pendingMs(), 600)
  now = 300
  adapter.persistSession(session('b'))
  adapter.delAll('b')
  t.equal(adapter.pendingMs(), 600)
  now = 699
  broadcast()
  t.strictSame(adapter.size, { sessions: 2, sockets: 0, events: 3 })
  t.ok(await adapter.restoreSession('pid-a', ''), 'its oldest offset')
  adapter.delAll('a')
  now = 700
  t.equal(await adapter.restoreSession('pid-a', ''), null)
  t.equal(adapter.pendingMs(), 200, 'the last one counts')
  now = 850
  broadcast()
  t.strictSame(adapter.size, { sessions: 1, sockets: 0, events: 3 }, 'the first event is dropped')
  now = 900
  t.equal(adapter.pendingMs(), 0)
  now = 2_000
  broadcast()
  t.strictSame(adapter.size, { sessions: 0, sockets: 0, events: 0 })
  adapter.addAll('c', new Set(['c']))
  adapter.close()
  t.strictSame(adapter.size, { sessions: 0, sockets: 0, events: 0 })
  adapter.persistSession(session('c'))
  t.strictSame(adapter.size, { sessions: 0, sockets: 0, events: 0 }, 'a closed adapter keeps nothing')
  t.equal(timers(), before)
})

t.test('an offset of an earlier process is ignored: no socket is recovered with a gap', async (t) => {
  // Before the restart.
  const former = await serve(t, { '/chat': {} })
  const { socket, events } = await hear(t, former.url, '/chat')
  for (let count = 1; count <= 7; count++) former.app.io.of('/chat').emit('news', count)
  await until(() => events.length === 7)
  const { _lastOffset: offset } = socket as unknown as { _lastOffset: string }
  socket.disconnect()

  const { app, url } = await serve(t, { '/chat': {} })
  const { socket: anew, events: heard } = await hear(t, url, '/chat')
  // Socket.IO's client keeps its offset across servers.
  Object.assign(anew, { _lastOffset: offset })
  await lose(app, anew, '/chat')
  for (let count = 1; count <= 10; count++) app.io.of('/chat').emit('news', count)
  t.ok(await comeBack(anew))
  t.strictSame(
    heard,
    Array.from({ length: 10 }, (_, index) => ['news', index + 1]),
  )
})

t.test('an offset of a namespace that was closed and made again is ignored, too', async (t) => {
  const { app, url } = await serve(t, { '/orgs/:id': {} })
  const { socket, events } = await hear(t, url, '/orgs/1')
  for (let count = 1; count <= 3; count++) app.io.of('/orgs/1').emit('news', count)
  await until(() => events.length === 3)
  socket.disconnect()
  await until(() => !app.io._nsps.has('/orgs/1'))
  const back = next(socket, 'connect')
  socket.connect()
  await back
  await lose(app, socket, '/orgs/1')
  for (let count = 4; count <= 8; count++) app.io.of('/orgs/1').emit('news', count)
  t.ok(await comeBack(socket))
  t.strictSame(
    events.slice(3),
    [4, 5, 6, 7, 8].map((count) => ['news', count]),
  )
})

t.test(
  'the bytes that are kept for recovery are limited: a client that has missed a dropped event joins anew',
  async (t) => {
    const { app, url } = await serve(t, { '/chat': {}, '/other': {} }, { limits: { recoveryBytes: 100_000 } })
    const adapter = adapterOf(app, '/chat')
    const { socket, events } = await hear(t, url, '/chat')
    const other = await hear(t, url, '/other')
    app.io.of('/other').emit('news', 'small')
    await until(() => other.events.length === 1)
    const { id } = socket
    await lose(app, socket, '/chat')
    for (let count = 0; count < 500; count++) {
      app.io.of('/chat').emit('news', 'x'.repeat(1_000))
      t.ok(adapter.bytes <= 100_000)
    }
    t.ok(adapter.size.events > 0 && adapter.size.events < 100)
    t.notOk(await comeBack(socket), 'it is not recovered')
    t.not(socket.id, id)
    t.strictSame(events, [], 'and receives no missed event')
    // Later events are recovered again, and in the other namespace nothing was missed.
    await lose(app, socket, '/chat')
    app.io.of('/chat').emit('news', 'new')
    t.ok(await comeBack(socket))
    t.strictSame(events, [['news', 'new']])
    await lose(app, other.socket, '/other')
    t.ok(await comeBack(other.socket))
  },
)

t.test('small events count, too: a kept event takes more than its bytes', async (t) => {
  const { app, url } = await serve(t, { '/chat': {} }, { limits: { recoveryBytes: 1_000_000 } })
  await hear(t, url, '/chat')
  const adapter = adapterOf(app, '/chat')
  for (let count = 0; count < 5_000; count++)
    app.io
      .of('/chat')
      .to(`room ${count % 50}`)
      .emit('e')
  t.ok(adapter.size.events < 2_000, `${adapter.size.events} are kept`)
})

t.test('recoverable sessions count, too: the oldest are dropped', async (t) => {
  const { app, url } = await serve(t, { '/chat': {} }, { limits: { recoveryBytes: 20_000 } })
  const clients: Socket[] = []
  for (let count = 0; count < 30; count++) {
    const { socket } = await hear(t, url, '/chat')
    clients.push(socket)
    await lose(app, socket, '/chat')
  }
  const adapter = adapterOf(app, '/chat')
  t.ok(adapter.size.sessions > 10 && adapter.size.sessions <= 20, `${adapter.size.sessions} wait`)
  t.notOk(await comeBack(clients[0] as Socket))
  t.ok(await comeBack(clients.at(-1) as Socket))
})

t.test(
  'if a missed event is dropped while a session is being recovered, the session is lost again: it never has a gap',
  async (t) => {
    const { app, url } = await serve(t, { '/chat': {} }, { limits: { recoveryBytes: 20_000 } })
    let isHeld = false
    const held: (() => void)[] = []
    app.io.of('/chat').use((_socket, next) => {
      if (isHeld) held.push(next)
      else next()
    })
    const { socket, events } = await hear(t, url, '/chat')
    await lose(app, socket, '/chat')
    app.io.of('/chat').emit('news', 'first')
    isHeld = true
    const back = next(socket, 'connect')
    socket.connect()
    await until(() => held.length > 0)
    for (let count = 0; count < 50; count++) app.io.of('/chat').emit('news', 'x'.repeat(1_000))
    isHeld = false
    for (const letIn of held) letIn()
    await back
    t.ok(socket.recovered)
    await next(socket, 'disconnect')
    t.strictSame(events, [])
    t.notOk(await comeBack(socket), 'this time it is not recovered')
  },
)

t.test(
  'a client that reconnects as another user joins anew, and receives nothing that the former user has missed',
  async (t) => {
    const { app, url } = await serve(
      t,
      { '/chat': { onConnect: ({ socket, request }) => void socket.join(`user:${Object(request.body).user}`) } },
      { userIdOf: ({ body }) => Object(body).user },
    )
    app.io.of('/plain').on('connection', () => {})
    const { socket, events } = await hear(t, url, '/chat', { auth: { user: 'ada' } })
    const { id } = socket
    await lose(app, socket, '/chat')
    app.io.of('/chat').to('user:ada').emit('secret', 1)
    socket.auth = { user: 'cleo' }
    t.notOk(await comeBack(socket))
    t.not(socket.id, id)
    await lose(app, socket, '/chat')
    app.io.of('/chat').to('user:cleo').emit('own', 2)
    t.ok(await comeBack(socket), 'the same user is recovered')
    t.strictSame(events, [['own', 2]])
  },
)

t.test('in a namespace without a definition, the user of the handshake decides', async (t) => {
  const { app, url } = await serve(t, {}, { userIdOf: ({ query }) => Object(query).user })
  app.io.of('/plain').on('connection', () => {})
  const { socket, events } = await hear(t, url, '/plain', { query: { user: 'ada' } })
  await lose(app, socket, '/plain')
  app.io.of('/plain').emit('secret', 1)
  socket.io.opts.query = { user: 'cleo' }
  t.notOk(await comeBack(socket))
  await lose(app, socket, '/plain')
  t.ok(await comeBack(socket))
  t.strictSame(events, [])
})
