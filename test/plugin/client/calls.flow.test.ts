import t from 'tap'
import { Type } from 'typebox'
import { CallError } from '../../../plugin/client.js'
import { defineNamespace } from '../../../plugin/index.js'
import { failureOf, serve, untilStatus } from '../client-harness.js'
import { until, withResolvers } from '../harness.js'

const Text = Type.Object({ text: Type.String() })

const echo = () =>
  defineNamespace({
    events: {
      'text:echo': { payload: Text, reply: Text, handler: (payload) => payload },
      ping: { handler: () => 'pong' },
      'room:join': {
        errors: { ROOM_FULL: Type.Object({ max: Type.Integer() }) },
        handler: (_payload, { error }) => {
          throw error('ROOM_FULL', { max: 3 })
        },
      },
    },
  })

t.test('a call resolves with the data of its ack', async (t) => {
  const { client } = await serve(t, { '/chat': echo() })
  const chat = client().join('/chat')
  t.strictSame(await chat.call('text:echo', { text: 'hi' }), { text: 'hi' })
  t.equal(await chat.call('ping'), 'pong')
})

t.test('a call rejects with a CallError: declared, of the plugin, of a listener', async (t) => {
  const { app, client } = await serve(t, { '/chat': echo() })
  app.io.of('/chat').on('connection', (socket) => {
    socket.on('plain', (ack: (value: unknown) => void) => ack({ any: 'thing' }))
    socket.on('nothing', (ack: () => void) => ack())
  })
  const chat = client().join('/chat')
  t.strictSame(await failureOf(chat.call('room:join')), {
    code: 'ROOM_FULL',
    statusCode: 400,
    message: 'ROOM_FULL',
    details: { max: 3 },
    event: 'room:join',
    cause: undefined,
  })
  const invalid = await failureOf(chat.call('text:echo', { text: {} }))
  t.match(invalid, { code: 'FST_NSP_EVENT_INVALID', statusCode: 400, details: [{ path: '/text' }] })
  t.strictSame(await chat.call('plain'), { any: 'thing' }, 'an ack of a listener is the data itself')
  t.equal(await chat.call('nothing'), undefined)
  const failure = await chat.call('room:join').catch((error: unknown) => error)
  t.ok(chat.isErrorOf('room:join', failure))
  t.notOk(chat.isErrorOf('ping', failure))
  t.notOk(chat.isErrorOf('room:join', new Error('another')))
  const error = new CallError({ code: 'A', statusCode: 400, message: 'm' })
  t.equal(error.name, 'CallError')
  t.notOk('cause' in error)
})

t.test('a payload that can not be encoded rejects its call, and is reported for a send', async (t) => {
  const { client } = await serve(t, { '/chat': echo() })
  const { join, pending } = client()
  const chat = join('/chat')
  await chat.ready
  await t.rejects(chat.call('text:echo', { text: 1n }), TypeError)
  t.equal(pending.getSnapshot(), 0)
  const reported = t.capture(globalThis, 'queueMicrotask')
  chat.send('text:echo', { text: 1n })
  await until(() => reported().length > 0)
  t.end()
})

t.test('calls that are made before the namespace is joined wait, in order', async (t) => {
  const seen: string[] = []
  const chat = defineNamespace({
    sequential: true,
    events: { say: { payload: Type.String(), handler: (text) => void seen.push(text) } },
  })
  const { client } = await serve(t, { '/chat': chat })
  const { join, pending } = client()
  const joined = join('/chat')
  const counts: number[] = []
  pending.subscribe(() => counts.push(pending.getSnapshot()))
  const calls = ['a', 'b'].map((text) => joined.call('say', text))
  joined.send('say', 'c')
  t.equal(pending.getSnapshot(), 3)
  await Promise.all(calls)
  await until(() => seen.length === 3)
  t.strictSame(seen, ['a', 'b', 'c'])
  t.equal(pending.getSnapshot(), 0)
  t.strictSame(counts, [1, 2, 3, 2, 1, 0])
})

t.test('at most maxWaiting calls wait; with offline: fail none does', async (t) => {
  const { client } = await serve(t, { '/chat': echo() })
  const bounded = client({ maxWaiting: 1 }).join('/chat')
  const first = bounded.call('ping')
  t.match(await failureOf(bounded.call('ping')), {
    code: 'NSP_CLIENT_WAITING_LIMIT',
    statusCode: 429,
    details: { isSent: false },
  })
  t.equal(await first, 'pong')
  t.equal(await bounded.call('ping'), 'pong', 'a call that is sent at once does not wait')

  const failing = client({ offline: 'fail' }).join('/chat')
  t.match(await failureOf(failing.call('ping')), { code: 'NSP_CLIENT_OFFLINE', message: /was not sent/ })
  t.match(await failureOf(failing.stream('ping').result), { code: 'NSP_CLIENT_OFFLINE' })
  failing.send('ping')
  await failing.ready
  t.equal(await failing.call('ping'), 'pong')
})

