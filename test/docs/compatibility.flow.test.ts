import { readdir, readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Server, type Socket as ServerSocket } from 'socket.io'
import type { Socket } from 'socket.io-client'
import t, { type Test } from 'tap'
import { Type } from 'typebox'
import WebSocket from 'ws'
import type { NamespacesOptions } from '../../plugin/index.js'
import { build, heard, join, listen, next, until } from '../plugin/harness.js'

/*
 * The differences from Socket.IO's own server, and what stays the same. Each row of docs/compatibility.md has a test with its name
 * in brackets, here or in another file. Most tests run the same steps on both servers.
 */

/** A server, and the socket of its client; `raw` is a WebSocket that sends given packets. */
interface Side {
  readonly io: Server
  readonly enter: (name: string, options?: object) => Socket
  readonly raw: (headers?: Record<string, string>) => WebSocket
}

type Steps = (side: Side, t: Test) => Promise<unknown>

async function ours(t: Test, options: NamespacesOptions): Promise<Side> {
  const app = await build(t, options)
  return sideOf(t, app.io, await listen(app))
}

async function bare(t: Test, options: object): Promise<Side> {
  const http = createServer()
  const io = new Server(http, options)
  t.teardown(() => io.close())
  http.listen(0, '127.0.0.1')
  await heard(http, 'listening')
  return sideOf(t, io, (http.address() as AddressInfo).port)
}

function sideOf(t: Test, io: Server, port: number): Side {
  return {
    io,
    enter: (name, options = {}) => join(t, `http://127.0.0.1:${port}`, name, { transports: ['websocket'], ...options }),
    raw(headers = {}) {
      const socket = new WebSocket(`ws://127.0.0.1:${port}/socket.io/?EIO=4&transport=websocket`, { headers })
      socket.on('error', () => {})
      t.teardown(() => socket.terminate())
      return socket
    },
  }
}

/** The same steps on both servers have different results. */
function differs(name: string, options: NamespacesOptions, steps: Steps, here: unknown, there: unknown): void {
  t.test(`the plugin differs from Socket.IO alone [${name}]`, async (t) => {
    t.match(await steps(await ours(t, options), t), here, 'here')
    t.match(await steps(await bare(t, options.io ?? {}), t), there, 'on Socket.IO alone')
  })
}

/** The same steps on both servers have the same result. */
function kept(name: string, steps: Steps, options: NamespacesOptions = {}): void {
  t.test(`the plugin behaves like Socket.IO [${name}]`, async (t) => {
    const here = await steps(await ours(t, options), t)
    t.strictSame(here, await steps(await bare(t, options.io ?? {}), t))
    t.not(here, undefined)
  })
}

/** The result of a join: the data of its refusal, or 'connected'. */
async function outcomeOf(socket: Socket): Promise<unknown> {
  return next(socket, 'connect').then(
    () => 'connected',
    ({ message, data }) => ({ message, data }),
  )
}

/** The ack of an emit; or that there is none in the time that another ack takes. */
async function answerOf(socket: Socket, event: string, ...args: unknown[]): Promise<unknown> {
  return socket
    .timeout(1_500)
    .emitWithAck(event, ...args)
    .catch(() => 'no answer')
}

/** Listens to a namespace's sockets; returns the first one. */
function welcome(io: Server, name: string, listener: (socket: ServerSocket) => void = () => {}): Promise<ServerSocket> {
  return new Promise((resolve) => {
    io.of(name).on('connection', (socket) => {
      listener(socket)
      resolve(socket)
    })
  })
}

