import type { FastifyInstance } from 'fastify'
import pg from 'pg'
import { createClient } from 'redis'
import t, { type Test } from 'tap'
import { Type } from 'typebox'
import { createRetainedStore } from '../../../../plugin/adapters/retained/retained-change.js'
import { type AdapterOptions, defineNamespace } from '../../../../plugin/index.js'
import { createRetainedPlaces } from '../../../../plugin/sockets/retained/retained-places.js'
import { createPostgresOutbox } from '../../../../plugin/stores.js'
import { hasPostgres, startPostgres } from '../../../cluster/postgres.js'
import { hasRedis, startRedis } from '../../../cluster/redis.js'
import { build, join, listen, next, until } from '../../harness.js'

/*
 * What is given to whoever joins later, on nodes that share a broker.
 */

t.setTimeout(120_000)

const Count = Type.Object({ of: Type.String(), count: Type.Integer() })

const board = defineNamespace({
  schema: { params: Type.Object({ id: Type.String() }) },
  emits: {
    'count:set': { payload: Count, retain: { key: ({ of }) => of, isRemoval: ({ count }) => count < 0 } },
    'line:new': { payload: Type.Integer(), retain: 3 },
    'end:mark': { payload: Type.String() },
    'text:set': { payload: Type.String(), retain: 1 },
    ping: { retain: 1 },
  },
  rooms: { 'part/:id': {} },
})

interface Node {
  readonly app: FastifyInstance
  readonly url: string
}

async function startNode(t: Test, adapter: AdapterOptions): Promise<Node> {
  const app = await build(t, { adapter, namespaces: { '/boards/:id': board } })
  return { app, url: `http://127.0.0.1:${await listen(app)}` }
}

/** Joins, and collects what is received before `end:mark`. */
async function hear(t: Test, { url }: Node, address: string, room?: string) {
  const socket = join(t, url, address, { forceNew: true, transports: ['websocket'] } as object)
  const heard: unknown[][] = []
  socket.onAny((...args: unknown[]) => heard.push(args))
  await next(socket, 'connect')
  if (room !== undefined) await socket.emitWithAck('room:join', room)
  return { socket, heard, has: (mark: string) => heard.some(([event, text]) => event === 'end:mark' && text === mark) }
}

const BROKERS = [
  [
    'redis',
    async (t: Test) => {
      const path = await startRedis(t)
      return (): AdapterOptions => ({
        type: 'redis',
        client: createClient({ socket: { path, tls: false } }).on('error', () => {}),
      })
    },
    !(await hasRedis()) && 'redis-server is not installed',
  ],
  [
    'postgres',
    async (t: Test) => {
      const url = (await startPostgres(t)).url()
      return (): AdapterOptions => ({ type: 'postgres', url })
    },
    !(await hasPostgres()) && 'PostgreSQL is not installed',
  ],
] as const

for (const [kind, startBroker, skip] of BROKERS) {
  t.test(
    `${kind}: whoever joins while nodes emit misses nothing, and receives nothing twice or older`,
    { skip },
    async (t) => {
      const adapter = await startBroker(t)
      const [one, two] = [await startNode(t, adapter()), await startNode(t, adapter())]
      for (const room of [undefined, 'part/1']) {
        const address = `/boards/${room ?? 'all'}`.replace('part/', 'part')
        const reach = ({ app }: Node) => {
          const all = app.namespaceOf(board, { id: address.slice('/boards/'.length) })
          return room === undefined ? all : all.to.part({ id: 1 })
        }
        let count = 0
        let isOver = false
        const emit = () => {
          if (isOver) return
          count++
          reach(one).emit('count:set', { of: `one ${count % 5}`, count })
          reach(one).emit('line:new', count)
          reach(two).emit('count:set', { of: `two ${count % 3}`, count })
          setImmediate(emit)
        }
        emit()
        await until(() => count > 50)
        const clients: Awaited<ReturnType<typeof hear>>[] = []
        for (let at = 0; at < 20; at++) clients.push(await hear(t, at % 2 ? one : two, address, room))
        isOver = true
        await new Promise((resolve) => setImmediate(resolve))
        for (const node of [one, two]) reach(node).emit('end:mark', node === one ? 'one' : 'two')
        await until(() => clients.every(({ has }) => has('one') && has('two')))
        for (const { heard } of clients) {
          const lines = heard.filter(([event]) => event === 'line:new').map(([, line]) => Number(line))
          const [first = 0] = lines
          t.strictSame(
            lines,
            Array.from({ length: count - first + 1 }, (_, at) => first + at),
            'lines without a gap',
          )
          t.ok(
            first > 0 && Object(heard.find(([event]) => event === 'line:new')?.[2]).retained,
            'the first one is marked',
          )
          const last = new Map<string, number>()
          let older = 0
          for (const [event, value] of heard) {
            if (event !== 'count:set') continue
            const { of, count: now } = value as { of: string; count: number }
            if (now <= (last.get(of) ?? 0)) older++
            last.set(of, now)
          }
          t.equal(older, 0, 'no older value behind a newer one, and none twice')
          t.equal(last.size, 8)
        }
      }
    },
  )

  t.test(
    `${kind}: values outlive the nodes that wrote them, and reach addresses where nobody was`,
    { skip },
    async (t) => {
      const adapter = await startBroker(t)
      const one = await startNode(t, adapter())
      const all = one.app.namespaceOf(board, { id: 'cold' })
      all.emit('count:set', { of: 'a', count: 1 })
      all.emit('count:set', { of: 'b', count: 2 })
      all.emit('count:set', { of: 'a', count: -1 })
      all.to.part({ id: 7 }).emit('line:new', 7)
      await one.app.close()
      const two = await startNode(t, adapter())
      const ada = await hear(t, two, '/boards/cold', 'part/7')
      two.app.io.of('/boards/cold').emit('end:mark', 'x')
      await until(() => ada.has('x'))
      t.strictSame(ada.heard.slice(0, -1), [
        ['count:set', { of: 'b', count: 2 }, { retained: true }],
        ['line:new', 7, { retained: true }],
      ])

      t.comment('a value that is too long removes the one of its key; what may be others are read again')
      const there = two.app.namespaceOf(board, { id: 'cold' })
      there.emit('count:set', { of: 'b', count: 3 })
      there.emit('text:set', 'short')
      there.emit('text:set', 'x'.repeat(70_000))
      there.emit('ping')
      two.app.io.of('/boards/cold').adapter.emit('retained:unsure')
      two.app.io.of('/boards/cold').emit('end:mark', 'y')
      await until(() => ada.has('y'))
      const bob = await hear(t, two, '/boards/cold')
      two.app.io.of('/boards/cold').emit('end:mark', 'z')
      await until(() => bob.has('z'))
      t.strictSame(bob.heard.slice(0, -1), [
        ['count:set', { of: 'b', count: 3 }, { retained: true }],
        ['ping', null, { retained: true }],
      ])
    },
  )
}

