import type { FastifyInstance } from 'fastify'
import type { Namespace } from 'socket.io'
import { Adapter } from 'socket.io-adapter'
import t, { type Test } from 'tap'
import type { AnyNamespaceDefinition, NamespacesOptions } from '../../../plugin/index.js'
import { createCluster } from '../cluster-harness.js'
import { build, logLines, until } from '../harness.js'

const NEWS = { type: 'object', properties: { text: { type: 'string' } }, required: ['text'] }

const room: AnyNamespaceDefinition = {
  emits: { news: { payload: NEWS }, question: { payload: { type: 'integer' }, reply: { type: 'string' } }, any: {} },
}

/** Uncaught errors: each of them would have ended the process. */
const uncaught: unknown[] = []
process.on('uncaughtException', (error) => uncaught.push(error))
process.on('unhandledRejection', (error) => uncaught.push(error))

function test(name: string, run: (t: Test) => Promise<void>): void {
  void t.test(name, async (t) => {
    await run(t)
    await new Promise((resolve) => setImmediate(resolve))
    t.strictSame(uncaught.splice(0), [], 'nothing uncaught')
  })
}

async function serve(t: Test, options: NamespacesOptions) {
  const { lines, logger } = logLines()
  const app = await build(t, { namespaces: { '/room': room }, ...options }, undefined, { logger })
  const errors = () => lines.filter(({ level }) => Number(level) >= 50)
  return { app, errors }
}

/** Two nodes of a cluster, each with a client in its room, and what the clients have received. */
async function serveTwo(t: Test, more: NamespacesOptions['io'] = {}) {
  const adapter = createCluster()
  const nodes = await Promise.all([0, 1].map(() => serve(t, { io: { adapter, ...more } })))
  const [one, two] = nodes as [(typeof nodes)[0], (typeof nodes)[0]]
  return { one, two, here: await hear(one.app), there: await hear(two.app) }
}

async function hear(app: FastifyInstance, address = '/room') {
  const socket = await app.injectSocket(address)
  const events: unknown[][] = []
  socket.onAny((...args) => events.push(args.filter((arg) => typeof arg !== 'function')))
  return { socket, events }
}

test('an invalid emit throws where it is emitted, before the adapter, and no node receives it', async (t) => {
  const { one, two, here, there } = await serveTwo(t)
  const rooms = [one.app.io.of('/room'), one.app.io.of('/room').to('nobody'), one.app.io.of('/room').except('nobody')]
  for (const each of rooms) t.throws(() => each.emit('news', { x: 'no' }), { code: 'FST_NSP_EMIT_INVALID' })
  const room = one.app.io.of('/room')
  t.throws(() => room.emit('nope'), { code: 'FST_NSP_EMIT_UNKNOWN' })
  const [socket] = room.sockets.values()
  t.throws(() => socket?.emit('news', {}), { code: 'FST_NSP_EMIT_INVALID' })
  t.throws(() => socket?.broadcast.emit('news', {}), { code: 'FST_NSP_EMIT_INVALID' })
  await t.rejects(room.timeout(100).emitWithAck('question', 'no'), { code: 'FST_NSP_EMIT_INVALID' })
  await t.rejects(one.app.namespaceOf('/room').ask('question', 'no'), { code: 'FST_NSP_EMIT_INVALID' })
  await t.rejects(one.app.namespaceOf('/room').ask('question'), { code: 'FST_NSP_EMIT_INVALID' })
  t.throws(() => room.emit('any', 10n), { code: 'FST_NSP_EMIT_INVALID' })
  t.throws(() => room.serverSideEmit('to-servers', [{ n: 10n }]), { code: 'FST_NSP_EMIT_INVALID' })
  const cyclic: Record<string, unknown> = {}
  cyclic.self = cyclic
  t.throws(() => room.serverSideEmit('to-servers', cyclic), { code: 'FST_NSP_EMIT_INVALID' })
  room.emit('news', { text: 'last', secret: 1 })
  await until(() => here.events.length > 0 && there.events.length > 0)
  for (const { events } of [here, there]) t.strictSame(events, [['news', { text: 'last' }]])
  for (const { errors } of [one, two]) t.strictSame(errors(), [])
})

test('emits of another node are not checked here: its schemas may be different', async (t) => {
  const adapter = createCluster()
  const body = { type: 'object', properties: { body: { type: 'string' } }, required: ['body'] }
  const older = await serve(t, { io: { adapter } })
  const newer = await serve(t, { io: { adapter }, namespaces: { '/room': { emits: { news: { payload: body } } } } })
  const [here, there] = [await hear(older.app), await hear(newer.app)]
  older.app.io.of('/room').emit('news', { text: 'old' })
  await until(() => there.events.length === 1)
  newer.app.io.of('/room').emit('news', { body: 'new' })
  await until(() => here.events.length === 2)
  for (const { events } of [here, there]) {
    t.strictSame(events, [
      ['news', { text: 'old' }],
      ['news', { body: 'new' }],
    ])
  }
  for (const { errors } of [older, newer]) t.strictSame(errors(), [])
})

