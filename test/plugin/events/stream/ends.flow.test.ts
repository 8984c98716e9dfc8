import { AsyncLocalStorage } from 'node:async_hooks'
import { EventEmitter, on } from 'node:events'
import { createRequire } from 'node:module'
import * as v8 from 'node:v8'
import type { Socket as ServerSocket } from 'socket.io'
import type { Socket } from 'socket.io-client'
import t from 'tap'
import WebSocket from 'ws'
import { LiveStream } from '../../../../plugin/events/stream/live-stream.js'
import type { AnyNamespaceDefinition } from '../../../../plugin/index.js'
import { frame, OPCODE, WireSocket } from '../../../wire/wire.js'
import { build, join, listen, next, until, WEBSOCKET, withResolvers } from '../../harness.js'
import { cancel, client, counting, more, number, open, probe, settled } from './stream-harness.js'

/*
 * How a stream ends without its handler: timeouts, disconnects, a closing server; and what it leaves behind.
 */

const forever = () => new Promise<never>(() => {})

t.test(
  'handlerTimeoutMs bounds the time until the next item, also for a handler that ignores its signal',
  async (t) => {
    const stuck = {
      stream: number,
      async *handler() {
        yield { n: 1 }
        await forever()
      },
    }
    const { socket } = await client(
      t,
      {
        events: {
          stuck,
          own: { ...stuck, handlerTimeoutMs: 60 },
          hooked: { ...stuck, preHandler: forever },
          never: { stream: number, handler: forever },
        },
      },
      { handlerTimeoutMs: 50, limits: { eventsInFlight: 3 } },
    )
    const late = (what: string, ms = 50) => ({
      ok: false,
      error: {
        code: 'FST_NSP_HANDLER_TIMEOUT',
        statusCode: 503,
        message: `${what} took longer than handlerTimeoutMs (${ms} ms)`,
      },
    })
    for (let round = 0; round < 3; round++) {
      const { items, end } = open(socket, 'stuck')
      t.strictSame(await end, late('The next item of stuck'))
      t.strictSame(items, [{ n: 1 }])
      t.strictSame(await open(socket, 'own').end, late('The next item of own', 60))
    }
    t.strictSame(await open(socket, 'hooked').end, late('The first item of hooked, hooks included,'))
    t.strictSame(await open(socket, 'never').end, late('The first item of never, hooks included,'))
  },
)

t.test('the time in which the client has no credits is bounded by readTimeoutMs alone', async (t) => {
  const unread = counting()
  const patient = counting()
  const { socket } = await client(t, {
    events: {
      probe,
      unread: { stream: number, credits: 2, readTimeoutMs: 60, handler: unread.handler },
      patient: { stream: number, credits: 2, readTimeoutMs: 0, handlerTimeoutMs: 20, handler: patient.handler },
      endless: { stream: number, credits: 2, readTimeoutMs: 0, handlerTimeoutMs: 0, handler: patient.handler },
    },
  })
  const waiting = open(socket, 'patient', null, { reads: false })
  const endless = open(socket, 'endless', null, { reads: false })
  t.strictSame(await open(socket, 'unread', null, { reads: false }).end, {
    ok: false,
    error: {
      code: 'FST_NSP_STREAM_UNREAD',
      statusCode: 408,
      message: 'The client was not ready for the next item of unread within readTimeoutMs (60 ms)',
    },
  })
  t.match(unread.seen, { taken: 2, returned: 1, aborted: 1, reason: 'FST_NSP_STREAM_UNREAD' })
  t.equal(waiting.items.length, 2, 'after 60 ms it is still open')
  more(waiting, 1)
  await until(() => waiting.items.length === 3)
  for (const stream of [waiting, endless]) {
    cancel(stream)
    t.match(await stream.end, { ok: false, error: { code: 'FST_NSP_STREAM_CANCELLED' } })
  }
  await settled(socket)
})

