import type { FastifyInstance } from 'fastify'
import type { Socket } from 'socket.io'
import t from 'tap'
import { chunkOf, inBothModes, stage } from '../fast-path-harness.js'
import { client, next, until, withResolvers } from '../harness.js'

/*
 * Every event with an ack is acked exactly once, within the time that an option sets.
 */

const failure = (code: string, statusCode: number, message: string | RegExp) => ({
  ok: false,
  error: { code, statusCode, message },
})
const TIMEOUT = failure('FST_NSP_HANDLER_TIMEOUT', 503, / took longer than \w+TimeoutMs \(\d+ ms\)$/)
const UNKNOWN = failure('FST_NSP_EVENT_UNKNOWN', 404, /^Unknown event /)
const CLOSING = failure('FST_NSP_CLOSING', 503, 'The server is closing')

t.test(
  'an onConnect that does not settle within onConnectTimeoutMs fails: its events are acked, and its socket is disconnected',
  async (t) => {
    const order: string[] = []
    const late = withResolvers()
    const { app, socket, lines } = await client(
      t,
      {},
      { onConnectTimeoutMs: 1_000 },
      (app) =>
        void app.namespace('/slow', {
          onConnect: async () => {
            order.push('onConnect')
            await late.promise
          },
          onDisconnect: ({ reason }) => void order.push(`onDisconnect ${reason}`),
          events: { e: { handler: () => t.fail('the handler was called') } },
        }),
    )
    const slow = await socket.join('/slow')
    const told: unknown[] = []
    slow.on('disconnect', (reason) => told.push(reason))
    for (const event of ['e', 'unknown', 'e']) slow.emit(event, (ack: unknown) => told.push(ack))
    slow.emit('e')
    await until(() => !slow.connected)
    t.match(told, [TIMEOUT, TIMEOUT, TIMEOUT, 'io server disconnect'])
    t.ok(socket.connected, 'the connection stays open for its other namespaces')
    await until(() => order.length === 2)
    t.match(
      lines.find(({ msg }) => msg === 'onConnect failed'),
      { level: 50, namespace: '/slow', err: { code: 'FST_NSP_HANDLER_TIMEOUT' } },
    )
    late.reject(new Error('late'))
    await app.close()
    t.strictSame(order, ['onConnect', 'onDisconnect server namespace disconnect'])
  },
)

t.test(
  'events that wait for an onConnect that fails are acked before the socket is disconnected, with the id in the log',
  async (t) => {
    const ready = withResolvers()
    const arrived = withResolvers()
    const { socket, lines } = await client(t, {
      onConnect: ({ socket }) => {
        ;(socket as Socket).onAny(() => arrived.resolve())
        return ready.promise
      },
      events: { e: { handler: () => {} } },
    })
    const ack = socket.emitWithAck('e')
    const gone = next(socket, 'disconnect')
    await arrived.promise
    ready.reject(new Error('secret'))
    const { error } = await ack
    t.match(error, { code: 'FST_NSP_INTERNAL', statusCode: 500, message: 'Internal error' })
    t.match(
      lines.find(({ errorId }) => errorId === error.details.id),
      { msg: 'onConnect failed', err: { message: 'secret' } },
    )
    await gone
  },
)

t.test('onConnectTimeoutMs bounds onRecover as well, and 0 turns it off', async (t) => {
  const never = new Promise<void>(() => {})
  const recovery = { io: { connectionStateRecovery: {} } }
  const { app, socket } = await client(
    t,
    { onRecover: () => never, events: { e: { handler: () => {} } } },
    { ...recovery, onConnectTimeoutMs: 1_000 },
  )
  app.io.of('/chat').emit('news')
  await socket.nextEvent('news')
  const lost = next(socket, 'disconnect')
  socket.io.engine.close()
  await lost
  await socket.join('/chat')
  const gone = next(socket, 'disconnect')
  t.match(await socket.emitWithAck('e'), TIMEOUT)
  t.strictSame((await gone)[0], 'io server disconnect')

  const ready = withResolvers()
  const unbound = await client(
    t,
    { onConnect: () => ready.promise, events: { e: { handler: () => 1 } } },
    { onConnectTimeoutMs: 0 },
  )
  const ack = unbound.socket.emitWithAck('e')
  ready.resolve()
  t.strictSame(await ack, { ok: true, data: 1 })
})

t.test('an unknown event in a namespace with an onAny listener is acked when the listener has returned', async (t) => {
  const heard: string[] = []
  const held = withResolvers()
  const { socket, lines } = await client(t, {
    onConnect: ({ socket }) => {
      ;(socket as Socket).onAny((event, ...args) => {
        heard.push(event)
        const ack = args.at(-1)
        if (event === 'acked') ack('by it')
        if (event === 'promise') return held.promise
        if (event === 'promise acks') return held.promise.then(() => ack('later'))
        if (event === 'rejects') return Promise.reject(new Error('no'))
        if (event === 'later') setImmediate(() => ack('too late'))
        return undefined
      })
      ;(socket as Socket).prependAny(() => {})
    },
    events: { declared: { handler: () => 'declared' } },
  })
  t.match(await socket.emitWithAck('unknown'), UNKNOWN)
  t.match(await socket.emitWithAck('later'), UNKNOWN)
  t.equal(await socket.emitWithAck('acked'), 'by it')
  t.match(await socket.emitWithAck('rejects'), UNKNOWN)
  const both = [socket.emitWithAck('promise'), socket.emitWithAck('promise acks')]
  await until(() => heard.includes('promise acks'))
  held.resolve()
  t.match(await Promise.all(both), [UNKNOWN, 'later'])
  socket.emit('unknown')
  socket.emit('promise')
  t.strictSame(await socket.emitWithAck('declared'), { ok: true, data: 'declared' })
  t.ok(lines.some(({ msg, event }) => msg === 'listener failed' && event === 'rejects'))

  const never = {
    onConnect: ({ socket }: { socket: unknown }) => void (socket as Socket).onAny(() => new Promise(() => {})),
  }
  const { socket: other } = await client(t, never, { handlerTimeoutMs: 20 })
  t.match(await other.emitWithAck('unknown'), UNKNOWN, 'handlerTimeoutMs bounds the promise of the listener, too')
})