for (const recovery of [undefined, {}]) {
  test(`clients of all nodes answer, and see nothing of the plugin's own packets: recovery ${recovery ? 'on' : 'off'}`, async (t) => {
    const { one, here, there } = await serveTwo(t, recovery && { connectionStateRecovery: recovery })
    for (const { socket } of [here, there]) socket.on('question', (number, ack) => ack(`heard ${number}`))
    const { answers, missing } = await one.app.namespaceOf('/room').ask('question', 7)
    t.strictSame([...answers.values()], ['heard 7', 'heard 7'])
    t.strictSame(missing, [])
    for (const { events } of [here, there]) t.strictSame(events, [['question', 7]])
  })
}

test('a server-side event reaches the other nodes, and their answers come back', async (t) => {
  const { one, two } = await serveTwo(t)
  two.app.io.of('/room').on('sum', (a: number, b: number, ack: (sum: number) => void) => ack(a + b))
  t.strictSame(await one.app.io.of('/room').serverSideEmitWithAck('sum', 1, 2), [3])
})

test('a server-side event whose listener throws, and an event that no node may emit, end nothing', async (t) => {
  const { one, two, there } = await serveTwo(t)
  two.app.io.of('/room').on('to-servers', () => {
    throw new Error('A listener')
  })
  const { adapter } = one.app.io.of('/room')
  for (let rest = 3; rest > 0; rest--) {
    one.app.io.of('/room').serverSideEmit('to-servers')
    adapter.serverSideEmit(['connection', { not: 'a socket' }])
    adapter.serverSideEmit(['error', 'nobody listens for it'])
  }
  one.app.io.of('/room').emit('news', { text: 'last' })
  await until(() => there.events.length > 0)
  const told = two.errors().map(({ msg, err }) => [msg, (err as Error).message])
  const count = (what: string) => told.filter(([msg, message]) => msg === what || message === what).length
  t.equal(count('listener of a namespace failed'), 3)
  t.equal(count('Not a server-side event'), 1, 'each kind once')
  t.equal(count('a packet from another node was dropped'), 2)
})

test('a socket that is in too many rooms, or whose listener throws, is left out of a broadcast; the others receive it', async (t) => {
  const adapter = createCluster()
  for (const io of [{}, { adapter }]) {
    const { app, errors } = await serve(t, { io, limits: { roomsPerSocket: 2 } })
    const clients = [await hear(app), await hear(app), await hear(app)]
    const room = app.io.of('/room')
    const [full, loud, last] = [...room.sockets.values()]
    await full?.join(['a', 'b'])
    loud?.onAnyOutgoing(() => {
      throw new Error('An outgoing listener')
    })
    room.socketsJoin('c')
    await until(() => last?.rooms.has('c') === true)
    t.ok(loud?.rooms.has('c'))
    t.notOk(full?.rooms.has('c'))
    room.emit('news', { text: 'all' })
    await until(() => clients[2]?.events.length === 1)
    t.strictSame(clients[0]?.events, [['news', { text: 'all' }]])
    t.match(errors(), [
      { msg: 'a socket was left out of a broadcast', err: { code: 'FST_NSP_ROOMS_LIMIT' } },
      { msg: 'listener failed', err: { message: 'An outgoing listener' } },
    ])
  }
})

test('a rejection of an adapter is logged, once for each kind', async (t) => {
  const fails = async () => Promise.reject(new Error('no broker'))
  const adapter = class extends Adapter {
    override broadcast = fails as never
    override addSockets = fails as never
    override serverSideEmit = fails as never
    // Redis's adapter rejects synchronously.
    override delSockets = () => {}
  } as never
  const { app, errors } = await serve(t, { io: { adapter } })
  const room = app.io.of('/room')
  for (let rest = 3; rest > 0; rest--) {
    room.emit('news', { text: '' })
    room.socketsJoin('a')
    room.socketsLeave('a')
    room.serverSideEmit('to-servers')
  }
  await until(() => errors().length > 0)
  t.match(errors(), [{ msg: 'an adapter has failed', namespace: '/room', err: { message: 'no broker' } }])
  t.equal(errors().length, 1)
})

test('an adapter that is set later is guarded, too; an adapter without private members works', async (t) => {
  const { app, errors } = await serve(t, {})
  const { socket, events } = await hear(app)
  const bare = class extends Adapter {
    override broadcast = () => {}
  }
  // Private, and missing.
  Object.assign(bare.prototype, { apply: undefined })
  const own = Object.getPrototypeOf(app.io.of('/').adapter).constructor
  app.io.adapter(((namespace: unknown) => new own(namespace)) as never)
  t.ok(app.io.of('/').adapter instanceof own, 'an arrow function works, too')
  t.equal(app.io.adapter(bare as never), app.io)
  t.equal(app.io.adapter() as unknown, bare)
  t.throws(() => app.io.of('/room').emit('news', {}), { code: 'FST_NSP_EMIT_INVALID' })
  app.io.of('/room').emit('news', { text: '' })
  const [server] = app.io.of('/room').sockets.values()
  server?.emit('news', { text: 'to one' })
  await until(() => events.length === 1)
  t.ok(socket.connected)
  t.strictSame(errors(), [])
})

