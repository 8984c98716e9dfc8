import type { FastifyInstance } from 'fastify'
import type { Socket as ServerSocket } from 'socket.io'
import type { Manager, Socket } from 'socket.io-client'
import t, { type Test } from 'tap'
import type { AnyNamespaceDefinition, NamespacesOptions } from '../../../../plugin/index.js'
import { build, join, listen, next, TRANSPORTS, until } from '../../harness.js'
import { createStallingProxy } from '../../stalling-proxy.js'

/*
 * A client whose connection is lost is back before the server has noticed the loss: it takes its socket over.
 */

async function serve(t: Test, namespaces: Record<string, AnyNamespaceDefinition>, options: NamespacesOptions = {}) {
  const io = { connectionStateRecovery: {}, cors: { origin: ['https://a.test', 'https://b.test'] } }
  const app = await build(t, { ...options, io, namespaces })
  const port = await listen(app)
  return { app, port, proxy: await createStallingProxy(t, port) }
}

/** Joins, and collects the events that arrive, without their offsets. The client reconnects by itself, as the stock one does. */
async function hear(t: Test, url: string, name: string, options: Parameters<typeof join>[3] = {}) {
  const socket = join(t, url, name, { transports: ['websocket'], reconnection: true, reconnectionDelay: 5, ...options })
  const { events, ids } = listenTo(socket)
  await next(socket, 'connect')
  return { socket, events, ids }
}

function listenTo(socket: Socket) {
  const events: unknown[] = []
  const ids: unknown[] = []
  socket.onAny((_event, ...args) => events.push(args[0]))
  socket.on('connect', () => ids.push(socket.id))
  return { events, ids }
}

function socketsOf(app: FastifyInstance, name: string): ServerSocket[] {
  return [...app.io.of(name).sockets.values()]
}

/** Notes what runs. */
function noted(calls: string[]) {
  return {
    onConnect: ({ socket }: { socket: ServerSocket }) => {
      calls.push('onConnect')
      socket.data.seat = 7
      return socket.join('members')
    },
    onRecover: ({ socket }: { socket: ServerSocket }) => void calls.push(`onRecover ${socket.data.seat}`),
    onDisconnect: ({ reason }: { reason: string }) => void calls.push(`onDisconnect ${reason}`),
  }
}

function pidOf(socket: Socket): string {
  return (socket as unknown as { readonly _pid: string })._pid
}

for (const transports of TRANSPORTS) {
  t.test(
    `a client that is back before its loss was noticed takes its socket over, and misses nothing: ${transports}`,
    async (t) => {
      const calls: string[] = []
      const { app, proxy } = await serve(t, { '/chat': noted(calls) })
      const { socket, events, ids } = await hear(t, proxy.url, '/chat', { transports: [...transports] })
      if (transports.length > 1) await until(() => socket.io.engine.transport.name === 'websocket')
      const chat = app.io.of('/chat')
      for (const each of [1, 2]) chat.emit('news', each)
      await until(() => events.length === 2)
      proxy.stall()
      for (const each of [3, 4]) chat.to('members').emit('news', each)
      proxy.lose()
      chat.emit('news', 5)
      await until(() => ids.length === 2)
      for (const each of [6, 7]) chat.to('members').emit('news', each)
      await until(() => events.length >= 7)
      t.strictSame(events, [1, 2, 3, 4, 5, 6, 7])
      t.ok(socket.recovered)
      t.equal(ids[0], ids[1])
      t.strictSame(
        socketsOf(app, '/chat').map(({ id }) => id),
        [ids[0]],
      )
      t.strictSame(calls, ['onConnect', 'onDisconnect transport close', 'onRecover 7'].sort(), 'each once')
      t.equal(app.io.engine.clientsCount, 1)
    },
  )
}

t.test('the connection of a socket that is taken over ends at once, and nothing is written to it', async (t) => {
  const { proxy } = await serve(t, { '/chat': {} })
  const { ids } = await hear(t, proxy.url, '/chat')
  t.equal(proxy.open, 1)
  proxy.lose()
  await until(() => ids.length === 2)
  await until(() => proxy.open === 1)
  t.equal(proxy.lostBytes, 0)
})

t.test('all sockets of a lost connection are taken over, one after another', async (t) => {
  const calls: string[] = []
  const { app, proxy } = await serve(t, { '/chat': noted(calls), '/orgs/:id': noted(calls), '/plain': {} })
  const { socket, events, ids } = await hear(t, proxy.url, '/chat')
  const manager: Manager = socket.io
  const others = ['/orgs/1', '/orgs/2', '/plain'].map((name) => {
    const other = manager.socket(name)
    return { name, other, ...listenTo(other) }
  })
  await until(() => others.every(({ other }) => other.connected))
  proxy.stall()
  for (const { name } of others) app.io.of(name).emit('news', name)
  app.io.of('/chat').emit('news', 'chat')
  proxy.lose()
  await until(() => [ids, ...others.map(({ ids }) => ids)].every(({ length }) => length === 2))
  await until(() => [events, ...others.map(({ events }) => events)].every(({ length }) => length > 0))
  t.strictSame(events, ['chat'])
  for (const { name, other, events, ids } of others) {
    t.ok(other.recovered, name)
    t.equal(ids[0], ids[1])
    t.strictSame(events, [name])
    t.equal(socketsOf(app, name).length, 1)
  }
  t.equal(app.io.engine.clientsCount, 1)
})