differs(
  'undeclared-root',
  {},
  async ({ enter }) => outcomeOf(enter('/')),
  { data: { code: 'FST_NSP_NAMESPACE_UNKNOWN', statusCode: 404 } },
  'connected',
)
differs(
  'unknown-namespace',
  {},
  async ({ enter }) => outcomeOf(enter('/nowhere')),
  { data: { code: 'FST_NSP_NAMESPACE_UNKNOWN', statusCode: 404 } },
  { message: 'Invalid namespace', data: undefined },
)
differs(
  'origin',
  { namespaces: { '/': {} } },
  async ({ raw }) => {
    const socket = raw({ origin: 'https://elsewhere.example' })
    return new Promise((resolve) => {
      socket.on('open', () => resolve('open'))
      socket.on('unexpected-response', (_request, { statusCode }) => resolve(statusCode))
    })
  },
  403,
  'open',
)
differs(
  'repeated-connect',
  { namespaces: { '/': {} } },
  async ({ io, raw }) => {
    io.of('/').on('connection', () => {})
    const socket = raw()
    const frames: string[] = []
    socket.on('message', (data) => void frames.push(String(data).slice(0, 2)))
    await heard(socket, 'message')
    socket.send('40')
    await until(() => frames.length === 2)
    socket.send('40')
    await until(() => frames.length === 3 || socket.readyState === WebSocket.CLOSED)
    return frames.slice(1)
  },
  ['40', '40'],
  ['40'],
)
differs(
  'unanswered',
  { namespaces: { '/chat': {} } },
  async ({ io, enter }) => {
    io.of('/chat')
    return answerOf(enter('/chat'), 'nobody:listens', 1)
  },
  { ok: false, error: { code: 'FST_NSP_EVENT_UNKNOWN' } },
  'no answer',
)
differs(
  'refused-event',
  {},
  async ({ io, enter }) => {
    void welcome(io, '/chat', (socket) =>
      socket.use((_event, goOn) => goOn(Object.assign(new Error('no'), { statusCode: 403, code: 'NO' }))),
    )
    return answerOf(enter('/chat'), 'hi')
  },
  { ok: false, error: { code: 'NO', statusCode: 403, message: 'no' } },
  'no answer',
)
differs(
  'packet-limits',
  {},
  async ({ io, enter }) => {
    void welcome(io, '/chat', (socket) => socket.on('many', (...args) => args.at(-1)(args.length)))
    return answerOf(enter('/chat'), 'many', ...Array.from({ length: 20 }, () => 1))
  },
  { ok: false, error: { code: 'FST_NSP_EVENT_MALFORMED' } },
  21,
)
differs(
  'rates',
  { limits: { eventsPerSecond: 1 } },
  async ({ io, enter }) => {
    void welcome(io, '/chat', (socket) => socket.on('hi', (ack) => ack('heard')))
    const socket = enter('/chat')
    const answers = await Promise.all(Array.from({ length: 20 }, () => answerOf(socket, 'hi')))
    return answers.at(-1)
  },
  { ok: false, error: { code: 'FST_NSP_RATE_LIMITED' } },
  'heard',
)
differs(
  'rooms-limit',
  { limits: { roomsPerSocket: 1 } },
  async ({ io, enter }) => {
    const joined = welcome(io, '/chat')
    enter('/chat')
    const socket = await joined
    try {
      await socket.join(['a', 'b'])
      return socket.rooms.size
    } catch (error) {
      return error
    }
  },
  { code: 'FST_NSP_ROOMS_LIMIT' },
  3,
)
differs(
  'recovered-are-checked',
  { io: { connectionStateRecovery: {} } },
  async ({ io, enter }, t) => {
    const asked: string[] = []
    io.of('/chat').use((socket, goOn) => {
      asked.push(socket.id)
      goOn()
    })
    void welcome(io, '/chat', (socket) => socket.emit('hi'))
    const socket = enter('/chat', { reconnection: true, reconnectionDelay: 1 })
    await next(socket, 'hi')
    const back = next(socket, 'connect')
    socket.io.engine.close()
    await back
    t.ok(socket.recovered)
    return asked.length
  },
  2,
  1,
)
differs(
  'http-server',
  {},
  async ({ io }) => {
    const { httpServer } = io as unknown as { httpServer: { listening: boolean } }
    await io.close()
    return httpServer.listening
  },
  true,
  false,
)

t.test('an error of a listener, thrown or rejected, ends nothing [listeners-that-fail]', async (t) => {
  const { io, enter } = await ours(t, {})
  void welcome(io, '/chat', (socket) => {
    socket.on('throws', () => {
      throw new Error('a listener')
    })
    socket.on('rejects', async () => Promise.reject(new Error('a listener')))
  })
  io.of('/closed').use(async () => Promise.reject(new Error('a middleware')))
  const socket = enter('/chat')
  for (const event of ['throws', 'rejects']) {
    t.match(await answerOf(socket, event), { ok: false, error: { code: 'FST_NSP_INTERNAL' } })
  }
  t.match(await outcomeOf(enter('/closed')), { data: { code: 'FST_NSP_INTERNAL' } })
})

t.test('a listener of an event that a definition handles is an error [declared-events]', async (t) => {
  const { io, enter } = await ours(t, {
    namespaces: { '/chat': { events: { hi: { handler: (payload: unknown) => payload } } } },
  })
  const joined = welcome(io, '/chat')
  const socket = enter('/chat')
  const here = await joined
  t.throws(() => here.on('hi', () => {}), { code: 'FST_NSP_EVENT_DECLARED' })
  t.strictSame(await answerOf(socket, 'hi', 1), { ok: true, data: 1 }, 'an ack has one argument, and says whether')
})

t.test('a declared emit is checked where it is called [declared-emits]', async (t) => {
  const { io } = await ours(t, { namespaces: { '/chat': { emits: { hi: { payload: Type.Object({}) } } } } })
  t.throws(() => io.of('/chat').emit('hi', 7), { code: 'FST_NSP_EMIT_INVALID' })
  t.throws(() => io.of('/chat').emit('hi', {}, {}), { code: 'FST_NSP_EMIT_INVALID' })
  t.throws(() => io.of('/chat').emit('other', 7), { code: 'FST_NSP_EMIT_UNKNOWN' })
})

