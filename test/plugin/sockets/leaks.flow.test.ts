import { EventEmitter, once } from 'node:events'
import { IncomingMessage, ServerResponse } from 'node:http'
import { Session } from 'node:inspector'
import { Socket as Connection } from 'node:net'
import { types } from 'node:util'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import type { FastifyInstance } from 'fastify'
import { Namespace, Socket } from 'socket.io'
import t, { type Test } from 'tap'
import { Type } from 'typebox'
import { RunContext } from '../../../plugin/events/event-context.js'
import { EventRun } from '../../../plugin/events/event-run.js'
import { SocketContext } from '../../../plugin/events/socket-context.js'
import { defineNamespace, type NamespacesOptions } from '../../../plugin/index.js'
import {
  POLLING_TARGET,
  request,
  TcpClient,
  upgrade,
  WEBSOCKET_TARGET,
  WirePolling,
  WireSocket,
} from '../../wire/wire.js'
import { build, listen, until } from '../harness.js'

/*
 * Thousands of connections, joins and refusals over the wire leave nothing behind.
 */

t.setTimeout(300_000)

const LANES = 4
// `/`, `/chat`
const STATIC = 2

const orgs = defineNamespace({
  schema: {
    params: Type.Object({ orgId: Type.Integer() }),
    auth: Type.Object({ token: Type.String({ maxLength: 20 }) }),
  },
  emits: { question: { reply: Type.String() } },
  events: {
    echo: { handler: (payload) => payload },
    hang: { handler: async (_payload, { signal }) => void (await once(signal, 'abort')) },
    ask: { handler: (_payload, { ask }) => ask('question') },
  },
  preHandler: async (request, reply) => {
    const { token } = request.body
    if (token === 'stolen') return reply.code(403).send({ code: 'NOT_YOURS', message: 'No' })
    if (token === 'broken') throw new Error('no database')
    if (token === 'slow') await once(request.raw.socket, 'close')
    Object.assign(request, { user: { id: token } })
  },
  expiresAt: () => Date.now() + 3_600_000,
  onConnect: async ({ socket, request }) => {
    socket.join('members')
    if (request.body.token === 'pending') await once(socket as never, 'disconnect')
  },
  onDisconnect: async ({ socket }) => void (await socket.join('nothing')),
})

/** An instance with static and dynamic namespaces, and a hook that delays and refuses some handshakes. */
async function serve(t: Test, io: NamespacesOptions['io'] = {}) {
  const waiting = new EventEmitter()
  const namespaces = {
    '/chat': { events: { echo: { handler: (payload: unknown) => payload } } },
    '/orgs/:orgId': orgs,
    '/guarded/:name': {},
  }
  const app = await build(t, { io, namespaces }, (app) =>
    app.addHook('onRequest', async (request, reply) => {
      const { method, headers, raw } = request
      CLASSES.Request ??= { prototype: baseOf(request) }
      if (method === 'CONNECT') return
      if (headers['x-be'] === 'refused') return reply.code(401).send({ message: 'Not you' })
      if (headers['x-be'] !== 'slow') return
      // node does not read the connection of an upgrade, and would not notice its end
      const over = headers.upgrade ? new Promise((release) => waiting.once('gone', release)) : once(raw.socket, 'close')
      waiting.emit('one')
      await over
    }),
  )
  app.io.on('new_namespace', (namespace) => {
    if (!namespace.name.startsWith('/guarded/')) return
    namespace.use((_socket, next) => next(Object.assign(new Error('No'), { data: { code: 'GUARDED' } })))
  })
  return { app, port: await listen(app), waiting }
}

type Target = Awaited<ReturnType<typeof serve>>

let happened = 0
let addresses = 0

/** An address that was not used before. */
function address(name = 'orgs'): string {
  return `/${name}/${++addresses}`
}

/** Sends a packet, and waits for one that contains this text; apart from pings nothing else may come before it. */
async function expect(socket: WireSocket, text: string, ...words: string[]): Promise<void> {
  socket.say(text)
  const message = String(await socket.next())
  if (!words.every((word) => message.includes(word))) throw new Error(`${text} was answered with ${message}`)
  happened++
}

function connect(to: string, token = 'ada'): string {
  return `40${to},${JSON.stringify({ token })}`
}

async function visit(socket: WireSocket, to: string): Promise<void> {
  await expect(socket, connect(to, `user-${addresses}`), `40${to},{"sid"`)
  await expect(socket, `42${to},1["echo","hello"]`, `43${to},1[{"ok":true`)
  socket.say(`41${to},`)
  happened++
}