t.test('a stream may last longer than any timeout', async (t) => {
  let isOver = false
  const { socket } = await client(
    t,
    {
      events: {
        ticks: {
          stream: number,
          async *handler() {
            for (let n = 0; !isOver; n++) {
              await new Promise((resolve) => setTimeout(resolve, 50))
              yield { n }
            }
          },
        },
        hang: { handler: () => new Promise(() => {}) },
      },
    },
    // Longer than a step takes on a busy machine
    { handlerTimeoutMs: 1_000 },
  )
  const { end, items } = open(socket, 'ticks')
  await until(() => items.length > 0)
  // It begins later, and its time is up first.
  t.match(await socket.emitWithAck('hang'), { ok: false, error: { code: 'FST_NSP_HANDLER_TIMEOUT' } })
  const { length } = items
  await until(() => items.length > length)
  isOver = true
  t.match(await end, { ok: true })
})

t.test('a disconnect stops a stream, and its hooks run once', async (t) => {
  const { seen, handler } = counting()
  const hooks: unknown[] = []
  const { app, socket } = await client(t, {
    eventHooks: {
      onError: (_context: unknown, error: { code: string }) => void hooks.push(error.code),
      onAck: (_context: unknown, ack: { error: { code: string } }) => void hooks.push(ack.error.code),
    },
    events: {
      count: { stream: number, handler },
      pending: {
        stream: number,
        handler: async function* () {
          await forever()
          yield {}
        },
      },
    },
  })
  const { items } = open(socket, 'count', null, { reads: false })
  await until(() => items.length === 16)
  open(socket, 'pending')
  socket.disconnect()
  await until(() => seen.returned === 1 && hooks.length === 4)
  t.match(seen, { taken: 16, returned: 1, aborted: 1, reason: /^The socket has disconnected/ })
  t.strictSame(
    hooks.sort(),
    Array.from({ length: 4 }, () => 'FST_NSP_SOCKET_GONE'),
  )
  await app.close()
})

t.test('an event that controls a stream, right behind a disconnect, is not handled', async (t) => {
  const { handler } = counting()
  const app = await build(t, { namespaces: { '/chat': { events: { count: { stream: number, handler } } } as never } })
  const socket = await WireSocket.open(await listen(app))
  await socket.join('/chat')
  const texts = ['41/chat,', '42/chat,7["namespace:more","x",1]', '40/chat,']
  socket.tcp.write(Buffer.concat(texts.map((text) => frame(OPCODE.text, text))))
  t.match(await socket.next(), /^40\/chat,/, 'its ack is not sent')
  await socket.end()
})

t.test('while the server closes, streams end at once, acked, with FST_NSP_CLOSING', async (t) => {
  const { seen, handler } = counting()
  const emitter = new EventEmitter()
  const app = await build(t, {
    closeTimeoutMs: 30_000,
    namespaces: {
      '/chat': {
        events: {
          count: { stream: number, handler },
          ticks: {
            stream: number,
            async *handler(_payload: unknown, { signal }: { signal: AbortSignal }) {
              const { setInterval } = await import('node:timers/promises')
              for await (const _ of setInterval(60_000, null, { signal })) yield { n: 1 }
            },
          },
          emitter: {
            stream: number,
            // Its return() ends it.
            handler: () => on(emitter, 'never'),
          },
        },
      } as never as AnyNamespaceDefinition,
    },
  })
  const url = `http://127.0.0.1:${await listen(app)}`
  const sockets = ['polling', 'websocket'].map((transport) =>
    join(t, url, '/chat', { transports: [transport as never] }),
  )
  await Promise.all(sockets.map((socket) => next(socket, 'connect')))
  const streams = sockets.flatMap((socket) => [open(socket, 'count'), open(socket, 'ticks'), open(socket, 'emitter')])
  await until(() => streams.filter(({ items }) => items.length > 20).length === 2)
  await app.close()
  for (const { end, all } of streams) {
    t.match(await end, { ok: false, error: { code: 'FST_NSP_CLOSING', statusCode: 503 } })
    t.match(all.at(-1), [{ ok: false }])
  }
  t.match(seen, { returned: 2, aborted: 2, reason: 'FST_NSP_CLOSING' })
})

