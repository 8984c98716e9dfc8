import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { FastifyInstance } from 'fastify'
import type { Socket } from 'socket.io'
import type { Socket as ClientSocket } from 'socket.io-client'
import msgpack from 'socket.io-msgpack-parser'
import t, { type Test } from 'tap'
import { type Static, Type } from 'typebox'
import { Binary, defineNamespace, type NamespacesOptions } from '../../../../plugin/index.js'
import { startTwo } from '../../adapters/cluster.js'
import { clientOf } from '../../client-harness.js'
import { inBothModes } from '../../fast-path-harness.js'
import { build, join, listen, logLines, next, until } from '../../harness.js'
import { joinSlowly, type SlowClient, stallReading, webSocketOf } from './slow-client.js'

/*
 * Emits that wait for a client that does not read: `conflate` and `dropOldest`.
 */

const Price = Type.Object({ symbol: Type.String(), value: Type.Integer() })
type Price = Static<typeof Price>
const Chart = Type.Object({ symbol: Type.String(), pixels: Binary({ maxBytes: 1_000 }) })

const prices = defineNamespace({
  emits: {
    'price:new': { payload: Price, conflate: ({ symbol }) => symbol },
    'chart:new': { payload: Chart, conflate: ({ symbol, pixels }) => `${symbol} ${pixels.byteLength}` },
    'state:new': { conflate: (payload) => typeof payload },
    'line:new': { payload: Type.Integer(), dropOldest: 2 },
    'news:new': { payload: Type.String() },
    end: {},
  },
})

/** A server with a client that does not read, and one that does. */
async function stage(t: Test, options: NamespacesOptions & { fast: boolean }) {
  const app = await build(t, { ...options, namespaces: { '/prices': prices } })
  const port = await listen(app)
  const parser = options.io?.parser ? { parser: options.io.parser } : {}
  const slow = await joinSlowly(t, app, port, '/prices', parser)
  const reader = await joinSlowly(t, app, port, '/prices', parser)
  await slow.stall()
  return { app, slow, reader, all: app.io.of('/prices') }
}

const price = (symbol: string, value: number) => ['price:new', { symbol, value }] as const

inBothModes(
  'of each key, a client that does not read receives the newest, in the order of the newest',
  async (t, fast) => {
    const { slow, reader, all } = await stage(t, { fast })
    void slow.peer.join('room')
    const sent = [
      price('A', 1),
      price('B', 1),
      ['news:new', 'first'],
      price('A', 2),
      ['news:new', 'second'],
      price('B', 2),
      price('A', 3),
    ] as const
    for (const [index, [event, payload]] of sent.entries()) {
      // To the namespace, to a room, and to the one socket.
      if (index % 3 === 0) all.emit(event, payload)
      else {
        ;(index % 3 === 1 ? all.to('room') : slow.peer).emit(event, payload)
        reader.peer.emit(event, payload)
      }
    }
    all.emit('end')
    await slow.readUntil('end')
    await reader.readUntil('end')
    const kept = [['news:new', 'first'], ['news:new', 'second'], price('B', 2), price('A', 3), ['end']]
    t.strictSame(slow.events, kept)
    t.strictSame(reader.events, [...sent, ['end']], 'a client that reads receives all')
  },
)

inBothModes(
  'of an emit with `dropOldest` that many wait, and the client is told in the place of the others',
  async (t, fast) => {
    const { slow, all } = await stage(t, { fast })
    all.emit('line:new', 1)
    all.emit('news:new', 'one')
    for (const line of [2, 3, 4]) all.emit('line:new', line)
    all.emit('end')
    await slow.readUntil('end')
    t.strictSame(slow.events, [
      ['namespace:dropped', { emit: 'line:new', dropped: 2 }],
      ['news:new', 'one'],
      ['line:new', 3],
      ['line:new', 4],
      ['end'],
    ])
    slow.events.length = 0
    for (const line of [5, 6, 7]) all.emit('line:new', line)
    all.emit('end')
    await slow.readUntil('end')
    t.equal(slow.events.filter(([event]) => event === 'line:new').at(-1)?.[1], 7, 'it begins anew when it reads')
  },
)

