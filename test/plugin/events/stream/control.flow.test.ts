import type { Socket } from 'socket.io-client'
import t from 'tap'
import { z } from 'zod'
import type { InjectedSocket } from '../../../../plugin/index.js'
import { join, listen, next, until, withResolvers } from '../../harness.js'
import { cancel, client, counting, more, number, open, probe, settled } from './stream-harness.js'

/*
 * What a client may do to a stream: open, read, cancel; and what it may not.
 */

const CANCELLED = { code: 'FST_NSP_STREAM_CANCELLED', statusCode: 499, message: 'The client has cancelled the stream' }

t.test('the handler is not asked for an item while the client has no credits', async (t) => {
  const { seen, handler } = counting()
  const { socket } = await client(t, { events: { probe, count: { stream: number, credits: 8, handler } } })
  const stream = open(socket, 'count', null, { credits: 2, reads: false })
  await until(() => stream.items.length === 2)
  await settled(socket)
  t.equal(seen.taken, 2)
  more(stream, 1)
  await until(() => stream.items.length === 3)
  more(stream, 100)
  await until(() => stream.items.length === 11)
  await settled(socket)
  t.strictSame([seen.taken, stream.items.length], [11, 11], 'the event has 8 credits at most')
  more(stream, 3)
  await until(() => stream.items.length === 14)
  cancel(stream)
  t.strictSame(await stream.end, { ok: false, error: CANCELLED })
  t.equal(seen.taken, 14)
})

t.test('the credits of the client are those of the event at most, and 16 by default', async (t) => {
  const { handler } = counting()
  const { socket } = await client(t, {
    events: { probe, sixteen: { stream: number, handler }, two: { stream: number, credits: 2, handler } },
  })
  const cases = [
    { event: 'sixteen', credits: undefined, count: 16 },
    { event: 'sixteen', credits: null, count: 16 },
    { event: 'sixteen', credits: 1e300, count: 16 },
    { event: 'sixteen', credits: 3, count: 3 },
    { event: 'two', credits: 16, count: 2 },
  ]
  for (const { event, credits, count } of cases) {
    const { items } = open(socket, event, null, { credits, reads: false })
    await until(() => items.length >= count)
    await settled(socket)
    t.equal(items.length, count)
  }
})

t.test('a stream that is opened in another way is refused, and its handler never runs', async (t) => {
  let calls = 0
  const handler = async function* () {
    calls++
    yield { n: 1 }
  }
  const { socket, lines } = await client(t, {
    events: { probe, count: { stream: number, handler }, resumable: { stream: number, itemId: () => 1, handler } },
  })
  const refused = async (args: unknown[], problem: RegExp, event = 'count') => {
    const ack = await socket.emitWithAck(event, ...args)
    t.match(ack, { ok: false, error: { code: 'FST_NSP_STREAM_INVALID', statusCode: 400, message: problem } })
  }
  const ARGUMENTS = /^The stream count could not be opened: emit it with two arguments, the payload and \{ id \}$/
  for (const args of [[], [null], [null, null], [null, 'x'], [null, 7], [null, { id: 'x' }, 3]]) {
    await refused(args, ARGUMENTS)
  }
  const ID = /its id must be a string of 1 to 64 characters$/
  for (const id of [undefined, null, '', 'x'.repeat(65), 7, {}, [], ['x']]) await refused([null, { id }], ID)
  const CREDITS = /its credits must be a whole number, 1 or more$/
  for (const credits of [0, -1, 0.5, '4', {}, true]) await refused([null, { id: 'x', credits }], CREDITS)
  await refused([null, { id: 'x', lastId: 1 }], /its items have no ids, so it has no lastId$/)
  for (const lastId of [{}, [], true, 'x'.repeat(1_025)]) {
    const problem = /its lastId must be a number, or a string of at most 1024 characters$/
    await refused([null, { id: 'x', lastId }], problem, 'resumable')
  }
  socket.emit('count', null, { id: 'x' })
  await settled(socket)
  t.match(
    lines.find(({ msg }) => msg === 'event without ack refused'),
    { code: 'FST_NSP_STREAM_INVALID', reason: /emit it with an ack, which ends the stream$/ },
  )
  t.equal(calls, 0)
  t.match(await open(socket, 'resumable', null, { lastId: null }).end, { ok: true })
})