t.test('a stream that a middleware lets pass while the server closes does not begin', async (t) => {
  const held = withResolvers<() => void>()
  const { handler } = counting()
  const hold = ([event]: unknown[], pass: () => void) => (event === 'late' ? held.resolve(pass) : pass())
  const { app, socket } = await client(
    t,
    {
      onConnect: ({ socket }: { socket: ServerSocket }) => void socket.use(hold),
      events: { count: { stream: number, handler }, late: { stream: number, handler: () => t.fail('it runs') } },
    },
    { closeTimeoutMs: 60_000 },
  )
  const first = open(socket, 'count')
  const late = open(socket, 'late')
  const pass = await held.promise
  const closed = app.close()
  t.match((await first.end).error, { code: 'FST_NSP_CLOSING' })
  pass()
  t.match((await late.end).error, { code: 'FST_NSP_CLOSING' })
  await closed
})

t.test('in a sequential namespace, a stream that has begun lets the next event begin', async (t) => {
  const { handler } = counting()
  const held = withResolvers()
  const order: string[] = []
  const { socket } = await client(t, {
    sequential: true,
    events: {
      probe,
      count: { stream: number, handler },
      slow: {
        handler: async () => {
          order.push('slow begins')
          await held.promise
          order.push('slow ends')
        },
      },
      after: { handler: () => void order.push('after') },
    },
  })
  const first = open(socket, 'count')
  const second = open(socket, 'count')
  const slow = socket.emitWithAck('slow')
  const third = open(socket, 'count')
  const after = socket.emitWithAck('after')
  await until(() => first.items.length > 20 && second.items.length > 20 && order.length === 1)
  cancel(first)
  t.match(await first.end, { ok: false })
  t.strictSame([order, third.items], [['slow begins'], []], 'the end of a stream is nobody’s turn')
  held.resolve()
  await Promise.all([slow, after])
  t.strictSame(order, ['slow begins', 'slow ends', 'after'])
  await until(() => third.items.length > 20)
  for (const stream of [second, third]) {
    cancel(stream)
    await stream.end
  }
  t.match(await settled(socket), { ok: true })
})

t.test('a handler sees the AsyncLocalStorage store of its connect, whoever asks for the next item', async (t) => {
  const storage = new AsyncLocalStorage<string>()
  const seen = new Set<unknown>()
  const see = () => seen.add(storage.getStore())
  const { socket } = await client(t, {
    onRequest: (_request: unknown, _reply: unknown, done: () => void) => storage.run('ada', done),
    events: {
      count: {
        stream: number,
        credits: 2,
        async *handler(_payload: unknown, { signal }: { signal: AbortSignal }) {
          signal.addEventListener('abort', see)
          try {
            for (let n = 0; ; n++) {
              see()
              yield { n }
              see()
              await null
              see()
            }
          } finally {
            see()
          }
        },
      },
    },
  })
  const stream = open(socket, 'count')
  await until(() => stream.items.length > 10)
  cancel(stream)
  await stream.end
  t.strictSame([...seen], ['ada'])
})

t.test('items have no offset and are not recovered: the stream ends with its connection', async (t) => {
  const { seen, handler } = counting()
  const app = await build(t, {
    io: { connectionStateRecovery: {} },
    namespaces: { '/chat': { events: { probe, count: { stream: number, handler } } } as never },
  })
  const socket = join(t, `http://127.0.0.1:${await listen(app)}`, '/chat', { transports: ['websocket'] })
  await next(socket, 'connect')
  app.io.of('/chat').emit('something')
  const { all, items } = open(socket, 'count')
  await until(() => items.length > 10)
  t.ok(all.every(({ length }) => length === 2))
  const gone = next(socket, 'disconnect')
  socket.io.engine.close()
  await gone
  await until(() => seen.returned === 1)
  const { length } = items
  const back = next(socket, 'connect')
  socket.connect()
  await back
  t.ok(socket.recovered)
  await settled(socket)
  t.equal(items.length, length)
})