t.test('without a definition an onAny listener has handlerTimeoutMs to ack', async (t) => {
  let keep: (reply: string) => void = () => {}
  const declare = (app: FastifyInstance) => {
    app.io.of('/plain').on('connection', (socket) => {
      socket.onAny(async (event, ack) => {
        if (event === 'soon') setImmediate(ack, 'in time')
        if (event === 'at once') ack('at once')
        if (event === 'never') keep = ack
      })
    })
  }
  const { socket } = await client(t, {}, {}, declare)
  t.equal(await (await socket.join('/plain')).emitWithAck('soon'), 'in time')
  const { socket: other } = await client(t, {}, { handlerTimeoutMs: 20 }, declare)
  const plain = await other.join('/plain')
  t.match(await plain.emitWithAck('never'), UNKNOWN)
  keep('too late')
  t.equal(await plain.emitWithAck('at once'), 'at once')
})

t.test('an event whose listener never acks is acked with FST_NSP_HANDLER_TIMEOUT, and 0 turns that off', async (t) => {
  let keep: (reply: string) => void = () => {}
  const declare = { onConnect: ({ socket }: { socket: unknown }) => listenTo(socket as Socket) }
  function listenTo(socket: Socket): void {
    socket.on('never', (ack) => {
      keep = ack
    })
    socket.on('deaf', () => {})
    socket.on('soon', (ack) => setImmediate(ack, 'in time'))
  }
  const { socket } = await client(t, declare, { handlerTimeoutMs: 20 })
  t.match(await socket.emitWithAck('never'), TIMEOUT)
  keep('too late')
  t.match(await socket.emitWithAck('deaf', 1, 2), TIMEOUT)
  const { socket: patient } = await client(t, declare)
  t.equal(await patient.emitWithAck('soon'), 'in time')

  const { socket: unbound } = await client(t, declare, { handlerTimeoutMs: 0 })
  const never = unbound.emitWithAck('never')
  t.equal(await unbound.emitWithAck('soon'), 'in time')
  keep('at last')
  t.equal(await never, 'at last')

  const { socket: plain } = await client(t, {}, { handlerTimeoutMs: 0 }, (app) => {
    app.io.of('/plain').on('connection', (socket) => {
      socket.onAny((event, ack) => (event === 'soon' ? ack('heard') : setImmediate(ack, 'heard')))
    })
  })
  const any = await plain.join('/plain')
  t.equal(await any.emitWithAck('soon'), 'heard')
  t.equal(await any.emitWithAck('later'), 'heard')
})

inBothModes('two events of one read batch for a once() listener are both acked', async (t, fast) => {
  const { wire, socket } = await stage(t, {}, { fast, handlerTimeoutMs: 10 })
  socket.once('once', (ack) => ack('heard'))
  wire.tcp.write(chunkOf('42/chat,1["once"]', '42/chat,2["once"]'))
  t.equal(await wire.next(), '43/chat,1["heard"]')
  t.match(await wire.next(), /^43\/chat,2\[\{"ok":false,"error":\{"code":"FST_NSP_HANDLER_TIMEOUT"/)
})

t.test('close() does not wait for queued events: they are acked with FST_NSP_CLOSING', async (t) => {
  const begun: string[] = []
  const never = new Promise<void>(() => {})
  const { app, socket } = await client(
    t,
    {
      sequential: true,
      onConnect: ({ socket }) => {
        ;(socket as Socket).onAny((event) => (event === 'unknown' ? never : undefined))
        ;(socket as Socket).on('listened', () => void begun.push('listened'))
        socket.use(([event], next) => {
          begun.push(event)
          if (event !== 'in a middleware') next()
        })
      },
      events: {
        'in a middleware': { handler: () => t.fail('the handler was called') },
        waits: { handler: () => t.fail('the handler was called') },
      },
    },
    { closeTimeoutMs: 20, handlerTimeoutMs: 60_000, onConnectTimeoutMs: 60_000 },
    (app) => void app.namespace('/slow', { onConnect: () => never, events: { e: { handler: () => {} } } }),
  )
  const slow = await socket.join('/slow')
  const acks = [
    socket.emitWithAck('unknown'),
    socket.emitWithAck('in a middleware'),
    socket.emitWithAck('waits'),
    slow.emitWithAck('e'),
  ]
  await until(() => begun.includes('in a middleware'))
  // Events arrive in order: when this one has arrived, so have those before it.
  await new Promise((resolve) => slow.emit('e', resolve) && setImmediate(resolve))
  await app.close()
  t.match(await Promise.all(acks), [UNKNOWN, CLOSING, CLOSING, CLOSING])
  t.notOk(process.getActiveResourcesInfo().includes('Timeout'), 'no timer is left')
})

t.test('an onConnect that throws an unreadable value fails like any other: its socket is disconnected', async (t) => {
  const { proxy, revoke } = Proxy.revocable({}, {})
  revoke()
  for (const onConnect of [
    () => {
      throw proxy
    },
    () => Promise.reject(proxy),
  ]) {
    const { app } = await client(t, {}, {}, (app) => void app.namespace('/failing', { onConnect }))
    const socket = await app.injectSocket('/failing')
    await next(socket, 'disconnect')
    t.equal(app.io.of('/failing').sockets.size, 0)
  }
})