test('an adapter may be a class, a function or an arrow function', async (t) => {
  class Own extends Adapter {}
  const named = function (this: unknown, namespace: Namespace) {
    return new Own(namespace)
  }
  for (const adapter of [Own, named, (namespace: Namespace) => new Own(namespace), named.bind(undefined)]) {
    const { app } = await serve(t, { io: { adapter: adapter as never } })
    const { events } = await hear(app)
    t.ok(app.io.of('/room').adapter instanceof Own)
    app.io.of('/room').emit('news', { text: 'hi' })
    await until(() => events.length === 1)
  }
})

test('a function that makes no adapter is refused at boot, with its path', async (t) => {
  const refused = (path: string) => ({
    code: 'FST_NSP_OPTIONS_INVALID',
    message: `Option ${path} must make an adapter of Socket.IO: what it makes has no init()`,
  })
  for (const adapter of [() => undefined, function nothing() {}, class {}, async () => undefined]) {
    await t.rejects(serve(t, { io: { adapter: adapter as never } }), refused('io.adapter'))
    await t.rejects(serve(t, { adapter: adapter as never }), refused('adapter'))
  }
})

test('malformed messages from a broker are dropped', async (t) => {
  const { two, there, one } = await serveTwo(t)
  const adapter = two.app.io.of('/room').adapter as unknown as { onMessage(message: unknown): void }
  for (const data of [undefined, {}, { opts: { rooms: 7 } }, { packet: null, opts: { rooms: [], except: [] } }]) {
    for (const type of [3, 4, 5, 7, 9]) adapter.onMessage({ uid: 'x', nsp: '/room', type, data })
  }
  one.app.io.of('/room').emit('news', { text: 'last' })
  await until(() => there.events.length > 0)
  t.ok(
    two
      .errors()
      .every(({ msg }) => /^(a packet from another node was dropped|a socket was left out)/.test(String(msg))),
  )
})

test('a refused emit leaves no flags: the next one is neither volatile nor has a timeout', async (t) => {
  for (const recovery of [undefined, {}]) {
    const { app } = await serve(t, { io: recovery ? { connectionStateRecovery: recovery } : {} })
    const { socket } = await hear(app)
    socket.on('question', (number: number, ack: (answer: string) => void) => ack(`heard ${number}`))
    const [server] = app.io.of('/room').sockets.values()
    t.throws(() => server?.timeout(1_000).emit('question', 'no', () => {}), { code: 'FST_NSP_EMIT_INVALID' })
    t.throws(() => server?.volatile.emit('question', 'no'), { code: 'FST_NSP_EMIT_INVALID' })
    const answer = await new Promise((resolve) => server?.emit('question', 1, (...args: unknown[]) => resolve(args)))
    t.strictSame(answer, ['heard 1'])
  }
})

test('an adapter that can not encode an emit throws where it is emitted, and says which', async (t) => {
  let error = new TypeError('Do not know how to serialize it')
  class Refusing extends Adapter {
    override broadcast(): never {
      throw error
    }
  }
  const { app } = await serve(t, { io: { adapter: Refusing as never } })
  t.throws(() => app.io.of('/room').emit('any', 1), { code: 'FST_NSP_EMIT_INVALID', message: /serialize it/ })
  error = new RangeError('Too much')
  t.throws(() => app.io.of('/room').emit('any', 1), { message: 'Too much' })
})

test('what an adapter rejects while it publishes is reported, and its caller still hears of it', async (t) => {
  class Publishing extends Adapter {
    isBroken = false
    override serverSideEmit(): void {}
    async doPublish(): Promise<string> {
      if (this.isBroken) throw new Error('The broker is gone')
      return 'published'
    }
  }
  const { app, errors } = await serve(t, { io: { adapter: Publishing as never } })
  const adapter = app.io.of('/room').adapter as unknown as Publishing
  t.equal(await adapter.doPublish(), 'published')
  adapter.isBroken = true
  await t.rejects(adapter.doPublish(), { message: 'The broker is gone' })
  t.equal(errors().length, 1)
})

test('an adapter may be asked without flags', async (t) => {
  const { one } = await serveTwo(t)
  const { adapter } = one.app.io.of('/room')
  const opts = { rooms: new Set<string>(), except: new Set<string>() }
  t.equal((await adapter.fetchSockets(opts)).length, 2)
  t.equal((await adapter.fetchSockets({ ...opts, flags: { local: true } })).length, 1)
  const packet = { type: 2, nsp: '/room', data: ['question', 7] }
  await new Promise<void>((resolve) =>
    adapter.broadcastWithAck(
      packet as never,
      opts,
      () => resolve(),
      () => {},
    ),
  )
})
