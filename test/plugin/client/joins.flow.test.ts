import Fastify from 'fastify'
import { Server } from 'socket.io'
import { Manager } from 'socket.io-client'
import t, { type Test } from 'tap'
import { Type } from 'typebox'
import { createClient, type GapReason, type JoinState } from '../../../plugin/client.js'
import { defineNamespace } from '../../../plugin/index.js'
import { clientOf, FAST, failureOf, serve, untilStatus } from '../client-harness.js'
import { listen, until, withResolvers } from '../harness.js'

const chat = () =>
  defineNamespace({
    events: { say: { payload: Type.String(), reply: Type.String(), handler: (text) => text } },
    emits: { 'message:new': { payload: Type.String() } },
  })

/** How many sockets a namespace has. */
const sizeOf = (io: Pick<Server, 'of'>, name: string) => io.of(name).sockets.size

t.test('uses of one address share a socket; the last one leaves the namespace', async (t) => {
  const { app, client } = await serve(t, { '/chat': chat(), '/orgs/:orgId': chat() })
  const { join } = client()
  const [one, two] = [join('/orgs/:orgId', { orgId: 'a/b' }), join('/orgs/a%2Fb')]
  t.equal(one.address, '/orgs/a%2Fb')
  t.equal(one.name, '/orgs/:orgId')
  t.equal(one.socket, two.socket)
  await Promise.all([one.ready, two.ready])
  t.strictSame(one.state.getSnapshot(), { status: 'joined', recovered: false })
  t.ok(Object.isFrozen(one.state.getSnapshot()))
  t.equal(one.state.getSnapshot(), one.state.getSnapshot())
  one.leave()
  one.leave()
  t.strictSame(one.state.getSnapshot(), { status: 'left' })
  t.equal(await two.call('say', 'still here'), 'still here')
  t.match(await failureOf(one.call('say', 'gone')), { code: 'NSP_CLIENT_LEFT', statusCode: 410 })
  t.match(await failureOf(one.ready), { code: 'NSP_CLIENT_LEFT' })
  t.equal(sizeOf(app.io, '/orgs/a%2Fb'), 1)
  two.leave()
  await until(() => sizeOf(app.io, '/orgs/a%2Fb') === 0)
})

t.test('a hundred namespaces that are joined, left and joined again take one WebSocket', async (t) => {
  const { app, client, opened } = await serve(t, { '/docs/:id': chat() })
  const { join, manager } = client()
  const joinAll = () => Array.from({ length: 100 }, (_, id) => join('/docs/:id', { id }))
  const first = joinAll()
  await Promise.all(first.map(({ ready }) => ready))
  for (const joined of first) joined.leave()
  await until(() => [...app.io._nsps.values()].every(({ sockets }) => sockets.size === 0))
  t.equal(manager.listeners('close').length, 1, 'nothing is left but what keeps the connection open')
  const second = joinAll()
  await Promise.all(second.map(({ ready }) => ready))
  t.equal(await second[99]?.call('say', 'hi'), 'hi')
  t.equal(opened(), 1)
  t.equal(app.io.engine.clientsCount, 1)
})

t.test('the connection ends idleMs after the last namespace, and with close()', async (t) => {
  const { app, client } = await serve(t, { '/chat': chat() })
  const { join, close } = client({ idleMs: 1 })
  const first = join('/chat')
  await first.ready
  first.leave()
  await until(() => app.io.engine.clientsCount === 0)
  const second = join('/chat')
  await second.ready
  close()
  t.equal(second.state.getSnapshot().status, 'left')
  await until(() => app.io.engine.clientsCount === 0)
  const third = join('/chat')
  t.equal(await third.call('say', 'a closed client can be used again'), 'a closed client can be used again')
})

t.test('a use that ends and begins in one task does not leave, as in StrictMode', async (t) => {
  let joins = 0
  const counted = defineNamespace({ onConnect: () => void joins++ })
  const { client } = await serve(t, { '/chat': counted })
  const { join } = client()
  join('/chat').leave()
  join('/chat').leave()
  const joined = join('/chat')
  await joined.ready
  joined.leave()
  const again = join('/chat')
  t.strictSame(again.state.getSnapshot(), { status: 'joined', recovered: false })
  await again.ready
  t.equal(joins, 1)
})