inBothModes('an emit with binary data is dropped with its attachments', async (t, fast) => {
  const { slow, all } = await stage(t, { fast })
  const chart = (symbol: string, byte: number, length = 2) => ({ symbol, pixels: Buffer.alloc(length, byte) })
  all.emit('chart:new', chart('A', 1))
  all.emit('chart:new', chart('B', 2))
  all.emit('chart:new', chart('A', 3))
  all.emit('chart:new', chart('A', 4, 5))
  slow.peer.emit('chart:new', chart('B', 6))
  all.emit('end')
  t.equal(await slow.waiting(), 1 + 2 * 3, 'a text and an attachment each')
  await slow.readUntil('end')
  t.strictSame(slow.events, [
    ['chart:new', chart('A', 3)],
    ['chart:new', chart('A', 4, 5)],
    ['chart:new', chart('B', 6)],
    ['end'],
  ])
})

inBothModes('with a parser of the application’s the same holds', async (t, fast) => {
  const { slow, all } = await stage(t, { fast, io: { parser: msgpack } })
  for (const value of [1, 2, 3]) all.emit(...price('A', value))
  for (const line of [1, 2, 3]) slow.peer.emit('line:new', line)
  all.emit('end')
  await slow.readUntil('end')
  t.strictSame(slow.events, [
    price('A', 3),
    ['namespace:dropped', { emit: 'line:new', dropped: 1 }],
    ['line:new', 2],
    ['line:new', 3],
    ['end'],
  ])
})

inBothModes(
  'a client that does not read takes the memory of one emit for each key, and stays connected',
  async (t, fast) => {
    const { app, slow, all } = await stage(t, { fast, limits: { bytesWaiting: 1_500_000 } })
    const before = await slow.waiting()
    for (let value = 0; value < 5_000; value++) {
      all.emit('price:new', { symbol: `${value % 10}`.padEnd(1_000), value })
      all.emit('line:new', value)
      if (value % 100 === 0) await new Promise((resolve) => setImmediate(resolve))
    }
    t.equal((await slow.waiting()) - before, 10 + 2 + 1, 'ten keys, two lines, and a notice')
    t.equal(app.io.of('/prices').sockets.size, 2, '5 MB were sent')
    all.emit('end')
    await slow.readUntil('end')
    const last = slow.events.filter(([event]) => event === 'price:new') as [string, { value: number }][]
    t.strictSame(
      last.map(([, { value }]) => value),
      Array.from({ length: 10 }, (_, index) => 4_990 + index),
    )
    t.match(slow.events[0], ['namespace:dropped', { emit: 'line:new', dropped: 4_998 }])
  },
)

inBothModes(
  'with recovery: what is dropped never comes back behind what came after it, and the newest is not lost',
  async (t, fast) => {
    const { slow, all, app } = await stage(t, { fast, io: { connectionStateRecovery: {} } })
    const withoutOffsets = () =>
      slow.events.map((event) => (event[0] === 'namespace:dropped' ? event : event.slice(0, -1)))
    all.emit(...price('A', 1))
    all.emit('state:new')
    all.emit('line:new', 1)
    for (const line of [2, 3]) all.emit('line:new', line)
    all.emit('state:new')
    all.emit(...price('A', 2))
    all.emit('end')
    await slow.readUntil('end')
    const notice = ['namespace:dropped', { emit: 'line:new', dropped: 1 }]
    const received = [notice, ['line:new', 2], ['line:new', 3], ['state:new'], price('A', 2), ['end']]
    t.strictSame(withoutOffsets(), received)

    await slow.stall()
    all.emit(...price('A', 3))
    for (const line of [4, 5, 6]) all.emit('line:new', line)
    all.emit(...price('A', 4))
    slow.events.length = 0
    webSocketOf(slow.socket).terminate()
    await untilGone(app, slow)
    all.emit(...price('A', 5))
    t.equal(await comeBack(slow.socket), true)
    all.emit('end')
    await until(() => slow.events.some(([event]) => event === 'end'))
    const missed = [
      price('A', 3),
      ...[4, 5, 6].map((line) => ['line:new', line]),
      price('A', 4),
      price('A', 5),
      ['end'],
    ]
    t.strictSame(withoutOffsets(), missed, 'nothing of it had arrived, so all of it comes, once and in order')
  },
)