t.test('a static name has its values from the boot on', { skip: BROKERS[0][2] }, async (t) => {
  const adapter = await BROKERS[0][1](t)
  const emits = { 'line:new': { payload: Type.Integer(), retain: 2 } }
  const start = () => build(t, { adapter: adapter(), namespaces: { '/': { emits }, '/lines': { emits } } })
  const one = await start()
  await one.ready()
  for (const name of ['/', '/lines']) one.namespaceOf(name).emit('line:new', 1)
  const two = await start()
  const url = `http://127.0.0.1:${await listen(two)}`
  for (const name of ['/', '/lines']) {
    const socket = join(t, url, name, { transports: ['websocket'] })
    t.strictSame(await next(socket, 'line:new'), [1, { retained: true }], name)
  }
})

t.test('an emit of the outbox is kept as any other', { skip: BROKERS[1][2] }, async (t) => {
  const url = (await startPostgres(t)).url()
  const pool = new pg.Pool({ connectionString: url })
  t.teardown(() => pool.end())
  const adapter: AdapterOptions = { type: 'postgres', url }
  const app = await build(t, { adapter, outbox: createPostgresOutbox({ pool }), namespaces: { '/boards/:id': board } })
  const node = { app, url: `http://127.0.0.1:${await listen(app)}` }
  const first = await hear(t, node, '/boards/a')
  await app.namespaceOf(board, { id: 'a' }).emitIn(pool, 'line:new', 5)
  await app.namespaceOf(board, { id: 'a' }).emitIn(pool, 'ping')
  await until(() => first.heard.length === 2)
  const ada = await hear(t, node, '/boards/a')
  app.io.of('/boards/a').emit('end:mark', 'x')
  await until(() => ada.has('x'))
  t.strictSame(ada.heard.slice(0, -1), [
    ['line:new', 5, { retained: true }],
    ['ping', null, { retained: true }],
  ])
})

t.test('what is held of an address is forgotten with it', async (t) => {
  const app = await build(t)
  const { log, io } = app
  const store = { read: () => new Promise<never>(() => {}) }
  const places = createRetainedPlaces({ io, contractOf: () => undefined, store, parser: undefined, log })
  places.mount(io.of('/a'), { retained: new Map([['x', {}]]), rooms: new Map() } as never)
  t.ok(places.ready('/a'))
  places.forget('/a')
  t.equal(places.ready('/a'), undefined)
  places.mount(io.of('/a'), { retained: new Map([['x', {}]]), rooms: new Map() } as never)
  places.close()
  t.equal(places.ready('/a'), undefined, 'and with the server')
})

t.test('a stored value that no client can read is left out', async (t) => {
  const stored = ['2/a,["x",1]', '2/b,["x",1]', '2/a,["x"', '4/a,["x"]'].map((text) => JSON.stringify([text]))
  const values = [...stored, '{', '[7]', '7'].map((value, at) => ({
    set: JSON.stringify(['/a', 'x']),
    key: `${at}`,
    value,
  }))
  const { read } = createRetainedStore({
    read: async () => ({ end: '1', values }),
    whenDelivered: (_a, _p, run) => run(),
  })
  const found = await read('/a', undefined, ['x'])
  t.match(found.values, [{ emit: 'x', key: '0', encoded: { text: '2/a,["x",1]' } }])
  t.equal(found.values.length, 1)
  t.notOk(found.isBehind('no offset'))
})