t.test('a client that does not read its connection stops the handler before bytesWaiting, and is told', async (t) => {
  const SIZE = 200_000
  let taken = 0
  const acks: unknown[] = []
  const app = await build(t, {
    namespaces: {
      '/chat': {
        eventHooks: { onAck: (_context: unknown, ack: unknown) => void acks.push(ack) },
        events: {
          flood: {
            stream: true,
            credits: 1_024,
            readTimeoutMs: 300,
            *handler() {
              for (;;) yield String(taken++).padEnd(SIZE, 'x')
            },
          },
        },
      } as never,
    },
  })
  const port = await listen(app)
  const socket = new WebSocket(`ws://127.0.0.1:${port}${WEBSOCKET}`)
  t.teardown(() => socket.terminate())
  const texts: string[] = []
  socket.on('message', (data) => texts.push(String(data)))
  await until(() => texts.length === 1)
  socket.send('40/chat,')
  await until(() => texts.length === 2)
  socket.pause()
  socket.send('42/chat,1["flood",null,{"id":"a"}]')
  await until(() => acks.length === 1)
  t.match(acks, [{ ok: false, error: { code: 'FST_NSP_STREAM_UNREAD' } }])
  t.ok(taken < 100, `${taken} items`)
  socket.resume()
  await until(() => texts.some((text) => text.startsWith('43/chat,1')))
  t.equal(texts.length, 2 + taken + 1, 'every item, and the ack')
  t.equal(socket.readyState, WebSocket.OPEN)
})

t.test('clients of protocol 3 read streams, too, and their control events reach no onAny listener', async (t) => {
  const require = createRequire(import.meta.url)
  const heard: string[] = []
  const { seen, handler } = counting()
  const app = await build(t, {
    io: { allowEIO3: true },
    namespaces: {
      '/chat': {
        onConnect: ({ socket }: { socket: ServerSocket }) => void socket.onAny((event) => heard.push(event)),
        events: { count: { stream: number, credits: 2, handler } },
      } as never,
    },
  })
  const url = `http://127.0.0.1:${await listen(app)}`
  const socket: Socket = require('socket.io-client-2')(`${url}/chat`, {
    transports: ['websocket'],
    reconnection: false,
  })
  t.teardown(() => socket.close())
  await new Promise<void>((resolve) => socket.once('connect', resolve))
  const stream = open(socket, 'count')
  await until(() => stream.items.length > 10)
  cancel(stream)
  t.match(await stream.end, { ok: false, error: { code: 'FST_NSP_STREAM_CANCELLED' } })
  t.equal(seen.returned, 1)
  t.strictSame(heard, ['count'])
})

t.test('10,000 streams leave nothing behind, however they end', async (t) => {
  t.setTimeout(120_000)
  const { seen, handler } = counting()
  const stubborn = { count: 0 }
  const { app, socket } = await client(
    t,
    {
      events: {
        probe,
        count: { stream: number, credits: 1, handler },
        short: { stream: number, handler: () => [{ n: 1 }] },
        fails: { stream: number, handler: () => [{ n: 'x' }] },
        stubborn: {
          stream: number,
          handlerTimeoutMs: 1,
          async *handler() {
            stubborn.count++
            await forever()
            yield { n: 1 }
          },
        },
      },
    },
    { limits: { eventsPerSecond: 0 } },
  )
  let ids = 0
  const end = (event: string) =>
    new Promise((resolve) => {
      const id = String(ids++)
      socket.emit(event, null, { id }, resolve)
      if (event === 'count') socket.emit('namespace:cancel', id)
    })
  for (let round = 0; round < 250; round++) {
    const events = ['count', 'short', 'fails', 'stubborn'].flatMap((event) => Array.from({ length: 5 }, () => event))
    await Promise.all(events.map(end))
  }
  for (let round = 0; round < 250; round++) {
    const other = (await app.injectSocket('/chat')) as unknown as Socket
    for (let index = 0; index < 20; index++) other.emit('count', null, { id: String(index) }, () => {})
    await settled(other)
    other.disconnect()
  }
  t.equal(stubborn.count, 1_250)
  await until(() => seen.returned === seen.taken)
  // It collects garbage first. Its types are missing.
  const { queryObjects } = v8 as unknown as { queryObjects: (made: unknown) => number }
  await until(() => queryObjects(LiveStream) === 0)
  t.match(await settled(socket), { ok: true })
})