inBothModes(
  'with recovery: a client that is lost while it reads what waited receives nothing twice, and the newest',
  async (t, fast) => {
    const { slow, all, app } = await stage(t, { fast, io: { connectionStateRecovery: {} } })
    for (let value = 0; value < 100; value++) {
      all.emit(...price(`${value % 7}`, value))
      all.emit('line:new', value)
    }
    slow.socket.once('price:new', () => webSocketOf(slow.socket).terminate())
    webSocketOf(slow.socket).resume()
    await untilGone(app, slow)
    for (let value = 100; value < 110; value++) all.emit(...price(`${value % 7}`, value))
    t.equal(await comeBack(slow.socket), true)
    all.emit('end')
    await until(() => slow.events.some(([event]) => event === 'end'))
    const values = slow.events.filter(([event]) => event === 'price:new').map((event) => (event[1] as Price).value)
    const lines = slow.events.filter(([event]) => event === 'line:new').map(([, value]) => value as number)
    for (const list of [values, lines])
      t.strictSame(
        list,
        [...new Set(list)].sort((one, other) => one - other),
      )
    t.strictSame(values.slice(-7), [103, 104, 105, 106, 107, 108, 109])
    t.strictSame(lines.slice(-2), [98, 99])
  },
)

/** Resolves when both ends have noticed that a connection was lost. */
async function untilGone(app: FastifyInstance, { socket, peer }: SlowClient): Promise<void> {
  await until(() => !socket.connected && !app.io.of('/prices').sockets.has(peer.id))
}

/** Connects again; returns whether the session was recovered. */
async function comeBack(socket: ClientSocket): Promise<boolean> {
  const back = next(socket, 'connect')
  socket.connect()
  await back
  return socket.recovered
}

t.test('a client is told of a gap by onGap()', async (t) => {
  const app = await build(t, { namespaces: { '/prices': prices } })
  const joined = clientOf(t, `http://127.0.0.1:${await listen(app)}`).join('/prices')
  await joined.ready
  const gaps: string[] = []
  joined.onGap((reason: string) => gaps.push(reason))
  const [peer] = [...app.io.of('/prices').sockets.values()] as [Socket]
  await stallReading(joined.socket, peer)
  for (const line of [1, 2, 3, 4]) peer.emit('line:new', line)
  webSocketOf(joined.socket).resume()
  await next(joined.socket, 'line:new')
  t.strictSame(gaps, ['dropped'])
})

inBothModes('emits of another node are bounded on the node of the client', async (t, fast) => {
  const { one, two } = await startTwo(t, { fast, namespaces: { '/prices': prices } })
  const slow = await joinSlowly(t, two.app, await listen(two.app), '/prices')
  await slow.stall()
  const there = one.app.io.of('/prices')
  for (const value of [1, 2, 3]) there.emit(...price('A', value))
  for (const line of [1, 2, 3]) there.to(slow.peer.id).emit('line:new', line)
  there.emit('chart:new', { symbol: 'A', pixels: Buffer.from([1]) })
  there.emit('chart:new', { symbol: 'A', pixels: Buffer.from([2]) })
  there.emit('end')
  while ((await slow.waiting()) < 7);
  await slow.readUntil('end')
  t.strictSame(slow.events, [
    price('A', 3),
    ['namespace:dropped', { emit: 'line:new', dropped: 1 }],
    ['line:new', 2],
    ['line:new', 3],
    ['chart:new', { symbol: 'A', pixels: Buffer.from([2]) }],
    ['end'],
  ])
})

t.test('a client that polls receives the newest of each key with its next poll', async (t) => {
  const app = await build(t, { namespaces: { '/prices': prices } })
  const port = await listen(app)
  const socket = join(t, `http://127.0.0.1:${port}`, '/prices', { transports: ['polling'] })
  const events: unknown[][] = []
  socket.onAny((...event) => events.push(event))
  await next(socket, 'connect')
  await until(() => [...app.io.of('/prices').sockets.values()].some(({ conn }) => conn.transport.writable))
  const all = app.io.of('/prices')
  all.emit('news:new', 'is the answer to the poll')
  for (const value of [1, 2, 3]) all.emit(...price('A', value))
  all.emit('end')
  await until(() => events.some(([event]) => event === 'end'))
  t.strictSame(events, [['news:new', 'is the answer to the poll'], price('A', 3), ['end']])
})