t.test('a namespace that is left while its join is under way has no socket in the server', async (t) => {
  const asked = withResolvers()
  const answer = withResolvers()
  const slow = defineNamespace({
    onRequest: async () => {
      asked.resolve()
      await answer.promise
    },
  })
  const { app, client } = await serve(t, { '/slow': slow, '/chat': chat() })
  const { join, manager } = client()
  const other = join('/chat')
  await other.ready
  const left = join('/slow')
  await asked.promise
  const events: string[] = []
  app.io.of('/slow').on('connection', (socket) => {
    events.push('joined')
    socket.on('disconnect', () => events.push('left'))
  })
  left.leave()
  await other.call('say', 'the task is over')
  t.equal(left.socket.active, true, 'it waits for the answer')
  answer.resolve()
  await until(() => events.length === 2)
  t.strictSame(events, ['joined', 'left'])
  t.equal(left.socket.active, false)
  t.equal(manager.engine.readyState, 'open')
})

t.test('a namespace that is left before its refusal, or before the connection is lost, is forgotten', async (t) => {
  const answers = [withResolvers(), withResolvers()]
  const asked = [withResolvers(), withResolvers()]
  let count = 0
  const slow = defineNamespace({
    onRequest: async () => {
      const turn = count++
      asked[turn]?.resolve()
      await answers[turn]?.promise
      throw Object.assign(new Error('No'), { statusCode: 403 })
    },
  })
  const { client, cut } = await serve(t, { '/slow': slow, '/chat': chat() })
  const { join } = client()
  const other = join('/chat')
  await other.ready
  for (const turn of [0, 1]) {
    const left = join('/slow')
    await asked[turn]?.promise
    left.leave()
    await other.call('say', 'the task is over')
    t.equal(left.socket.active, true)
    if (turn === 0) answers[0]?.resolve()
    else cut()
    await until(() => !left.socket.active)
    t.strictSame(left.socket.listeners('connect'), [])
  }
  answers[1]?.resolve()
  await untilStatus(other, 'joined')
  t.equal(count, 2)
})

t.test('listeners live as long as their use: across reconnects, and no longer', async (t) => {
  const { app, client, cut } = await serve(t, { '/chat': chat() })
  const { join } = client()
  const [one, two] = [join('/chat'), join('/chat')]
  const heard: string[] = []
  const hear = (text: string) => void heard.push(`one: ${text}`)
  one.on('message:new', hear)
  const off = one.on('message:new', (text) => heard.push(`off: ${text}`))
  const offOnce = one.once('message:new', (text) => heard.push(`never: ${text}`))
  one.once('message:new', (text) => heard.push(`once: ${text}`))
  two.on('message:new', (text) => heard.push(`two: ${text}`))
  await one.ready
  off()
  offOnce()
  const say = async (text: string) => {
    app.io.of('/chat').emit('message:new', text)
    await until(() => heard.includes(`two: ${text}`))
  }
  await say('1')
  cut()
  await untilStatus(one, 'recovering')
  await untilStatus(one, 'joined')
  await say('2')
  one.off('message:new', hear)
  one.off('other', hear)
  await say('3')
  one.on('message:new', hear)
  one.leave()
  one.on('message:new', hear)
  await say('4')
  t.strictSame(heard, ['one: 1', 'once: 1', 'two: 1', 'one: 2', 'two: 2', 'two: 3', 'two: 4'])
  t.equal(two.socket.listeners('message:new').length, 1)
})

t.test('a listener that throws does not stop the others, and is reported', async (t) => {
  const { app, client } = await serve(t, { '/chat': chat() })
  const { join } = client()
  const [one, two] = [join('/chat'), join('/chat')]
  await two.ready
  const queued = t.capture(globalThis, 'queueMicrotask')
  const heard = withResolvers<string>()
  one.on('message:new', () => {
    throw new Error('Mine')
  })
  two.on('message:new', heard.resolve)
  app.io.of('/chat').emit('message:new', 'hi')
  t.equal(await heard.promise, 'hi')
  const [{ args }] = queued() as unknown as [{ args: [() => void] }]
  t.throws(args[0], { message: 'Mine' })
})

t.test('an emit that asks is answered with what a function returns', async (t) => {
  const asking = defineNamespace({
    emits: { ask: { payload: Type.Number(), reply: Type.Number() } },
    onConnect: () => {},
  })
  const { app, client } = await serve(t, { '/chat': asking })
  const joined = client().join('/chat')
  const asked: number[] = []
  const off = joined.answer('ask', async (value: number) => {
    asked.push(value)
    return value * 2
  })
  await joined.ready
  t.strictSame(await app.io.of('/chat').timeout(60_000).emitWithAck('ask', 21), [42])
  app.io.of('/chat').emit('ask', 22)
  await until(() => asked.includes(22))
  off()
  t.strictSame(joined.socket.listeners('ask'), [])
})