t.test('an id is free when its stream has ended, and streams are limited', async (t) => {
  const { handler } = counting()
  const { socket } = await client(
    t,
    { events: { probe, count: { stream: number, handler }, other: { stream: number, handler: () => [] } } },
    { limits: { streamsPerSocket: 2 } },
  )
  const first = open(socket, 'count', null, { id: 'a' })
  const same = open(socket, 'count', null, { id: 'a' })
  t.match((await same.end).error, {
    code: 'FST_NSP_STREAM_INVALID',
    message: 'The stream count could not be opened: the socket has an open stream with the same id',
  })
  const second = open(socket, 'count')
  t.strictSame((await open(socket, 'count').end).error, {
    code: 'FST_NSP_STREAMS_LIMIT',
    statusCode: 429,
    message: 'A socket may have 2 streams at most (limits.streamsPerSocket)',
  })
  cancel(first)
  await first.end
  t.match(await open(socket, 'other', null, { id: 'a' }).end, { ok: true })
  cancel(second)
  t.strictSame(await second.end, { ok: false, error: CANCELLED })
})

t.test('a stream can be unlimited, and each is an event in flight', async (t) => {
  const { handler } = counting()
  const { socket } = await client(
    t,
    { events: { probe, count: { stream: number, handler } } },
    { limits: { streamsPerSocket: 0, eventsInFlight: 30 } },
  )
  const streams = Array.from({ length: 30 }, () => open(socket, 'count', null, { reads: false }))
  await until(() => streams.every(({ items }) => items.length === 16))
  t.match((await open(socket, 'count').end).error, { code: 'FST_NSP_IN_FLIGHT_LIMIT' })
  for (const stream of streams) cancel(stream)
  await Promise.all(streams.map(({ end }) => end))
  t.match(await socket.emitWithAck('probe'), { ok: true })
})

t.test(
  'a cancelled stream is stopped: its signal aborts, its finally block runs once, and no item follows',
  async (t) => {
    const { seen, handler } = counting()
    const { socket } = await client(t, { events: { probe, count: { stream: number, handler } } })
    const stream = open(socket, 'count')
    await until(() => stream.items.length >= 100)
    cancel(stream)
    cancel(stream)
    t.strictSame(await stream.end, { ok: false, error: CANCELLED })
    const { length } = stream.all
    await settled(socket)
    t.equal(stream.all.length, length, 'the ack is the last')
    t.match(seen, { returned: 1, aborted: 1, reason: 'FST_NSP_STREAM_CANCELLED' })
  },
)

t.test('an item that is checked when its stream is cancelled is not sent', async (t) => {
  const begun = withResolvers()
  const released = withResolvers()
  const stream = z.object({ n: z.number() }).refine(async () => {
    begun.resolve()
    await released.promise
    return true
  })
  const { seen, handler } = counting()
  const { socket } = await client(t, { events: { probe, count: { stream, handler } } })
  const { end, items, id } = open(socket, 'count')
  await begun.promise
  cancel({ socket, id })
  t.strictSame(await end, { ok: false, error: CANCELLED })
  released.resolve()
  await settled(socket)
  t.strictSame(items, [])
  t.equal(seen.returned, 1)
})

t.test('return() of an iterator is called once, whatever it does', async (t) => {
  const calls: string[] = []
  /** An iterator whose next() is pending after two items. */
  const source = (name: string, rest: object) => ({
    [name]: {
      stream: number,
      handler: () => ({
        [Symbol.asyncIterator]: () => {
          let n = 0
          return { next: () => (n < 2 ? { value: { n: n++ } } : new Promise(() => {})), ...rest }
        },
      }),
    },
  })
  const called = (name: string, result: () => unknown) => ({
    return() {
      calls.push(name)
      return result()
    },
  })
  const { socket, lines } = await client(
    t,
    {
      events: {
        probe,
        ...source('without', {}),
        ...source(
          'plain',
          called('plain', () => ({ done: true })),
        ),
        ...source(
          'rejects',
          called('rejects', () => Promise.reject(new Error('no return'))),
        ),
        ...source(
          'throws',
          called('throws', () => {
            throw new Error('no return at all')
          }),
        ),
        ...source(
          'never',
          called('never', () => new Promise(() => {})),
        ),
      },
    },
    { handlerTimeoutMs: 300, limits: { eventsInFlight: 2 } },
  )
  const stops = () =>
    lines.filter(({ msg }) => msg === 'stream could not be stopped').map(({ err }) => Object(err).message)
  for (const event of ['without', 'plain', 'rejects', 'throws', 'never']) {
    const stream = open(socket, event)
    await until(() => stream.items.length === 2)
    cancel(stream)
    t.strictSame(await stream.end, { ok: false, error: CANCELLED }, event)
  }
  t.strictSame(calls, ['plain', 'rejects', 'throws', 'never'])
  await until(() => stops().length === 3)
  t.strictSame(stops(), [
    'no return',
    'no return at all',
    'The handler goes on after its stream has ended: pass its `signal` on',
  ])
  t.match(await socket.emitWithAck('probe'), { ok: true }, 'it does not count any more')
})