t.test('a namespace of a dynamic name is closed when it has no sockets [dynamic-names]', async (t) => {
  const { io, enter } = await ours(t, { namespaces: { '/orgs/:id': {} } })
  io.of('/orgs/1')
  await until(() => !io._nsps.has('/orgs/1'))
  const socket = enter('/orgs/1')
  await next(socket, 'connect')
  socket.disconnect()
  await until(() => !io._nsps.has('/orgs/1'))
  t.match(await outcomeOf(enter('/orgs/%31')), { data: { code: 'FST_NSP_NAMESPACE_UNKNOWN' } }, 'it has one spelling')
})

t.test('options that would admit everybody are refused at boot [options]', async (t) => {
  const refused = [
    { connectionStateRecovery: { skipMiddlewares: true } },
    { cors: { origin: '*', credentials: true } },
    { pingIntervall: 1 },
  ]
  for (const io of refused) await t.rejects(build(t, { io } as object), { code: 'FST_NSP_OPTIONS_INVALID' })
})

kept('rooms', async ({ io, enter }) => {
  void welcome(io, '/chat', (socket) => void socket.join(socket.handshake.auth.room))
  const sockets = ['a', 'b', 'b'].map((room) => enter('/chat', { auth: { room } }))
  await until(() => io.of('/chat').sockets.size === 3)
  const heardBy: string[][] = sockets.map(() => [])
  for (const [index, socket] of sockets.entries()) socket.onAny((event) => heardBy[index]?.push(event))
  const last = Promise.all(sockets.map((socket) => next(socket, 'last')))
  io.of('/chat').to('a').emit('to a')
  io.of('/chat').to(['a', 'b']).except('b').emit('to a only')
  io.of('/chat').in('b').emit('in b')
  for (const socket of io.of('/chat').sockets.values()) if (socket.rooms.has('a')) socket.broadcast.emit('to others')
  io.of('/chat').socketsJoin('all')
  io.of('/chat').in('b').socketsLeave('all')
  io.of('/chat').to('all').emit('to all')
  io.of('/chat').emit('last')
  await last
  return [heardBy, (await io.of('/chat').in('b').fetchSockets()).length]
})
kept('acks', async ({ io, enter }) => {
  const joined = welcome(io, '/chat', (socket) => {
    socket.on('sum', (a, b, ack) => ack(a + b))
    socket.on('twice', (ack) => {
      ack(1, 2)
      ack(3)
    })
  })
  const socket = enter('/chat')
  socket.on('ask', (value, ack) => ack(value))
  const here = await joined
  return [
    await socket.emitWithAck('sum', 1, 2),
    await new Promise((resolve) => socket.emit('twice', (...args: unknown[]) => resolve(args))),
    await here.emitWithAck('ask', 7),
    await here
      .timeout(1)
      .emitWithAck('never')
      .catch((error: Error) => error.message),
    await io.of('/chat').timeout(60_000).emitWithAck('ask', 8),
  ]
})
kept('middlewares', async ({ io, enter }) => {
  io.of('/chat').use((socket, goOn) => {
    socket.data.seen = 1
    goOn(socket.handshake.auth.pass ? undefined : Object.assign(new Error('No pass'), { data: { why: 'none' } }))
  })
  const joined = welcome(io, '/chat', (socket) => {
    socket.use((event, goOn) => {
      event[1] = 'changed'
      goOn()
    })
    socket.on('hi', (value, ack) => ack(value))
  })
  const refused = await outcomeOf(enter('/chat'))
  const socket = enter('/chat', { auth: { pass: true } })
  const answer = await socket.emitWithAck('hi', 'as it was')
  return [refused, answer, (await joined).data]
})
kept('listeners', async ({ io, enter }) => {
  const events: unknown[] = []
  const any = (...event: unknown[]) => void events.push(event.slice(0, 2))
  const joined = welcome(io, '/chat', (socket) => {
    socket.onAny(any).onAnyOutgoing(any)
    socket.once('hi', () => void events.push('once'))
    socket.on('end', (ack) => ack())
  })
  const socket = enter('/chat')
  const here = await joined
  socket.emit('hi', 1)
  socket.emit('hi', 2)
  await socket.emitWithAck('end')
  here.emit('bye')
  const isListed = here.listenersAny()[0] === any && here.listenersAnyOutgoing()[0] === any
  return [events.map((event) => JSON.stringify(event)?.slice(0, 10)), isListed, here.listenerCount('hi')]
})
kept('binary', async ({ io, enter }) => {
  void welcome(io, '/chat', (socket) => socket.on('bytes', (bytes, ack) => ack(bytes)))
  return enter('/chat').emitWithAck('bytes', Buffer.from([1, 2, 3]))
})
kept('dynamic-parents', async ({ io, enter }) => {
  const parent = io.of(/^\/rooms-\d+$/)
  parent.on('connection', (socket) => void socket.emit('in', socket.nsp.name))
  io.of((name, _auth, allow) => allow(null, name === '/asked')).on(
    'connection',
    (socket) => void socket.emit('in', 'asked'),
  )
  const [room] = await next(enter('/rooms-1'), 'in')
  const [asked] = await next(enter('/asked'), 'in')
  const socket = enter('/rooms-2')
  await next(socket, 'in')
  const told = next(socket, 'all')
  parent.emit('all', 1 as never)
  return [room, asked, await told]
})
kept('order', async ({ io, enter }) => {
  const seen: unknown[] = []
  void welcome(io, '/chat', (socket) => {
    socket.on('count', (value) => void seen.push(value))
    socket.on('end', (ack) => ack(seen))
  })
  const socket = enter('/chat')
  for (let value = 0; value < 50; value++) socket.emit('count', value)
  return socket.emitWithAck('end')
})
kept('leaving', async ({ io, enter }) => {
  const reasons: unknown[] = []
  const joined = welcome(io, '/chat', (socket) => {
    socket.on('disconnecting', () => void reasons.push(socket.rooms.size))
    socket.on('disconnect', (reason) => void reasons.push(reason))
  })
  const socket = enter('/chat')
  await joined
  socket.disconnect()
  await until(() => reasons.length === 2)
  socket.connect()
  await next(socket, 'connect')
  const gone = next(socket, 'disconnect')
  io.of('/chat').disconnectSockets()
  reasons.push((await gone)[0])
  return reasons
})
kept('several-on-one-connection', async ({ io, enter }) => {
  for (const name of ['/a', '/b']) void welcome(io, name, (socket) => socket.on('where', (ack) => ack(socket.nsp.name)))
  const one = enter('/a')
  const two = one.io.socket('/b')
  return [await one.emitWithAck('where'), await two.emitWithAck('where'), io.engine.clientsCount]
})
kept('server-side', async ({ io }) => {
  const events: unknown[] = []
  io.on('hi' as 'connection', ((value: unknown) => void events.push(value)) as never)
  // Called as an adapter calls it with a packet from another node.
  io.of('/')._onServerSideEmit(['hi', 1])
  return events
})
kept('engine', async ({ io, enter }) => {
  const events: string[] = []
  io.of('/chat')
  io.engine.on('connection', (connection: NodeJS.EventEmitter) => {
    events.push('connection')
    connection.on('packet', ({ type }: { type: string }) => void events.push(type))
  })
  io.engine.on('initial_headers', (headers: Record<string, string>) => {
    headers['x-mine'] = 'yes'
  })
  await next(enter('/chat'), 'connect')
  return events
})
kept(
  'polling-and-upgrade',
  async ({ io, enter }) => {
    const joined = welcome(io, '/chat', (socket) => socket.on('hi', (ack) => ack('hi')))
    const socket = enter('/chat', { transports: ['polling', 'websocket'] })
    const first = await socket.emitWithAck('hi')
    const { conn } = await joined
    await until(() => conn.transport.name === 'websocket')
    return [first, await socket.emitWithAck('hi')]
  },
  { io: { perMessageDeflate: { threshold: 0 } } },
)