t.test('after a lost connection it recovers, and tells of a gap if something may have been missed', async (t) => {
  for (const isRecovered of [true, false]) {
    const { app, client, cut } = await serve(
      t,
      { '/chat': chat() },
      isRecovered ? { io: { connectionStateRecovery: {} } } : {},
    )
    const { join } = client()
    const joined = join('/chat')
    const gaps: GapReason[] = []
    joined.onGap((reason) => gaps.push(reason))
    const off = joined.onGap(() => t.fail('it was removed'))
    off()
    await joined.ready
    const states: JoinState[] = []
    const unsubscribe = joined.state.subscribe(() => states.push(joined.state.getSnapshot()))
    cut()
    await untilStatus(joined, 'recovering')
    await untilStatus(joined, 'joined')
    unsubscribe()
    t.match(states, [
      { status: 'recovering', reason: /^transport/ },
      { status: 'joined', recovered: isRecovered },
    ])
    t.strictSame(gaps, isRecovered ? [] : ['not-recovered'])
    const left = join('/chat')
    left.onGap(() => t.fail('it has left'))
    left.leave()
    app.io.engine.close()
  }
})

t.test('a refusal is final, and rejoin() or another join() tries again', async (t) => {
  let isOpen = false
  const guarded = defineNamespace({
    onRequest: async () => {
      if (!isOpen)
        throw Object.assign(new Error('Closed'), { statusCode: 403, code: 'CLOSED', details: { until: 'noon' } })
    },
    events: { ping: { handler: () => 'pong' } },
  })
  const { client } = await serve(t, { '/chat': guarded })
  const { join } = client()
  const joined = join('/chat')
  const waiting = failureOf(joined.call('ping'))
  const stream = failureOf(joined.stream('ping').result)
  const refusal = { code: 'CLOSED', statusCode: 403, message: 'Closed', details: { until: 'noon' } }
  t.match(await failureOf(joined.ready), { ...refusal, event: undefined })
  t.match(await waiting, { ...refusal, event: 'ping', cause: { code: 'CLOSED' } })
  t.match(await stream, { ...refusal, event: 'ping' })
  t.match(joined.state.getSnapshot(), { status: 'refused', error: refusal })
  t.match(await failureOf(joined.call('ping')), refusal)
  isOpen = true
  joined.rejoin()
  t.equal(await joined.call('ping'), 'pong')
  joined.rejoin()
  t.equal(joined.state.getSnapshot().status, 'joined')

  isOpen = false
  joined.leave()
  joined.rejoin()
  await until(() => !joined.socket.active)
  const second = join('/chat')
  await t.rejects(second.ready)
  isOpen = true
  const third = join('/chat')
  await Promise.all([second.ready, third.ready])
})

t.test('a refusal for the moment is repeated with a backoff', async (t) => {
  let tries = 0
  const busy = defineNamespace({
    onRequest: async (_request, reply) => {
      const statusCode = [429, 503][tries++]
      const details = statusCode === 503 ? { retryAfterMs: 1 } : undefined
      const body = { message: 'Busy', code: 'BUSY', details }
      if (statusCode) return reply.code(statusCode).send(body)
    },
  })
  const { client } = await serve(t, { '/chat': busy })
  const joined = client().join('/chat')
  const reasons: unknown[] = []
  joined.state.subscribe(() => reasons.push(joined.state.getSnapshot()))
  joined.onGap(() => t.fail('it had not been joined'))
  await joined.ready
  t.match(reasons[0], { status: 'recovering', reason: 'BUSY' })
  t.equal(tries, 3)
})

t.test('who leaves while it backs off does not come back', async (t) => {
  const tries = { gone: 0, patient: 0 }
  const busy = defineNamespace({
    onRequest: async ({ body }) => {
      tries[(body as { who: keyof typeof tries }).who]++
      throw Object.assign(new Error('Busy'), { statusCode: 429, details: { retryAfterMs: 5 } })
    },
  })
  const { client } = await serve(t, { '/busy': busy, '/chat': chat() })
  const { join } = client({ auth: { who: 'gone' } })
  const joined = join('/busy')
  await untilStatus(joined, 'recovering')
  joined.leave()
  // Others back off later and for longer, and come back.
  client({ auth: { who: 'patient' } }).join('/busy')
  await until(() => tries.patient > 5)
  const other = join('/chat')
  await other.ready
  t.equal(tries.gone, 1)
})