t.test('a handler that disconnects its socket or cancels while it runs is stopped', async (t) => {
  const returned: string[] = []
  let server: { disconnect(): unknown } | undefined
  const { app, socket } = await client(t, {
    onConnect: (context: { socket: never }) => {
      server = context.socket
    },
    events: {
      sync: {
        stream: number,
        *handler() {
          try {
            yield { n: 1 }
            server?.disconnect()
            yield { n: 2 }
          } finally {
            returned.push('sync')
          }
        },
      },
      async: {
        stream: number,
        async *handler() {
          try {
            yield { n: 1 }
            server?.disconnect()
            yield { n: 2 }
          } finally {
            returned.push('async')
          }
        },
      },
      throws: {
        stream: number,
        *handler() {
          yield { n: 1 }
          server?.disconnect()
          throw new Error('after the disconnect')
        },
      },
      before: {
        stream: number,
        handler() {
          server?.disconnect()
          return (function* () {
            returned.push('never')
            yield 1
          })()
        },
      },
    },
  })
  open(socket, 'sync')
  await next(socket, 'disconnect')
  for (const event of ['async', 'throws', 'before']) {
    const again = (await app.injectSocket('/chat')) as unknown as Socket
    open(again, event)
    await next(again, 'disconnect')
  }
  await until(() => returned.length === 2)
  t.strictSame(returned, ['sync', 'async'])
  await app.close()
})

t.test('a stream that is cancelled before it begins never runs', async (t) => {
  let calls = 0
  const opened = withResolvers()
  const connected = withResolvers()
  const slow = withResolvers()
  const passed = withResolvers()
  const stream = {
    stream: number,
    handler: () => {
      calls++
      return []
    },
  }
  const events = {
    probe,
    count: stream,
    hooked: { ...stream, onEvent: () => opened.promise },
    slow: { handler: () => slow.promise },
  }
  const { app, socket } = await client(t, { sequential: true, onConnect: () => connected.promise, events })
  app.io.of('/side').on('connection', (side) => side.on('probe', (ack: () => void) => ack()))
  const side = (await (socket as unknown as InjectedSocket).join('/side')) as unknown as Socket
  const ends = async (streams: ReturnType<typeof open>[], release: () => void, note: string) => {
    for (const one of streams) cancel(one)
    await settled(side)
    release()
    for (const { end } of streams) t.strictSame(await end, { ok: false, error: CANCELLED }, note)
  }
  await ends([open(socket, 'count'), open(socket, 'count')], connected.resolve, 'while onConnect runs')
  const slowEnd = socket.emitWithAck('slow')
  await ends([open(socket, 'count'), open(socket, 'count')], slow.resolve, 'in the queue of a sequential namespace')
  await slowEnd
  await ends([open(socket, 'hooked')], opened.resolve, 'while a hook runs')
  t.equal(calls, 0)
  t.match(await open(socket, 'count').end, { ok: true })
  const { app: another, socket: other } = await client(t, {
    onConnect: ({ socket }: { socket: { use: (middleware: unknown) => void } }) =>
      socket.use(async (_event: unknown, go: () => void) => {
        await passed.promise
        go()
      }),
    events,
  })
  const stopped = open(other, 'count')
  cancel(stopped)
  another.io.of('/side').on('connection', () => passed.resolve())
  await (other as unknown as InjectedSocket).join('/side')
  t.strictSame(await stopped.end, { ok: false, error: CANCELLED }, 'in a middleware')
})

t.test('events that control a stream reach no middleware and no listener, and cost no rate', async (t) => {
  const heard: string[] = []
  const { socket } = await client(
    t,
    {
      onConnect: ({
        socket,
      }: {
        socket: Record<'use' | 'onAny' | 'onAnyOutgoing' | 'on', (...args: unknown[]) => void>
      }) => {
        socket.use(([name]: [string], go: () => void) => {
          heard.push(`use ${name}`)
          go()
        })
        socket.onAny((name: string) => heard.push(`onAny ${name}`))
        socket.onAnyOutgoing((name: string) => heard.push(`outgoing ${name}`))
        t.throws(() => socket.on('namespace:more', () => {}), { code: 'FST_NSP_EVENT_DECLARED' })
      },
      events: {
        count: {
          stream: number,
          *handler(to: number) {
            for (let n = 0; n < to; n++) yield { n }
          },
        },
      },
    },
    // 4 tokens
    { limits: { eventsPerSecond: 2 } },
  )
  const { items, end } = open(socket, 'count', 200)
  t.match(await end, { ok: true })
  t.equal(items.length, 200)
  t.strictSame(heard, ['onAny count', 'use count'])
  const late = open(socket, 'count', 10, { reads: false })
  t.match(await late.end, { ok: true })
  for (let index = 0; index < 10; index++) more(late, 1)
  t.match(await open(socket, 'count', 0).end, { ok: true }, 'a client could not know that the stream has ended')
})