/** Every reason for which a connect can be refused. */
async function beRefused(socket: WireSocket): Promise<void> {
  for (const [to, token, code] of [
    [address(), 'stolen', 'NOT_YOURS'],
    [address(), 'broken', 'FST_NSP_INTERNAL'],
    [address(), 'a token that is too long', 'FST_NSP_CONNECT_INVALID'],
    [address('orgs/0'), 'ada', 'FST_NSP_NAMESPACE_UNKNOWN'],
    [`${address()}x`, 'ada', 'FST_NSP_CONNECT_INVALID'],
    [address('orgs/0x'), 'ada', 'FST_NSP_NAMESPACE_UNKNOWN'],
    [address('guarded'), 'ada', 'GUARDED'],
  ] as const) {
    await expect(socket, connect(to, token), `44${to},`, `"${code}"`)
  }
}

/** What may be pending when the connection is lost: a connect, an onConnect, acks, or nothing. */
const WAITS: ((socket: WireSocket) => unknown)[] = [
  (socket) => socket.say(connect(address(), 'slow')),
  async (socket) => {
    const to = address()
    await expect(socket, connect(to, 'pending'), `40${to},`)
    socket.say(`42${to},1["echo"]`)
  },
  async (socket) => {
    const to = address()
    await expect(socket, connect(to), `40${to},`)
    socket.say(`42${to},1["hang"]`)
    await expect(socket, `42${to},2["ask"]`, `42${to},`, '"question"')
  },
  (socket) => visit(socket, '/chat'),
  (socket) => socket.say('1'),
]

/** One connection, from its handshake to its loss. */
async function live(port: number, wait: (typeof WAITS)[number]): Promise<void> {
  const socket = await WireSocket.open(port)
  await beRefused(socket)
  for (let rest = 4; rest > 0; rest--) await visit(socket, address())
  await wait(socket)
  await socket.end()
  happened++
}

async function poll(port: number): Promise<void> {
  const session = await WirePolling.open(port)
  const to = address()
  await session.post(connect(to))
  await session.poll()
  await session.post('1')
  happened += 2
}

async function inject(app: FastifyInstance): Promise<void> {
  const client = await app.injectSocket(address(), { auth: { token: 'ada' }, transport: 'upgrade' })
  await client.emitWithAck('echo', 'hello')
  await client.close()
  happened += 2
}

/** Handshakes that fail: refused, or aborted while a hook runs. */
async function shake(port: number, waiting: EventEmitter): Promise<void> {
  const polling = (headers: Record<string, string>) => request('GET', POLLING_TARGET, headers)
  const socket = (headers: Record<string, string>) => upgrade(WEBSOCKET_TARGET, headers)
  for (const ask of [polling, socket]) {
    const refused = new TcpClient(port)
    refused.write(ask({ 'x-be': 'refused' }))
    if ((await refused.answer())?.status !== 401) throw new Error('It was not refused')
    await refused.end()
    const aborted = new TcpClient(port)
    aborted.write(ask({ 'x-be': 'slow' }))
    await once(waiting, 'one')
    await aborted.end()
    waiting.emit('gone')
    happened += 2
  }
}

/** Runs a number of connections, several at a time, and waits until all have closed. */
async function run(count: number, { app, port, waiting }: Target): Promise<void> {
  const end = happened + count
  let turn = 0
  const lane = async () => {
    while (happened < end) {
      await live(port, WAITS[turn++ % WAITS.length] as (typeof WAITS)[number])
      await poll(port)
      await inject(app)
    }
  }
  const handshakes = async () => {
    while (happened < end) await shake(port, waiting)
  }
  await Promise.all([handshakes(), ...Array.from({ length: LANES }, lane)])
  let connections = 1
  await until(() => {
    app.server.getConnections((_error, count) => {
      connections = count
    })
    return connections === 0 && app.io.engine.clientsCount === 0 && app.io._nsps.size === STATIC
  })
}

const timer = setTimeout(() => {})
clearTimeout(timer)

/** The counted classes of this process; the class of its requests is Fastify's own. */
const CLASSES: Record<string, { prototype: object }> = {
  ...{ Map, Set, Promise, EventEmitter, AbortController, IncomingMessage, ServerResponse, Connection },
  ...{ Namespace, Socket, SocketContext, RunContext, EventRun },
  Timeout: timer.constructor as never,
}

/** The base class of an object: each context has its own class of requests. */
function baseOf(value: object): object {
  const prototype = Object.getPrototypeOf(value)
  return Object.getPrototypeOf(prototype) === Object.prototype ? prototype : baseOf(prototype)
}

/** Called in the inspector's realm, which is this one, with every live object. */
function count(objects: readonly object[]): Record<string, number> {
  const counts: Record<string, number> = { entries: 0 }
  for (const [name, { prototype }] of Object.entries(CLASSES)) {
    counts[name] = objects.filter((each) => Object.prototype.isPrototypeOf.call(prototype, each)).length
  }
  for (const each of objects) {
    if (!types.isMap(each) && !types.isSet(each)) continue
    const [key] = each.keys()
    // tap keeps the ids of asynchronous operations
    if (typeof key !== 'number') counts.entries = Number(counts.entries) + each.size
  }
  return counts
}