t.test('who is disconnected by the server is refused, with the reason', async (t) => {
  const { app, client } = await serve(t, { '/chat': chat() }, { userIdOf: () => 'ada' })
  const { join } = client()
  const joined = join('/chat')
  await joined.ready
  const call = failureOf(joined.call('nothing', undefined, { retry: true }).then(() => joined.call('say', 'hi')))
  await call
  app.io.of('/chat').disconnectSockets()
  await untilStatus(joined, 'refused')
  t.match(joined.state.getSnapshot(), { error: { code: 'NSP_CLIENT_DISCONNECTED', statusCode: 403 } })
  joined.rejoin()
  const gaps: GapReason[] = []
  joined.onGap((reason) => gaps.push(reason))
  await joined.ready
  t.strictSame(gaps, ['server-disconnect'])
  app.disconnectUser('ada', 'Signed out')
  await untilStatus(joined, 'refused')
  t.match(joined.state.getSnapshot(), { error: { code: 'FST_NSP_USER_DISCONNECTED', message: 'Signed out' } })
})

t.test('without reconnection a client that finds no server is refused at once', async (t) => {
  const { client, cut } = await serve(t, { '/chat': chat() })
  const nobody = clientOf(t, 'http://127.0.0.1:1', { io: { reconnection: false } }).join('/chat')
  t.match(await failureOf(nobody.ready), { code: 'NSP_CLIENT_OFFLINE', cause: { message: 'websocket error' } })
  const few = clientOf(t, 'http://127.0.0.1:1', { io: { reconnectionAttempts: 1 } })
  const [one, two] = [few.join('/chat'), few.join('/other')]
  two.socket.disconnect()
  t.match(await failureOf(one.ready), { code: 'NSP_CLIENT_OFFLINE' })
  t.equal(two.state.getSnapshot().status, 'joining', 'its socket was disconnected by the application')

  const joined = client({ io: { reconnection: false } }).join('/chat')
  await joined.ready
  cut()
  await untilStatus(joined, 'refused')
})

t.test('a signal leaves the namespace', async (t) => {
  const { client } = await serve(t, { '/chat': chat() })
  const { join } = client()
  t.equal(join('/chat', {}, { signal: AbortSignal.abort() }).state.getSnapshot().status, 'left')
  const controller = new AbortController()
  const joined = join('/chat', {}, { signal: controller.signal })
  const ready = failureOf(joined.ready)
  controller.abort()
  t.match(await ready, { code: 'NSP_CLIENT_LEFT' })
})

t.test('a Manager of the application is used, and left open for its other sockets', async (t) => {
  const { app, url } = await serve(t, { '/chat': chat(), '/own': chat() })
  const manager = new Manager(url, { ...FAST })
  const own = manager.socket('/own')
  const client = createClient('', { manager })
  t.teardown(() => {
    client.close()
    own.disconnect()
  })
  await until(() => own.connected)
  t.equal(client.manager, manager)
  const [joined, shared] = [client.join('/chat'), client.join('/own')]
  await Promise.all([joined.ready, shared.ready])
  t.equal(shared.socket, own)
  joined.leave()
  await until(() => !joined.socket.active)
  const again = client.join('/chat')
  await again.ready
  again.leave()
  await until(() => sizeOf(app.io, '/chat') === 0)
  t.equal(own.connected, true)
  t.equal(app.io.engine.clientsCount, 1)
})

t.test('it works with a server of Socket.IO alone', async (t) => {
  const { url, io } = await servePlain(t)
  io.of('/chat').use((socket, next) => next(socket.handshake.auth.isKnown ? undefined : new Error('Who?')))
  io.of('/chat').on('connection', (socket) => socket.on('say', (text, ack) => ack(text)))
  const { join } = clientOf(t, url)
  const stranger = join('/chat')
  t.match(await failureOf(stranger.ready), { code: 'FST_NSP_REFUSED', statusCode: 403, message: 'Who?' })
  const known = join('/chat', {}, { auth: { isKnown: true } })
  t.equal(await known.call('say', 'hi'), 'hi')
})

async function servePlain(t: Test) {
  const app = Fastify()
  const io = new Server(app.server)
  t.teardown(async () => {
    io.disconnectSockets(true)
    await app.close()
  })
  return { io, url: `http://127.0.0.1:${await listen(app)}` }
}