t.test('other events that control a stream take from the rate, and are dropped', async (t) => {
  const { seen, handler } = counting()
  const { socket } = await client(
    t,
    { events: { probe, count: { stream: number, handler } } },
    { limits: { eventsPerSecond: 5 } },
  )
  // 10 tokens: one for the stream
  const stream = open(socket, 'count', null, { credits: 1, reads: false })
  await until(() => stream.items.length === 1)
  for (let n = 0; n < 50; n++) more({ socket, id: 'other' }, 1)
  const refused = await socket.emitWithAck('probe')
  t.match(refused, { ok: false, error: { code: 'FST_NSP_RATE_LIMITED' } })
  more(stream, 2)
  await socket.emitWithAck('probe')
  t.equal(seen.taken, 1, 'more credits than items, beyond the rate')
  more(stream, 1)
  await until(() => seen.taken === 2)
  cancel(stream)
  t.strictSame(await stream.end, { ok: false, error: CANCELLED })
})

t.test('hostile values change nothing', async (t) => {
  const { seen, handler } = counting()
  const { socket } = await client(
    t,
    { events: { probe, count: { stream: number, credits: 4, handler } } },
    { limits: { eventsPerSecond: 0 } },
  )
  const stream = open(socket, 'count', null, { credits: 1, reads: false })
  await until(() => stream.items.length === 1)
  const counts = [
    0,
    -1,
    0.5,
    Number.NaN,
    Number.POSITIVE_INFINITY,
    '1',
    null,
    undefined,
    {},
    [1],
    true,
    Buffer.from('x'),
  ]
  for (const count of counts) more(stream, count)
  for (const id of [
    '__proto__',
    'constructor',
    'toString',
    '',
    null,
    undefined,
    7,
    {},
    [stream.id],
    Buffer.from('x'),
  ]) {
    socket.emit('namespace:more', id, 1)
    socket.emit('namespace:cancel', id)
  }
  socket.emit('namespace:more')
  socket.emit('namespace:cancel')
  socket.emit('namespace:more', ...Array.from({ length: 30 }, () => 1))
  socket.emit('namespace:item', stream.id, 1)
  await settled(socket)
  t.equal(seen.taken, 1)
  more(stream, 1e300)
  await until(() => seen.taken === 5)
  await settled(socket)
  t.equal(seen.taken, 5)
  t.strictSame(
    await Promise.all(['namespace:more', 'namespace:cancel'].map((event) => socket.emitWithAck(event, 'x'))),
    [{ ok: true }, { ok: true }],
    'an ack is answered',
  )
})

t.test('without streams in the definition, the events that control them are unknown', async (t) => {
  const { app, socket } = await client(t, { events: { probe } })
  t.match(await socket.emitWithAck('namespace:more', 'x', 1), { ok: false, error: { code: 'FST_NSP_EVENT_UNKNOWN' } })
  const port = await listen(app)
  const outside = join(t, `http://127.0.0.1:${port}`, '/chat')
  await next(outside, 'connect')
  t.match(await outside.emitWithAck('namespace:cancel', 'x'), { ok: false, error: { code: 'FST_NSP_EVENT_UNKNOWN' } })
})

t.test('an event that the application has acked before opens no stream', async (t) => {
  const { socket } = await client(t, {
    onConnect: ({ socket }: { socket: { use: (middleware: unknown) => void } }) =>
      socket.use((event: unknown[], go: () => void) => {
        if (event[0] === 'count') (event.at(-1) as (ack: unknown) => void)('mine')
        go()
      }),
    events: { probe, count: { stream: number, handler: () => t.fail('it runs') } },
  })
  const { end, items } = open(socket, 'count')
  t.equal(await end, 'mine')
  await settled(socket)
  t.strictSame(items, [])
})

t.test('a cancel that comes too late does not cancel the next stream with the same id', async (t) => {
  const begun = withResolvers()
  const slow = withResolvers()
  const { socket } = await client(t, {
    sequential: true,
    events: {
      probe,
      slow: {
        handler: () => {
          begun.resolve()
          return slow.promise
        },
      },
      count: { stream: number, handler: () => [{ n: 1 }] },
    },
  })
  await open(socket, 'count', null, { id: 'a' }).end
  const ends = [socket.emitWithAck('slow'), settled(socket)]
  await begun.promise
  cancel({ socket, id: 'a' })
  const again = open(socket, 'count', null, { id: 'a' })
  const other = open(socket, 'count', null, { id: 'b' })
  cancel(other)
  await socket.emitWithAck('namespace:more', 'x')
  slow.resolve()
  t.match(await again.end, { ok: true })
  t.strictSame(again.items, [{ n: 1 }])
  t.match(await other.end, { ok: false, error: CANCELLED })
  await Promise.all(ends)
})
