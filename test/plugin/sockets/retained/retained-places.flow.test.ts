import type { FastifyInstance } from 'fastify'
import * as parser from 'socket.io-parser'
import t, { type Test } from 'tap'
import { Type } from 'typebox'
import { defineNamespace, roomName } from '../../../../plugin/index.js'
import { build, join, listen, logLines, next, until } from '../../harness.js'

/*
 * What is given to whoever joins later, on one node.
 */

const Price = Type.Object({ symbol: Type.String(), value: Type.Number() })

const market = defineNamespace({
  emits: {
    'state:set': { payload: Type.String(), retain: 1 },
    'line:new': { payload: Type.Integer(), retain: 3 },
    'price:new': {
      payload: Price,
      retain: {
        key: ({ symbol }) => (symbol === 'none' ? undefined : symbol),
        isRemoval: ({ value }) => value < 0,
        count: 2,
      },
    },
    'other:new': { payload: Type.Integer() },
    ping: { retain: 1 },
    'image:new': { payload: Type.Unsafe<Buffer>({}), retain: 1 },
  },
  rooms: { 'desk/:id': {} },
  events: {
    'line:send': {
      payload: Type.Integer(),
      relay: { emit: 'line:new', to: ({ payload }) => roomName('desk/:id', { id: payload }) },
    },
  },
})

const desk = (id: number) => roomName('desk/:id', { id })

/** Joins, and collects what is received. */
async function joinHearing(t: Test, app: FastifyInstance, more: object = {}) {
  const socket = join(t, `http://127.0.0.1:${await listenOnce(app)}`, '/market', more)
  const heard: unknown[][] = []
  socket.onAny((...args: unknown[]) => heard.push(args))
  await next(socket, 'connect')
  return {
    socket,
    heard,
    /** All that was sent before this call. */
    async all() {
      const marked = next(socket, 'other:new')
      app.io.of('/market').emit('other:new', 0)
      await marked
      return heard.filter(([event]) => event !== 'other:new')
    },
  }
}

const ports = new WeakMap<FastifyInstance, Promise<number>>()

function listenOnce(app: FastifyInstance): Promise<number> {
  const port = ports.get(app) ?? listen(app)
  ports.set(app, port)
  return port
}

t.test('whoever joins is given the last values first, marked, and in order', async (t) => {
  const app = await build(t, { namespaces: { '/market': market } })
  await listenOnce(app)
  const all = app.namespaceOf(market)
  for (const line of [1, 2, 3, 4]) all.emit('line:new', line)
  all.emit('state:set', 'open')
  all.emit('state:set', 'closed')
  const ada = await joinHearing(t, app)
  all.emit('line:new', 5)
  t.strictSame(await ada.all(), [
    ['line:new', 2, { retained: true }],
    ['line:new', 3, { retained: true }],
    ['line:new', 4, { retained: true }],
    ['state:set', 'closed', { retained: true }],
    ['line:new', 5],
  ])
})

t.test(
  'of each key the last value is given; a removal removes it, and a full place drops the oldest key',
  async (t) => {
    const app = await build(t, { namespaces: { '/market': market } })
    await listenOnce(app)
    const all = app.namespaceOf(market)
    const ada = await joinHearing(t, app)
    for (const [symbol, value] of [
      ['a', 1],
      ['b', 1],
      ['c', 1],
      ['none', 1],
      ['b', 2],
      ['c', -1],
    ] as const) {
      all.emit('price:new', { symbol, value })
    }
    const bob = await joinHearing(t, app)
    t.strictSame(await bob.all(), [['price:new', { symbol: 'b', value: 2 }, { retained: true }]])
    t.equal((await ada.all()).length, 6, 'who is there receives every one')
  },
)

t.test('a declared room has values of its own, given when the client has joined it', async (t) => {
  const app = await build(t, { namespaces: { '/market': market } })
  await listenOnce(app)
  const all = app.namespaceOf(market)
  all.to.desk({ id: 1 }).emit('line:new', 1)
  all.to.desk({ id: 2 }).emit('line:new', 2)
  const ada = await joinHearing(t, app)
  t.strictSame(await ada.all(), [])
  await ada.socket.emitWithAck('room:join', desk(1))
  t.strictSame(await ada.all(), [['line:new', 1, { retained: true }]])
  t.match(await ada.socket.emitWithAck('line:send', 1), { ok: true })
  const bob = await joinHearing(t, app)
  await bob.socket.emitWithAck('room:join', desk(1))
  t.strictSame(await bob.all(), [
    ['line:new', 1, { retained: true }],
    ['line:new', 1, { retained: true }],
  ])
  app.io.of('/market').in(String(bob.socket.id)).socketsJoin(desk(2))
  t.strictSame((await bob.all()).at(-1), ['line:new', 2, { retained: true }])
})