t.test('a connection that is lost again during its recovery is taken over, too', async (t) => {
  const calls: string[] = []
  const { app, proxy } = await serve(t, { '/chat': noted(calls) })
  const held: (() => void)[] = []
  let isHeld = false
  app.io.of('/chat').use((_socket, pass) => void (isHeld ? held.push(pass) : pass()))
  const { socket, events, ids } = await hear(t, proxy.url, '/chat')
  proxy.lose()
  app.io.of('/chat').emit('news', 1)
  isHeld = true
  await until(() => held.length === 1)
  app.io.of('/chat').emit('news', 2)
  proxy.lose()
  await until(() => held.length === 2)
  app.io.of('/chat').emit('news', 3)
  isHeld = false
  for (const letIn of held) letIn()
  await until(() => events.length === 3)
  t.strictSame(events, [1, 2, 3])
  t.ok(socket.recovered)
  t.equal(ids[0], ids[1])
  await until(() => app.io.engine.clientsCount === 1)
  t.equal(socketsOf(app, '/chat').length, 1)
  t.strictSame(calls, ['onConnect', 'onDisconnect transport close', 'onRecover 7'])
  // And again, when it has just recovered.
  proxy.lose()
  app.io.of('/chat').emit('news', 4)
  await until(() => events.length === 4)
  t.ok(socket.recovered)
})

t.test(
  'a socket whose onConnect has not ended is not taken over: its connection ends, and the client joins anew',
  async (t) => {
    const calls: string[] = []
    const held: (() => void)[] = []
    const { app, proxy } = await serve(t, {
      '/chat': {
        onConnect: async () => {
          calls.push('onConnect')
          await new Promise<void>((resolve) => void held.push(resolve))
        },
        onRecover: () => void calls.push('onRecover'),
        onDisconnect: () => void calls.push('onDisconnect'),
      },
    })
    const { socket, ids } = await hear(t, proxy.url, '/chat')
    await until(() => held.length === 1)
    proxy.lose()
    await until(() => held.length === 2)
    for (const end of held) end()
    await until(() => ids.length === 2 && calls.length === 3)
    t.notOk(socket.recovered)
    t.not(ids[0], ids[1])
    t.strictSame(calls, ['onConnect', 'onConnect', 'onDisconnect'])
    t.equal(socketsOf(app, '/chat').length, 1)
  },
)

t.test('of two connects with one private id, the later one has the socket', async (t) => {
  const calls: string[] = []
  const { app, port, proxy } = await serve(t, { '/chat': noted(calls) })
  const { socket } = await hear(t, proxy.url, '/chat')
  const { id } = socket
  const auth = { pid: pidOf(socket) }
  socket.io.reconnection(false)
  proxy.stall()
  const url = `http://127.0.0.1:${port}`
  const first = await hear(t, url, '/chat', { auth, reconnection: false })
  t.equal(first.socket.id, id)
  const gone = next(first.socket, 'disconnect')
  const second = await hear(t, url, '/chat', { auth, reconnection: false })
  t.match(await gone, ['transport close'])
  t.equal(second.socket.id, id)
  t.strictSame(
    socketsOf(app, '/chat').map((each) => each.id),
    [id],
  )
  app.io.of('/chat').emit('news', 1)
  await until(() => second.events.length === 1)
  t.strictSame(first.events, [])
})

t.test(
  'a private id alone takes nothing over: without a user, User-Agent and Origin have to be the same',
  async (t) => {
    const { app, port, proxy } = await serve(t, { '/chat': {} })
    const browser = { 'user-agent': 'Browser/1', origin: 'https://a.test' }
    const { socket, events } = await hear(t, proxy.url, '/chat', { extraHeaders: browser })
    const auth = { pid: pidOf(socket) }
    const url = `http://127.0.0.1:${port}`
    for (const extraHeaders of [{}, { ...browser, 'user-agent': 'curl' }, { ...browser, origin: 'https://b.test' }]) {
      const thief = await hear(t, url, '/chat', { auth, extraHeaders, reconnection: false })
      t.notOk(thief.socket.recovered)
      t.not(thief.socket.id, socket.id)
      thief.socket.disconnect()
    }
    app.io.of('/chat').emit('news', 1)
    await until(() => events.length === 1)
    t.ok(socket.connected)
    const own = await hear(t, url, '/chat', { auth, extraHeaders: browser, reconnection: false })
    t.equal(own.socket.id, socket.id)
  },
)

t.test('with a user, only the same user takes a socket over, from any client', async (t) => {
  const userIdOf = ({ body }: { body: unknown }) => Object(body).user
  const { app, port, proxy } = await serve(t, { '/chat': {} }, { userIdOf })
  const { socket } = await hear(t, proxy.url, '/chat', { auth: { user: 'ada' } })
  const pid = pidOf(socket)
  const url = `http://127.0.0.1:${port}`
  for (const auth of [{ user: 'cleo', pid }, { pid }]) {
    const thief = await hear(t, url, '/chat', { auth, reconnection: false })
    t.not(thief.socket.id, socket.id)
    thief.socket.disconnect()
  }
  t.ok(app.io.of('/chat').sockets.get(String(socket.id))?.connected)
  const headers = { 'user-agent': 'Another/2' }
  const own = await hear(t, url, '/chat', { auth: { user: 'ada', pid }, extraHeaders: headers, reconnection: false })
  t.equal(own.socket.id, socket.id)
})

t.test('what was dropped is not hidden by a takeover: the ghost goes, and the client joins anew', async (t) => {
  const { app, proxy } = await serve(t, { '/chat': {} }, { limits: { recoveryBytes: 20_000 } })
  const { socket, ids, events } = await hear(t, proxy.url, '/chat')
  proxy.lose()
  for (let count = 0; count < 50; count++) app.io.of('/chat').emit('news', 'x'.repeat(1_000))
  await until(() => ids.length === 2)
  t.notOk(socket.recovered)
  t.equal(socketsOf(app, '/chat').length, 1)
  t.strictSame(events, [])
})
