import { createServer } from 'node:http'
import { Server, type Socket } from 'socket.io'
import t, { type Test } from 'tap'
import { Type } from 'typebox'
import type { ClientContractDifference } from '../../../plugin/client.js'
import { defineNamespace } from '../../../plugin/index.js'
import { clientOf, failureOf, serve, untilStatus } from '../client-harness.js'
import { until, withResolvers } from '../harness.js'

/*
 * Servers that send anything, and clients that are slow or in a hurry.
 */

/** A server of Socket.IO alone. */
async function servePlain(t: Test, port = 0) {
  const server = createServer()
  const io = new Server(server)
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
  const close = () => {
    server.closeAllConnections()
    return io.close()
  }
  t.teardown(close)
  const { port: listening } = server.address() as { port: number }
  return { io, port: listening, url: `http://127.0.0.1:${listening}`, close }
}

/** What a client gets where it expects a text or a number: no text at all. */
const NO_TEXT = { toString: 1, valueOf: 1 }

const ping = defineNamespace({
  events: { ping: { handler: () => 'pong' }, never: { handlerTimeoutMs: 0, handler: () => new Promise(() => {}) } },
  emits: { ask: { payload: Type.String(), reply: Type.String() } },
})

t.test('errors without texts, and contracts without hashes, are errors and differences all the same', async (t) => {
  const { io, url } = await servePlain(t)
  const error = { code: NO_TEXT, statusCode: NO_TEXT, message: NO_TEXT, details: NO_TEXT }
  io.of('/chat').on('connection', (socket) => {
    socket.emit('namespace:contract')
    socket.emit('namespace:contract', null)
    socket.on('fails', (ack) => ack({ ok: false, error }))
    socket.on('fails without an error', (ack) => ack({ ok: false }))
    socket.on('leave', () => {
      socket.emit('namespace:disconnect', error)
      socket.disconnect()
    })
  })
  io.of('/busy').use((_socket, next) => {
    const details = { retryAfterMs: NO_TEXT }
    next(Object.assign(new Error('Busy'), { data: { ...error, statusCode: 429, details } }))
  })
  io.of('/mismatch').use((_socket, next) => {
    next(Object.assign(new Error('No'), { data: { code: 'FST_NSP_CONTRACT_MISMATCH', statusCode: 409 } }))
  })
  const { join, onContract } = clientOf(t, url)
  const differences: ClientContractDifference[] = []
  onContract((difference) => differences.push(difference))
  const chat = join('/chat')
  await chat.ready
  await t.rejects(chat.call('fails'), { name: 'CallError', event: 'fails', details: NO_TEXT })
  await t.rejects(chat.call('fails without an error'), { name: 'CallError' })
  t.equal(differences.length, 2)
  chat.send('leave')
  await untilStatus(chat, 'refused')
  await untilStatus(join('/busy'), 'recovering')
  await untilStatus(join('/mismatch'), 'refused')
  t.match(differences, [{ name: '/chat' }, { name: '/chat' }, { name: '/mismatch', isRefused: true }])
})

t.test('a time that is too long for a timer is not none at all', async (t) => {
  const { io, url } = await servePlain(t)
  let joins = 0
  io.of('/busy').use((_socket, next) => {
    joins++
    next(Object.assign(new Error('Busy'), { data: { statusCode: 429, details: { retryAfterMs: 2 ** 40 } } }))
  })
  const answer = withResolvers()
  let copies = 0
  io.of('/chat').on('connection', (socket) =>
    socket.on('slow', async (ack) => {
      copies++
      await answer.promise
      ack('done')
    }),
  )
  const { join, manager } = clientOf(t, url, { timeoutMs: Number.POSITIVE_INFINITY, idleMs: Number.POSITIVE_INFINITY })
  const [busy, chat] = [join('/busy'), join('/chat')]
  await Promise.all([untilStatus(busy, 'recovering'), chat.ready])
  const calls = [chat.call('slow'), chat.call('slow', undefined, { retry: true, timeoutMs: 2 ** 31 })]
  await until(() => copies === 2)
  for (let wait = 0; wait < 20; wait++) await new Promise((resolve) => setTimeout(resolve, 1))
  answer.resolve()
  t.strictSame(await Promise.all(calls), ['done', 'done'])
  t.strictSame([joins, copies], [1, 2])
  busy.leave()
  chat.leave()
  for (let wait = 0; wait < 20; wait++) await new Promise((resolve) => setTimeout(resolve, 1))
  t.equal(manager.engine.readyState, 'open')
})