t.test('a call ends after its own timeoutMs, or that of the client, sent or not', async (t) => {
  const never = defineNamespace({ events: { never: { handler: () => new Promise(() => {}), handlerTimeoutMs: 0 } } })
  const { client } = await serve(t, { '/chat': never }, { closeTimeoutMs: 1 })
  const { join, pending } = client({ timeoutMs: 20 })
  const chat = join('/chat')
  await chat.ready
  t.match(await failureOf(chat.call('never')), {
    code: 'NSP_CLIENT_TIMEOUT',
    statusCode: 504,
    details: { isSent: true },
    event: 'never',
  })
  t.match(await failureOf(chat.call('never', undefined, { timeoutMs: 1 })), { code: 'NSP_CLIENT_TIMEOUT' })
  t.equal(pending.getSnapshot(), 0)

  const offline = client({ io: { autoConnect: false, transports: ['polling'], path: '/nowhere' }, timeoutMs: 5 }).join(
    '/chat',
  )
  t.match(await failureOf(offline.call('never')), { code: 'NSP_CLIENT_TIMEOUT', details: { isSent: false } })
})

t.test('a call ends when its signal aborts', async (t) => {
  const never = defineNamespace({ events: { never: { handler: () => new Promise(() => {}), handlerTimeoutMs: 0 } } })
  const { client } = await serve(t, { '/chat': never }, { closeTimeoutMs: 1 })
  const chat = client({ timeoutMs: 0 }).join('/chat')
  const reason = new Error('Enough')
  const aborted = AbortSignal.abort(reason)
  t.match(await failureOf(chat.call('never', undefined, { signal: aborted })), {
    code: 'NSP_CLIENT_ABORTED',
    details: { isSent: false },
    cause: reason,
  })
  const controller = new AbortController()
  await chat.ready
  const call = chat.call('never', undefined, { signal: controller.signal })
  controller.abort(reason)
  t.match(await failureOf(call), { code: 'NSP_CLIENT_ABORTED', details: { isSent: true } })
})

t.test('a call that is in flight when the connection is lost may have been handled: it rejects', async (t) => {
  const begun = withResolvers()
  const slow = defineNamespace({
    events: {
      slow: {
        handler: (_payload, { signal }) => {
          begun.resolve()
          return new Promise((resolve) => signal.addEventListener('abort', resolve))
        },
      },
    },
  })
  const { client, cut } = await serve(t, { '/chat': slow })
  const chat = client().join('/chat')
  const call = failureOf(chat.call('slow'))
  await begun.promise
  cut()
  t.match(await call, { code: 'NSP_CLIENT_OFFLINE', message: /may have been handled/, details: { isSent: true } })
  await untilStatus(chat, 'joined')
})

t.test('a retried call is sent again after a lost connection and a time-out, and answered once', async (t) => {
  const begun = withResolvers()
  let handled = 0
  const result = withResolvers<string>()
  const orders = defineNamespace({
    events: {
      'order:place': {
        payload: Type.Object({ key: Type.String() }),
        idempotency: { key: ({ key }) => key },
        handlerTimeoutMs: 30,
        handler: () => {
          handled++
          begun.resolve()
          return result.promise
        },
      },
    },
  })
  const { client, cut } = await serve(t, { '/orders': orders })
  const shop = client({ maxWaiting: 0, timeoutMs: 10 }).join('/orders')
  await shop.ready
  let acks = 0
  const call = shop.call('order:place', { key: 'a' }, { retry: true }).finally(() => acks++)
  await begun.promise
  cut()
  await untilStatus(shop, 'recovering')
  await untilStatus(shop, 'joined')
  const copies = shop.socket.listenersAnyOutgoing()
  t.strictSame(copies, [])
  let sent = 0
  shop.socket.onAnyOutgoing(() => sent++)
  await until(() => sent > 5)
  t.equal(acks, 0, 'FST_NSP_HANDLER_TIMEOUT tells no result')
  result.resolve('placed')
  t.equal(await call, 'placed')
  t.equal(handled, 1)
  t.equal(acks, 1)
})

t.test('a retried call without a time-out takes FST_NSP_HANDLER_TIMEOUT as its answer', async (t) => {
  const orders = defineNamespace({
    events: {
      order: {
        handlerTimeoutMs: 1,
        handler: (_payload, { signal }) => new Promise((resolve) => signal.addEventListener('abort', resolve)),
      },
    },
  })
  const { client } = await serve(t, { '/orders': orders })
  const shop = client({ timeoutMs: 0 }).join('/orders')
  t.match(await failureOf(shop.call('order', 1, { retry: true })), { code: 'FST_NSP_HANDLER_TIMEOUT' })
})

t.test(
  "nothing goes into socket.io-client's own buffer, which would send it after its caller has given up",
  async (t) => {
    const { client } = await serve(t, { '/chat': echo() })
    const { join, manager } = client()
    const chat = join('/chat')
    await chat.ready
    // As after a laptop has slept: the client finds out when it wants to send.
    Object.assign(manager.engine, { _hasPingExpired: () => true })
    const call = chat.call('ping')
    t.strictSame(chat.socket.sendBuffer, [])
    manager.engine.close()
    t.equal(await call, 'pong', 'it is sent over the next connection')
  },
)