t.test('what not everyone at a place receives is not kept', async (t) => {
  const app = await build(t, { namespaces: { '/market': market } })
  await listenOnce(app)
  const io = app.io.of('/market')
  io.local.emit('line:new', 1)
  io.volatile.emit('line:new', 2)
  io.to('elsewhere').emit('line:new', 3)
  io.to([desk(1), desk(2)]).emit('line:new', 4)
  io.emit('other:new', 5)
  const first = await joinHearing(t, app)
  io.sockets.get(String(first.socket.id))?.emit('line:new', 6)
  await io
    .timeout(1_000)
    .emitWithAck('line:new', 7)
    .catch(() => {})
  const ada = await joinHearing(t, app)
  await ada.socket.emitWithAck('room:join', desk(1))
  t.strictSame(await ada.all(), [])
})

t.test('an emit without a payload has null before the mark; an attachment is given as it was', async (t) => {
  const app = await build(t, { namespaces: { '/market': market } })
  await listenOnce(app)
  const all = app.namespaceOf(market)
  all.emit('ping')
  all.emit('image:new', Buffer.from('bytes'))
  const ada = await joinHearing(t, app)
  t.strictSame(await ada.all(), [
    ['ping', null, { retained: true }],
    ['image:new', Buffer.from('bytes'), { retained: true }],
  ])
})

t.test('what onConnect emits comes behind it', async (t) => {
  const greeting = defineNamespace({
    emits: { 'line:new': { payload: Type.Integer(), retain: 3 }, 'other:new': { payload: Type.Integer() } },
    onConnect: ({ emit }) => emit('line:new', 9),
  })
  const app = await build(t, { namespaces: { '/market': greeting } })
  await listenOnce(app)
  app.namespaceOf(greeting).emit('line:new', 1)
  const ada = await joinHearing(t, app)
  t.strictSame(await ada.all(), [
    ['line:new', 1, { retained: true }],
    ['line:new', 9],
  ])
})

t.test('a recovered client receives what it has missed, and nothing twice', async (t) => {
  const app = await build(t, { namespaces: { '/market': market }, io: { connectionStateRecovery: {} } })
  await listenOnce(app)
  const all = app.namespaceOf(market)
  all.emit('line:new', 1)
  const ada = await joinHearing(t, app, { reconnection: true, reconnectionDelay: 1, transports: ['websocket'] })
  all.emit('line:new', 2)
  await ada.all()
  const back = next(ada.socket, 'connect')
  ada.socket.io.engine.close()
  all.emit('line:new', 3)
  await back
  t.ok(ada.socket.recovered)
  t.strictSame(
    (await ada.all()).map(([, line, mark]) => [line, Object(mark).retained === true]),
    [
      [1, true],
      [2, false],
      [3, false],
    ],
  )
})

t.test('a key that fails keeps nothing, and is logged; a value above 64 KiB removes that of its key', async (t) => {
  const { lines, logger } = logLines()
  const fickle = defineNamespace({
    emits: {
      'price:new': {
        payload: Type.Object({ symbol: Type.Unknown(), text: Type.String() }),
        retain: {
          key: ({ symbol }) => {
            if (symbol === 'throws') throw new Error('no key')
            return symbol as string
          },
        },
      },
      'other:new': { payload: Type.Integer() },
    },
  })
  const app = await build(t, { namespaces: { '/market': fickle } }, undefined, { logger })
  await listenOnce(app)
  const all = app.namespaceOf(fickle)
  for (const symbol of ['throws', true, 'a', 7]) all.emit('price:new', { symbol, text: 'short' })
  all.emit('price:new', { symbol: 'a', text: 'x'.repeat(70_000) })
  const ada = await joinHearing(t, app)
  t.strictSame(await ada.all(), [['price:new', { symbol: 7, text: 'short' }, { retained: true }]])
  const logged = lines.filter(({ msg }) => msg === 'an emit was not kept for those who join')
  t.strictSame(
    logged.map(({ err }) => Object(err).message),
    ['no key', 'the key is a boolean', 'price:new has more than 65,536 bytes'],
  )
})

t.test('another parser encodes them as it does', async (t) => {
  const app = await build(t, { namespaces: { '/market': market }, io: { parser } })
  await listenOnce(app)
  app.namespaceOf(market).emit('line:new', 1)
  const ada = await joinHearing(t, app, { parser })
  t.strictSame(await ada.all(), [['line:new', 1, { retained: true }]])
})

t.test('an address that nobody is at keeps its values', async (t) => {
  const board = defineNamespace({
    schema: { params: Type.Object({ id: Type.String() }) },
    emits: { 'line:new': { payload: Type.Integer(), retain: 1 } },
  })
  const app = await build(t, { namespaces: { '/boards/:id': board } })
  const url = `http://127.0.0.1:${await listenOnce(app)}`
  app.namespaceOf(board, { id: 'a' }).emit('line:new', 1)
  for (const _ of [1, 2]) {
    const socket = join(t, url, '/boards/a')
    t.strictSame(await next(socket, 'line:new'), [1, { retained: true }])
    socket.disconnect()
    await until(() => !app.io._nsps.has('/boards/a'))
  }
})