t.test('the auth of join() is sent by its first connect, also over a connection that is open', async (t) => {
  const seen: unknown[] = []
  const seeing = defineNamespace({
    onRequest: async ({ body }) => {
      seen.push(body)
    },
  })
  const { client } = await serve(t, { '/a': seeing, '/b': seeing })
  const { join } = client({ auth: { of: 'client' } })
  await join('/a').ready
  await join('/b', {}, { auth: { of: 'join' } }).ready
  t.strictSame(seen, [{ of: 'client' }, { of: 'join' }])
})

t.test('an auth that can not be encoded refuses the join', async (t) => {
  const { client } = await serve(t, { '/a': ping })
  const joined = client({ auth: { id: 1n } }).join('/a')
  t.match(await failureOf(joined.ready), { code: 'NSP_CLIENT_AUTH', cause: TypeError })
})

t.test('an answer that comes after leave() does not end the connection', async (t) => {
  const { app, client } = await serve(t, { '/a': ping, '/b': ping })
  const { join, manager } = client()
  const [left, other] = [join('/a'), join('/b')]
  await Promise.all([left.ready, other.ready])
  const asked = withResolvers()
  const answer = withResolvers<string>()
  left.answer('ask', () => {
    asked.resolve()
    return answer.promise
  })
  app.io
    .of('/a')
    .timeout(1)
    .emit('ask', '?', () => {})
  await asked.promise
  const { id } = manager.engine
  left.leave()
  await until(() => !left.socket.connected)
  answer.resolve('late')
  for (let call = 0; call < 3; call++) t.equal(await other.call('ping'), 'pong')
  t.equal(manager.engine.id, id)
})

t.test('an answer that comes after a restart of the server answers no question of the next process', async (t) => {
  const first = await servePlain(t)
  first.io.of('/a')
  const joined = clientOf(t, first.url).join('/a')
  const answers = new Map(['old', 'new'].map((question) => [question, withResolvers<string>()]))
  const asked: string[] = []
  joined.answer('ask', (question: string) => {
    asked.push(question)
    return answers.get(question)?.promise
  })
  await joined.ready
  first.io
    .of('/a')
    .timeout(1)
    .emit('ask', 'old', () => {})
  await until(() => asked.length === 1)
  await first.close()
  const second = await servePlain(t, first.port)
  const socket = await new Promise<Socket>((resolve) => second.io.of('/a').once('connection', resolve))
  const reply = socket.timeout(60_000).emitWithAck('ask', 'new')
  await until(() => asked.length === 2)
  answers.get('old')?.resolve('of old')
  await new Promise((resolve) => setImmediate(resolve))
  answers.get('new')?.resolve('of new')
  t.equal(await reply, 'of new')
})

t.test('an answer that rejects is reported like a listener that throws', async (t) => {
  const { app, client } = await serve(t, { '/a': ping })
  const joined = client().join('/a')
  await joined.ready
  const queued = t.capture(globalThis, 'queueMicrotask')
  joined.answer('ask', async () => {
    throw new Error('Mine')
  })
  app.io
    .of('/a')
    .timeout(1)
    .emit('ask', '?', () => {})
  const reports: (() => void)[] = []
  await until(() => reports.push(...queued.args().map(([report]) => report as () => void)) > 0)
  t.throws(() => reports.map((report) => report()), { message: 'Mine' })
})

t.test('acks that never come are forgotten with their calls and streams', async (t) => {
  const { io, url } = await servePlain(t)
  io.of('/mute')
  const { join, pending } = clientOf(t, url)
  const mute = join('/mute')
  await mute.ready
  const { acks } = mute.socket as unknown as { acks: object }
  const controller = new AbortController()
  const calls = [
    mute.call('a', undefined, { timeoutMs: 1 }),
    mute.call('b', undefined, { timeoutMs: 1, retry: true, signal: controller.signal }),
    mute.call('c', { n: 1n }),
  ].map((call) => call.catch(() => {}))
  const stream = mute.stream('d')
  t.not(Object.keys(acks).length, 0)
  await until(() => Object.keys(acks).length > 6)
  controller.abort()
  stream.cancel()
  await Promise.all(calls)
  t.strictSame(acks, {})
  t.equal(pending.getSnapshot(), 0)
})