inBothModes('over TLS, where a write takes longer, a client that reads receives all of one tick', async (t, fast) => {
  const https = { ciphers: 'AECDH-AES128-SHA:@SECLEVEL=0', maxVersion: 'TLSv1.2' as const }
  const app = await build(t, { fast, namespaces: { '/prices': prices } }, undefined, { https } as object)
  const socket = join(t, `https://127.0.0.1:${await listen(app)}`, '/prices', {
    transports: ['websocket'],
    ciphers: https.ciphers,
    rejectUnauthorized: false,
  })
  const events: unknown[][] = []
  socket.onAny((...event) => events.push(event))
  await next(socket, 'connect')
  const [peer] = [...app.io.of('/prices').sockets.values()] as [Socket]
  const sent = Array.from({ length: 100 }, (_, line) => ['line:new', line] as const)
  for (const [index, [event, line]] of sent.entries()) (index % 2 === 0 ? app.io.of('/prices') : peer).emit(event, line)
  app.io.of('/prices').emit('end')
  await until(() => events.some(([event]) => event === 'end'))
  t.strictSame(events, [...sent, ['end']])
})

inBothModes('what waits for a session that has ended is not dropped for the next one', async (t, fast) => {
  const { slow, all } = await stage(t, { fast })
  for (const line of [1, 2]) all.emit('line:new', line)
  await slow.waiting()
  // Keeps the connection open.
  slow.socket.io.socket('/').connect()
  slow.socket.disconnect()
  await until(() => !slow.peer.connected)
  slow.socket.connect()
  await until(() => all.sockets.size === 2)
  for (const line of [3, 4, 5]) all.emit('line:new', line)
  all.emit('end')
  await slow.waiting()
  await slow.readUntil('end')
  const notice = ['namespace:dropped', { emit: 'line:new', dropped: 1 }]
  t.strictSame(slow.events.slice(-4), [notice, ['line:new', 4], ['line:new', 5], ['end']])
})

inBothModes('an emit that waits for an answer is never dropped', async (t, fast) => {
  const { slow, all } = await stage(t, { fast })
  slow.socket.on('price:new', (_price, ack) => ack?.('had'))
  const answered = slow.peer.timeout(60_000).emitWithAck(...price('A', 1))
  all.emit(...price('A', 2))
  all.emit(...price('A', 3))
  all.emit('end')
  await slow.readUntil('end')
  t.equal(await answered, 'had')
  t.match(slow.events.slice(1), [price('A', 3), ['end']])
})

t.test('a key that throws or is none is logged, and its emit waits like any other', async (t) => {
  const { lines, logger } = logLines()
  const broken = defineNamespace({
    emits: {
      'a:b': { payload: Type.Integer(), conflate: () => JSON.parse('{') },
      'c"d': { payload: Type.Integer(), conflate: () => ({}) as never },
      'e"f': { payload: Type.Integer(), conflate: (value) => (value > 9 ? undefined : 'low') },
      end: {},
    },
  })
  const app = await build(t, { namespaces: { '/broken': broken } }, undefined, { logger })
  const slow = await joinSlowly(t, app, await listen(app), '/broken')
  await slow.stall()
  for (const event of ['a:b', 'c"d', 'e"f']) for (const value of [1, 2, 10, 11]) app.io.of('/broken').emit(event, value)
  app.io.of('/broken').emit('end')
  await slow.readUntil('end')
  const all = (event: string) => slow.events.filter(([name]) => name === event).map(([, value]) => value)
  t.strictSame(
    [all('a:b'), all('c"d'), all('e"f')],
    [
      [1, 2, 10, 11],
      [1, 2, 10, 11],
      [2, 10, 11],
    ],
  )
  t.match(
    lines.filter(({ level }) => level === 50),
    [
      { namespace: '/broken', msg: 'a key of a conflated emit is missing', err: { type: 'SyntaxError' } },
      {
        namespace: '/broken',
        err: { message: 'conflate of c"d must return a string, a number or undefined: got object' },
      },
    ],
  )
})

t.test('each emit that is dropped is a message of a diagnostics channel', async (t) => {
  const messages: unknown[] = []
  const note = (message: unknown) => void messages.push(message)
  subscribe('fastify-namespaces:emit-dropped', note)
  t.teardown(() => unsubscribe('fastify-namespaces:emit-dropped', note))
  const { all, slow } = await stage(t, { fast: true })
  for (const value of [1, 2]) all.emit(...price('A', value))
  for (const line of [1, 2, 3]) all.emit('line:new', line)
  await slow.waiting()
  t.strictSame(messages, [
    { namespace: '/prices', emit: 'price:new' },
    { namespace: '/prices', emit: 'line:new' },
  ])
})