/** Counts the live objects after a garbage collection. */
function takeCensus(): Record<string, number> {
  const inspector = new Session()
  inspector.connect()
  // biome-ignore lint/suspicious/noExplicitAny: the inspector's own responses
  function ask(method: string, parameters: object): any {
    let answer: unknown
    inspector.post(method, parameters, (error, result) => {
      if (error) throw error
      answer = result
    })
    return answer
  }
  Object.assign(globalThis, { count })
  const { result: prototype } = ask('Runtime.evaluate', { expression: 'Object.prototype' })
  const { objects } = ask('Runtime.queryObjects', { prototypeObjectId: prototype.objectId })
  const { result, exceptionDetails } = ask('Runtime.callFunctionOn', {
    objectId: objects.objectId,
    functionDeclaration: 'function () { return count(this) }',
    returnByValue: true,
  })
  inspector.disconnect()
  if (exceptionDetails) throw new Error(result.description)
  return result.value
}

/** What keeps the process alive, by kind. */
function resources(): string[] {
  return process.getActiveResourcesInfo().sort()
}

function listenersOf(emitter: EventEmitter): object {
  return Object.fromEntries(emitter.eventNames().map((name) => [String(name), emitter.listenerCount(name)]))
}

async function collectGarbage(): Promise<void> {
  setFlagsFromString('--expose-gc')
  const gc = runInNewContext('gc') as () => void
  // Finalizers run between two collections.
  for (let turns = 3; turns > 0; turns--) {
    gc()
    await new Promise((resolve) => setImmediate(resolve))
  }
  gc()
}

/** Everything that may be left, and the bytes of the heap. */
async function measure({ app }: Target): Promise<{ census: Record<string, number>; rest: object; heap: number }> {
  await collectGarbage()
  const { heapUsed } = process.memoryUsage()
  const { io, server } = app
  const emitters = {
    server,
    virtual: io.httpServer,
    root: io.of('/'),
    chat: io.of('/chat'),
    engine: io.engine,
    process,
  }
  const rest = {
    listeners: Object.entries(emitters).map(([name, emitter]) => [name, listenersOf(emitter as EventEmitter)]),
    namespaces: [...io._nsps.keys()],
    sessions: io.engine.clientsCount,
    resources: resources(),
  }
  return { census: takeCensus(), rest, heap: heapUsed }
}

/** Classes of which node and tap have instances, too, temporarily or once: dates, stacks. */
const SHARED = ['entries', 'Map', 'Set', 'Promise', 'EventEmitter', 'Timeout']

async function leavesNothing(t: Test, target: Target, times: number): Promise<void> {
  await run(times * 0.6, target)
  await measure(target) // what the measurement itself leaves, once
  const before = await measure(target)
  await run(times, target)
  const after = await measure(target)
  for (const name of SHARED) {
    const [then = 0, now = 0] = [before.census[name], after.census[name]]
    t.ok(now - then <= 2 + times / 1_000, `${name}: ${then} and ${now}`)
    after.census[name] = then
  }
  t.strictSame(after.census, before.census)
  t.strictSame(after.rest, before.rest)
  const growth = after.heap / before.heap - 1
  t.ok(growth < 0.05, `the heap is ${(100 * growth).toFixed(2)} % larger`)
}

t.test('10,000 connects and refusals, joins, leaves and lost connections leave nothing behind', async (t) => {
  const before = resources()
  const target = await serve(t)
  await leavesNothing(t, target, 10_000)
  await target.app.close()
  // node releases the handle of a closed server a little later
  await until(() => resources().join() === before.join())
})

t.test('with recovery they leave nothing behind either, once the sessions have expired', async (t) => {
  const target = await serve(t, { connectionStateRecovery: { maxDisconnectionDuration: 20 } })
  await leavesNothing(t, target, 2_000)
})

t.test(
  'the last connections of a server are not kept: the one that opened last, and the one that sent last',
  async (t) => {
    const { app, port } = await serve(t)
    const sockets = [await WireSocket.open(port), await WireSocket.open(port)]
    // engine.io keeps its sockets by their ids.
    const { clients } = app.io.engine as unknown as { readonly clients: Readonly<Record<string, object>> }
    const kept = Object.values(clients).map((each) => new WeakRef(each))
    for (const socket of sockets.reverse()) await visit(socket, '/chat')
    for (const socket of sockets) await socket.end()
    await until(() => app.io.engine.clientsCount === 0)
    await collectGarbage()
    t.equal(kept.length, 2)
    t.notOk(kept.some((connection) => connection.deref()))
  },
)