t.test('a namespace that was left is forgotten, and joined anew: also by Socket.IO, with recovery', async (t) => {
  const { app, client } = await serve(t, { '/docs/:id': ping }, { io: { connectionStateRecovery: {} } })
  const { join, manager } = client()
  const kept = join('/docs/kept')
  await kept.ready
  const { nsps } = manager as unknown as { nsps: object }
  for (let id = 0; id < 20; id++) {
    const joined = join('/docs/:id', { id })
    await joined.ready
    joined.leave()
  }
  await until(() => Object.keys(nsps).length === 2)
  const former = join('/docs/kept')
  app.io.of('/docs/kept').emit('ask', 'an offset')
  await kept.call('ping')
  manager.engine.close()
  former.leave()
  kept.leave()
  await until(() => !former.socket.active)
  const next = join('/docs/kept')
  await next.ready
  t.strictSame(next.state.getSnapshot(), { status: 'joined', recovered: false })
})

t.test('an ack for a namespace that was left is not that of a call in the next one', async (t) => {
  const answers = [withResolvers<string>(), withResolvers<string>()]
  let calls = 0
  const { io, url } = await servePlain(t)
  io.of('/other')
  io.of('/a').on('connection', (socket) =>
    socket.on('slow', async (ack) => {
      ack(await answers[calls++]?.promise)
    }),
  )
  const { join } = clientOf(t, url)
  await join('/other').ready
  const first = join('/a')
  await first.ready
  const left = failureOf(first.call('slow'))
  await until(() => calls === 1)
  first.leave()
  t.match(await left, { code: 'NSP_CLIENT_LEFT' })
  await until(() => !first.socket.connected)
  const second = join('/a').call('slow')
  await until(() => calls === 2)
  answers[0]?.resolve('of the first')
  await new Promise((resolve) => setImmediate(resolve))
  answers[1]?.resolve('of the second')
  t.equal(await second, 'of the second')
})

t.test('close() ends the connection at once, whatever is under way; the next join() takes another one', async (t) => {
  const never = defineNamespace({ onRequest: () => new Promise(() => {}) })
  const { app, client } = await serve(t, { '/a': ping, '/never': never }, { closeTimeoutMs: 1 })
  const { join, close, manager } = client()
  const first = join('/a')
  join('/never')
  await first.ready
  const { id, close: _close, ...engine } = manager.engine
  close()
  t.not(manager.engine.readyState, 'open', `${engine.readyState} before`)
  const second = join('/a')
  await second.ready
  t.not(manager.engine.id, id)
  await until(() => app.io.engine.clientsCount === 1)
  // Who joins again in reply to close() stays.
  let third: typeof second | undefined
  second.state.subscribe(() => {
    third ??= join('/a')
  })
  close()
  t.equal(await third?.call('ping'), 'pong')
})

t.test('two clients share a Manager, and the socket of an address', async (t) => {
  const { app, client } = await serve(t, { '/a': ping, '/slow': ping })
  const one = client()
  const two = client({ manager: one.manager })
  const [a, b] = [one.join('/a'), two.join('/a')]
  await Promise.all([a.ready, b.ready])
  t.equal(a.socket, b.socket)
  const { id } = one.manager.engine
  one.close()
  t.equal(await b.call('ping'), 'pong')
  const again = one.join('/a')
  await again.ready
  b.leave()
  two.close()
  t.equal(await again.call('ping'), 'pong')
  t.equal(one.manager.engine.id, id)
  one.close()
  await until(() => app.io.engine.clientsCount === 0)
})

t.test('a socket of the application stays joined when the client leaves, with its own auth', async (t) => {
  const { client } = await serve(t, { '/a': ping })
  const { manager, join, close } = client()
  const own = manager.socket('/a', { auth: { mine: true } })
  const { auth } = own
  const joined = join('/a')
  await joined.ready
  joined.leave()
  close()
  t.equal(own.connected, true)
  t.equal(own.auth, auth)
  own.disconnect()
})