t.test('docs/compatibility.md has a row for each of these tests, and each row has a test', async (t) => {
  const page = await readFile(new URL('../../docs/compatibility.md', import.meta.url), 'utf8')
  const rows = [...page.matchAll(/^\| `([a-z0-9-]+)` \|(.*)$/gm)].map(([, name, rest]) => {
    t.ok(
      rest
        ?.split('|')
        .slice(0, -1)
        .every((cell) => cell.trim() !== ''),
      `${name} has all its cells`,
    )
    return name as string
  })
  const folder = new URL('../', import.meta.url)
  const files = (await readdir(folder, { recursive: true })).filter((file) => file.endsWith('.test.ts'))
  const sources = await Promise.all(files.map((file) => readFile(new URL(file, folder), 'utf8')))
  const tested = new Set<string>()
  for (const source of sources) {
    for (const [, name] of source.matchAll(/test\(\s*[`'"][^\n]*\[([a-z0-9-]+)\][`'"]/g)) tested.add(name as string)
    for (const [, name] of source.matchAll(/^(?:differs|kept)\(\s*'([a-z0-9-]+)'/gm)) tested.add(name as string)
  }
  t.ok(rows.length > 30)
  t.equal(new Set(rows).size, rows.length)
  t.strictSame([...tested].sort(), [...rows].sort())
})
