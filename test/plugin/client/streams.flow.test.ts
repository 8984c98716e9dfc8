import Fastify from 'fastify'
import { Server, type Socket } from 'socket.io'
import t, { type Test } from 'tap'
import { Type } from 'typebox'
import { defineNamespace } from '../../../plugin/index.js'
import { clientOf, failureOf, serve, untilStatus } from '../client-harness.js'
import { listen, until, withResolvers } from '../harness.js'

const Line = Type.Object({ line: Type.Integer() })

/** Lines from `lastId`, or from 1; `state` says what has become of the generators. */
function counting({ length = Number.POSITIVE_INFINITY, credits = 16, hasIds = false } = {}) {
  const state = { begun: 0, yielded: 0, ended: 0, lastIds: [] as unknown[] }
  const definition = defineNamespace({
    events: {
      'log:tail': {
        payload: Type.Union([Type.Object({ from: Type.Integer() }), Type.Null()]),
        stream: Line,
        credits,
        ...(hasIds && { itemId: ({ line }: { line: number }) => line }),
        reply: Type.String(),
        errors: { GONE: Type.Object({ file: Type.String() }) },
        async *handler(payload: { from: number } | null, context: never) {
          const { lastId, error } = context as { lastId: unknown; error: (code: string, details: object) => Error }
          state.begun++
          state.lastIds.push(lastId)
          if (payload?.from === -1) throw error('GONE', { file: 'app.log' })
          try {
            for (let line = Number(lastId ?? 0) + 1; line <= length; line++) {
              state.yielded++
              yield { line }
            }
            return 'the end'
          } finally {
            state.ended++
          }
        },
      },
    },
  } as never)
  return { definition, state }
}

async function readAll(stream: AsyncIterable<unknown>, most = Number.POSITIVE_INFINITY) {
  const items: unknown[] = []
  for await (const item of stream) if (items.push(item) >= most) break
  return items
}

t.test('a stream gives its items in order, then what its handler returns', async (t) => {
  const { definition } = counting({ length: 100 })
  const { client } = await serve(t, { '/logs': definition })
  const stream = client().join('/logs').stream('log:tail')
  const iterator = stream[Symbol.asyncIterator]()
  const items: unknown[] = []
  for (let next = await iterator.next(); ; next = await iterator.next()) {
    if (next.done) {
      t.equal(next.value, 'the end')
      break
    }
    items.push(next.value)
  }
  t.strictSame(
    items,
    Array.from({ length: 100 }, (_, index) => ({ line: index + 1 })),
  )
  t.equal(await stream.result, 'the end')
  t.strictSame(await iterator.next(), { done: true, value: undefined })
})

t.test('a declared error and an invalid payload are thrown by the iteration, and by result', async (t) => {
  const { definition } = counting()
  const { client } = await serve(t, { '/logs': definition })
  const logs = client().join('/logs')
  const gone = logs.stream('log:tail', { from: -1 })
  t.match(await failureOf(readAll(gone)), { code: 'GONE', details: { file: 'app.log' }, event: 'log:tail' })
  t.match(await failureOf(gone.result), { code: 'GONE' })
  t.match(await failureOf(readAll(logs.stream('log:tail', 'x'))), { code: 'FST_NSP_EVENT_INVALID' })
})

t.test('an iteration that does not read holds at most its credits', async (t) => {
  const { definition, state } = counting()
  const { client } = await serve(t, { '/logs': definition })
  const logs = client().join('/logs')
  const stream = logs.stream('log:tail', undefined, { credits: 4 })
  await until(() => state.yielded === 4)
  await logs.call('log:tail').catch(() => {})
  t.equal(state.yielded, 4)
  const iterator = stream[Symbol.asyncIterator]()
  await iterator.next()
  await until(() => state.yielded > 4)
  t.ok(state.yielded <= 5)
  await iterator.return?.()
  await until(() => state.ended === 1)
})

t.test('credits are granted where the event has fewer than the client asks for', async (t) => {
  const { definition } = counting({ length: 50, credits: 2 })
  const { client } = await serve(t, { '/logs': definition })
  const logs = client().join('/logs')
  t.equal((await readAll(logs.stream('log:tail'))).length, 50)
  t.equal((await readAll(logs.stream('log:tail', undefined, { credits: 100 }))).length, 50)
})