t.test('with a Manager of the application, close() waits for the answer to a join that is under way', async (t) => {
  const answer = withResolvers()
  const asked = withResolvers()
  const slow = defineNamespace({
    onRequest: async () => {
      asked.resolve()
      await answer.promise
    },
  })
  const { app, client } = await serve(t, { '/a': ping, '/slow': slow })
  const { manager, join: joinOwn } = client()
  await joinOwn('/a').ready
  const { join, close } = client({ manager })
  const joined = join('/slow')
  await asked.promise
  close()
  t.equal(joined.socket.active, true)
  answer.resolve()
  await until(() => !joined.socket.active)
  await until(() => (app.io._nsps.get('/slow')?.sockets.size ?? 0) === 0)
})

t.test('who disconnects the socket of the client joins again', async (t) => {
  const { client } = await serve(t, { '/a': ping })
  const joined = client().join('/a')
  await joined.ready
  joined.socket.disconnect()
  t.strictSame(joined.state.getSnapshot(), { status: 'recovering', reason: 'io client disconnect' })
  t.equal(await joined.call('ping'), 'pong')
})

t.test('without reconnection, too, an error says whether its event was sent', async (t) => {
  const endless = defineNamespace({
    events: {
      never: { handlerTimeoutMs: 0, handler: () => new Promise(() => {}) },
      forever: {
        stream: Type.Number(),
        handlerTimeoutMs: 0,
        async *handler(_payload, { signal }) {
          yield 1
          await new Promise((resolve) => signal.addEventListener('abort', resolve))
        },
      },
    },
  })
  const { client, cut } = await serve(t, { '/a': endless }, { closeTimeoutMs: 1 })
  const joined = client({ io: { reconnection: false } }).join('/a')
  const stream = joined.stream('forever')
  await stream[Symbol.asyncIterator]().next()
  const call = failureOf(joined.call('never'))
  cut()
  const offline = { code: 'NSP_CLIENT_OFFLINE', details: { isSent: true } }
  t.match(await call, offline)
  t.match(await failureOf(stream.result), offline)
  t.match(await failureOf(joined.call('never')), { ...offline, details: { isSent: false } })
})

t.test('cancel() ends result, also while a receiver is not done', async (t) => {
  const numbers = defineNamespace({
    events: {
      count: {
        stream: Type.Number(),
        async *handler() {
          yield 1
        },
      },
    },
  })
  const { client } = await serve(t, { '/a': numbers })
  const received = withResolvers()
  const stream = client()
    .join('/a')
    .stream('count', undefined, {
      onItem: () => {
        received.resolve()
        return new Promise(() => {})
      },
    })
  await received.promise
  stream.cancel()
  t.match(await failureOf(stream.result), { code: 'NSP_CLIENT_ABORTED' })
})

t.test('what a namespace was told before a lost connection is not the reason of a later disconnect', async (t) => {
  const { io, url } = await servePlain(t)
  io.of('/a').on('connection', (socket) => socket.on('echo', (ack) => ack()))
  const joined = clientOf(t, url).join('/a')
  await joined.ready
  io.of('/a').emit('namespace:disconnect', { code: 'FST_NSP_IDENTITY_EXPIRED', statusCode: 401, message: 'Expired' })
  await joined.call('echo')
  joined.socket.io.engine.close()
  await joined.ready
  await joined.call('echo')
  io.of('/a').disconnectSockets()
  await untilStatus(joined, 'refused')
  t.match(joined.state.getSnapshot(), { error: { code: 'NSP_CLIENT_DISCONNECTED' } })
})

t.test('who leaves while an event is sent has left, and the event was sent', async (t) => {
  const { client } = await serve(t, { '/a': ping })
  const { join, pending } = client()
  const joined = join('/a')
  await joined.ready
  joined.socket.onAnyOutgoing(() => joined.leave())
  joined.send('ping')
  t.equal(joined.state.getSnapshot().status, 'left')
  t.equal(pending.getSnapshot(), 0)
})