t.test('break, cancel(), a signal and leave() end the stream in the server', async (t) => {
  const { definition, state } = counting()
  const { client } = await serve(t, { '/logs': definition })
  const { join } = client()
  const logs = join('/logs')

  const broken = logs.stream('log:tail')
  t.equal((await readAll(broken, 3)).length, 3)
  t.match(await failureOf(broken.result), { code: 'NSP_CLIENT_ABORTED', statusCode: 499 })
  await until(() => state.ended === 1)

  const cancelled = logs.stream('log:tail')
  await until(() => state.begun === 2)
  cancelled.cancel()
  cancelled.cancel()
  t.strictSame(await readAll(cancelled), [], 'unread items are dropped')
  await until(() => state.ended === 2)

  const ended = logs.stream('log:tail', { from: -1 })
  await failureOf(ended.result)
  ended.cancel()
  t.strictSame(await readAll(ended), [], 'the iteration does not throw after cancel()')
  state.begun--

  const controller = new AbortController()
  const reason = new Error('Enough')
  const aborted = logs.stream('log:tail', undefined, { signal: controller.signal })
  await until(() => state.begun === 3)
  controller.abort(reason)
  t.match(await failureOf(readAll(aborted)), { code: 'NSP_CLIENT_ABORTED', cause: reason })
  await until(() => state.ended === 3)
  const never = logs.stream('log:tail', undefined, { signal: controller.signal })
  t.match(await failureOf(readAll(never)), { code: 'NSP_CLIENT_ABORTED', details: { isSent: false } })

  const other = join('/logs')
  const left = other.stream('log:tail')
  await until(() => state.begun === 4)
  other.leave()
  t.match(await failureOf(readAll(left)), { code: 'NSP_CLIENT_LEFT' })
  await until(() => state.ended === 4)
  t.equal(logs.state.getSnapshot().status, 'joined')
  t.match(await failureOf(readAll(other.stream('log:tail'))), { code: 'NSP_CLIENT_LEFT' })
})

t.test('onItem takes the items in place of an iteration, one after the other', async (t) => {
  const { definition, state } = counting({ length: 5 })
  const { client } = await serve(t, { '/logs': definition })
  const logs = client().join('/logs')
  const items: unknown[] = []
  let running = 0
  const onItem = async (item: unknown) => {
    running++
    await new Promise<void>((resolve) => setImmediate(resolve))
    items.push([item, running])
    running--
  }
  t.equal(await logs.stream('log:tail', undefined, { onItem }).result, 'the end')
  t.strictSame(
    items,
    [1, 2, 3, 4, 5].map((line) => [{ line }, 1]),
  )

  const endless = counting()
  const { client: second } = await serve(t, { '/logs': endless.definition })
  const mine = new Error('Mine')
  const failing = second()
    .join('/logs')
    .stream('log:tail', undefined, {
      onItem: () => {
        throw mine
      },
    })
  await t.rejects(failing.result, mine)
  await until(() => endless.state.ended === 1)
  t.equal(state.ended, 1)
})

t.test(
  'a stream whose items have ids is resumed after a lost connection: nothing is lost, nothing comes twice',
  async (t) => {
    const { definition, state } = counting({ length: 200, hasIds: true })
    const { client, cut } = await serve(t, { '/logs': definition })
    const logs = client().join('/logs')
    const lines: unknown[] = []
    for await (const item of logs.stream('log:tail')) {
      lines.push((item as { line: number }).line)
      if (lines.length % 60 === 0) {
        cut()
        await untilStatus(logs, 'recovering')
      }
    }
    t.strictSame(
      lines,
      Array.from({ length: 200 }, (_, index) => index + 1),
    )
    t.equal(state.begun, 4)
    t.match(state.lastIds, [undefined, Number, Number, Number])
    t.equal(state.ended, 4)
  },
)

t.test('a stream without ids ends with the connection, unless resume says to begin again', async (t) => {
  const { definition, state } = counting()
  const { client, cut } = await serve(t, { '/logs': definition })
  const logs = client().join('/logs')
  await logs.ready
  const [lost, off, again] = [undefined, false, true].map((resume) =>
    logs.stream('log:tail', undefined, { credits: 2, ...(resume !== undefined && { resume }) }),
  ) as unknown as [AsyncIterable<unknown>, AsyncIterable<unknown>, AsyncIterable<unknown>]
  await until(() => state.yielded === 6)
  cut()
  await untilStatus(logs, 'recovering')
  for (const stream of [lost, off]) {
    const items: unknown[] = []
    const failure = await failureOf(
      (async () => {
        for await (const item of stream) items.push(item)
      })(),
    )
    t.match(failure, { code: 'NSP_CLIENT_OFFLINE', details: { isSent: true } })
    t.ok(items.length <= 2, 'items that have arrived are read before')
  }
  await until(() => state.begun === 4)
  const lines = (await readAll(again, 6)).map((item) => (item as { line: number }).line)
  t.ok(lines.lastIndexOf(1) > 0 || lines[0] === 1)
})

t.test('a payload that can not be encoded ends its stream', async (t) => {
  const { definition } = counting()
  const { client } = await serve(t, { '/logs': definition })
  const logs = client().join('/logs')
  await logs.ready
  await t.rejects(readAll(logs.stream('log:tail', { from: 1n })), TypeError)
})

t.test('a stream that is opened on a dead connection is opened on the next one', async (t) => {
  const { definition, state } = counting({ length: 3 })
  const { client } = await serve(t, { '/logs': definition })
  const { join, manager } = client()
  const logs = join('/logs')
  await logs.ready
  Object.assign(manager.engine, { _hasPingExpired: () => true })
  const stream = logs.stream('log:tail')
  t.strictSame(logs.socket.sendBuffer, [])
  manager.engine.close()
  t.equal((await readAll(stream)).length, 3)
  t.equal(state.begun, 1)
})

/** A server of Socket.IO alone that speaks the wire format of streams, as docs/wire.md has it. */
async function serveByHand(t: Test, serveStream: (socket: Socket, ...args: StreamArgs) => void) {
  const app = Fastify()
  const io = new Server(app.server)
  t.teardown(async () => {
    io.disconnectSockets(true)
    await app.close()
  })
  const sockets: Socket[] = []
  io.of('/logs').on('connection', (socket) => {
    sockets.push(socket)
    socket.on('log:tail', (...args: StreamArgs) => serveStream(socket, ...args))
  })
  return { sockets, ...clientOf(t, `http://127.0.0.1:${await listen(app)}`) }
}

type StreamArgs = [
  payload: unknown,
  options: { id: string; credits?: number; lastId?: unknown },
  ack: (envelope: object) => void,
]

t.test('on the wire: an open with an id, credits and lastId; more; cancel; the ack is the end', async (t) => {
  const opened: StreamArgs[] = []
  const { sockets, join } = await serveByHand(t, (_socket, ...args) => void opened.push(args))
  const logs = join('/logs')
  const stream = logs.stream('log:tail', { file: 'a' }, { credits: 4 })
  const iterator = stream[Symbol.asyncIterator]()
  await until(() => opened.length === 1)
  const [[payload, options, ack]] = opened as [StreamArgs]
  t.strictSame(payload, { file: 'a' })
  t.match(options, { id: /^.{1,64}$/, credits: 4 })
  t.notOk('lastId' in options)
  const [socket] = sockets as [Socket]
  const told: unknown[][] = []
  socket.onAny((...args) => told.push(args))
  socket.emit('namespace:item', 'another', 'not mine')
  for (const item of ['a', 'b']) socket.emit('namespace:item', options.id, item, `id of ${item}`)
  t.strictSame(await iterator.next(), { done: false, value: 'a' })
  t.strictSame(await iterator.next(), { done: false, value: 'b' })
  await until(() => told.length === 1)
  t.strictSame(told, [['namespace:more', options.id, 2]], 'half of the credits at once')
  socket.emit('namespace:item', options.id, 'c', 'id of c')
  t.strictSame(await iterator.next(), { done: false, value: 'c' })
  await until(() => told.length === 2)
  t.strictSame(told[1], ['namespace:more', options.id, 1], 'fewer when nothing follows')

  socket.emit('namespace:item', options.id, 'd', 'id of d')
  // A node that closes ends its streams; the client resumes on the next one.
  ack({ ok: false, error: { code: 'FST_NSP_CLOSING', statusCode: 503, message: 'Closing' } })
  await until(() => logs.socket.listeners('namespace:item').length === 1)
  socket.conn.close()
  await until(() => opened.length === 2)
  const [, [again, resumed, end]] = opened as [StreamArgs, StreamArgs]
  t.strictSame(again, { file: 'a' })
  t.match(resumed, { credits: 3, lastId: 'id of d' }, 'an unread item counts')
  t.not(resumed.id, options.id)
  t.strictSame(await iterator.next(), { done: false, value: 'd' })
  end({ ok: true, data: 'done' })
  t.strictSame(await iterator.next(), { done: true, value: 'done' })

  const cancelled = logs.stream('log:tail')
  await until(() => opened.length === 3)
  ack({ ok: true })
  t.notOk('credits' in Object(opened[2]?.[1]), "the event's own by default")
  const last = withResolvers<unknown[]>()
  sockets.at(-1)?.onAny((...args) => last.resolve(args))
  cancelled.cancel()
  t.strictSame(await last.promise, ['namespace:cancel', opened[2]?.[1].id])

  const unread = logs.stream('log:tail', undefined, { resume: true })
  await until(() => opened.length === 4)
  sockets.at(-1)?.emit('namespace:item', opened[3]?.[1].id, 'e')
  sockets.at(-1)?.conn.close()
  await until(() => opened.length === 5)
  t.match(opened[4]?.[1], { credits: 15 }, 'one of sixteen is unread')
  unread.cancel()
})
