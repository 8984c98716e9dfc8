import type { FastifyInstance, FastifyServerOptions } from 'fastify'
import t, { type Test } from 'tap'
import { type AnyNamespaceDefinition, requestOf } from '../../../plugin/index.js'
import { expiryOf, scheduleAt } from '../../../plugin/joining/expiry.js'
import { build, join, listen, next, until } from '../harness.js'

const HOUR_MS = 3_600_000
const told = { code: 'FST_NSP_IDENTITY_EXPIRED', statusCode: 401, message: 'The identity has expired' }

/** Every request has the user whose JSON is the bearer token, as after jwtVerify(); `lastsMs` becomes its `exp`. */
function addUsers(app: FastifyInstance): void {
  app.decorateRequest('user', null as never)
  app.addHook('onRequest', async (request) => {
    const { authorization } = request.headers
    if (!authorization) return
    const { lastsMs, ...user } = JSON.parse(authorization.slice('Bearer '.length))
    if (lastsMs !== undefined) user.exp = (Date.now() + lastsMs) / 1_000
    Object.assign(request, { user })
  })
}

/** Serves `/chat`, which answers an `echo`, and other namespaces. */
async function serve(t: Test, definition: AnyNamespaceDefinition = {}) {
  const lines: Record<string, unknown>[] = []
  const logger = { level: 'debug', stream: { write: (line: string) => void lines.push(JSON.parse(line)) } }
  const chat: AnyNamespaceDefinition = {
    // has emits of its own, so that the emit check is strict
    emits: { hi: { payload: { type: 'string' } } },
    events: {
      echo: { handler: (payload) => payload },
      'token:refresh': { handler: (token, { reauthenticate }) => reauthenticate({ token }) },
    },
    ...definition,
  }
  const namespaces = { '/chat': chat, '/other': {}, '/orgs/:orgId': chat }
  const app = await build(t, { namespaces }, addUsers, { logger } as FastifyServerOptions)
  const url = `http://127.0.0.1:${await listen(app)}`
  const connect = (user: object, name = '/chat') => join(t, url, name, { auth: { token: JSON.stringify(user) } })
  return { app, url, lines, connect }
}

t.test('an identity expires with its JWT: the client receives a code, and is disconnected', async (t) => {
  const { app, connect } = await serve(t)
  const socket = connect({ lastsMs: 300 })
  const order: unknown[] = []
  socket.on('connect', () => order.push('connect'))
  socket.on('namespace:disconnect', (...args) => order.push(args))
  socket.on('disconnect', (reason) => order.push(reason))
  await next(socket, 'disconnect')
  t.strictSame(order, ['connect', [told], 'io server disconnect'])
  t.notOk(socket.active, 'it stays away until it decides')
  t.equal(app.io.of('/chat').sockets.size, 0)
})

t.test('a namespace sets its own expiry: a Date, or milliseconds since the epoch', async (t) => {
  for (const toTime of [(ms: number) => new Date(ms), (ms: number) => ms]) {
    const { connect } = await serve(t, { expiresAt: () => toTime(Date.now() + 300) })
    t.strictSame(await next(connect({ lastsMs: HOUR_MS }), 'namespace:disconnect'), [told])
  }
})

t.test('without `expiresAt`, and without a token that has an `exp`, an identity never expires', async (t) => {
  const { app, connect } = await serve(t, { expiresAt: () => undefined })
  const sockets = [connect({ exp: 1 }), connect({ id: 'ada' }, '/other'), connect({ exp: 'soon' }, '/other')]
  await Promise.all(sockets.map((socket) => next(socket, 'connect')))
  app.io.of('/plain').on('connection', () => {})
  await next(connect({}, '/plain'), 'connect')
  for (const name of ['/chat', '/other', '/plain']) {
    for (const socket of app.io.of(name).sockets.values()) {
      t.equal(expiryOf(requestOf(socket)), Number.POSITIVE_INFINITY)
    }
  }
})

t.test('a client with an expired identity is refused before it connects', async (t) => {
  let connects = 0
  const { connect, lines } = await serve(t, { onConnect: () => connects++ })
  const [error] = await next(connect({ lastsMs: 0 }), 'connect_error')
  const { message, ...data } = told
  t.match(error, { message, data })
  t.equal(connects, 0)
  t.notMatch(
    lines.map(({ level }) => level),
    [50],
  )
})

const wrong: Record<string, [expiresAt: () => unknown, said: RegExp]> = {
  'an invalid Date': [() => new Date('x'), /got Invalid Date$/],
  NaN: [() => Number.NaN, /got NaN$/],
  Infinity: [() => Number.POSITIVE_INFINITY, /got Infinity$/],
  'a string': [() => '2030-01-01', /got '2030-01-01'$/],
  null: [() => null, /got null$/],
  'a promise, also one that rejects,': [() => Promise.reject(new Error('late')), /got \[Promise\]$/],
  'a thrown error': [
    () => {
      throw new Error('secret')
    },
    /^secret$/,
  ],
}

for (const [what, [expiresAt, said]] of Object.entries(wrong)) {
  t.test(`an invalid expiry never means that the identity does not expire: ${what} refuses`, async (t) => {
    const { connect, lines } = await serve(t, { expiresAt: expiresAt as never })
    const [error] = await next(connect({}), 'connect_error')
    t.match(error, { message: 'Internal error', data: { code: 'FST_NSP_INTERNAL', details: { id: /^req-/ } } })
    const [logged] = lines.filter(({ level }) => level === 50)
    t.match(logged, { err: { message: said } })
    if (!said.test('secret')) t.match(logged, { err: { code: 'FST_NSP_EXPIRY_INVALID' } })
  })
}

t.test('an error that expiresAt throws is sent as the refusal', async (t) => {
  const { connect } = await serve(t, {
    expiresAt: () => {
      throw Object.assign(new Error('Revoked'), { statusCode: 401, code: 'REVOKED' })
    },
  })
  const [error] = await next(connect({}), 'connect_error')
  t.match(error, { message: 'Revoked', data: { code: 'REVOKED', statusCode: 401 } })
})

t.test('the other namespaces of the connection stay joined', async (t) => {
  const { url } = await serve(t)
  const brief = join(t, url, '/chat', { auth: { token: JSON.stringify({ lastsMs: 300 }) } })
  const auth = { token: JSON.stringify({ lastsMs: HOUR_MS }) }
  const long = ['/other', '/orgs/1'].map((name) => brief.io.socket(name, { auth }))
  await Promise.all([next(brief, 'disconnect'), ...long.map((socket) => next(socket, 'connect'))])
  t.match(await long[1]?.emitWithAck('echo', 'here'), { data: 'here' })
  t.ok(long.every(({ connected }) => connected))
})

t.test('an identity that is refreshed in time does not expire', async (t) => {
  const { connect } = await serve(t)
  const refreshed = connect({ lastsMs: 1_500 })
  await next(refreshed, 'connect')
  const ack = await refreshed.emitWithAck('token:refresh', JSON.stringify({ lastsMs: HOUR_MS }))
  t.match(ack, { ok: true })
  await next(connect({ lastsMs: 1_500 }), 'namespace:disconnect')
  t.match(await refreshed.emitWithAck('echo', 'here'), { data: 'here' })
})

t.test('a refresh may shorten the time, and one with an expired token changes nothing', async (t) => {
  const { connect } = await serve(t)
  const socket = connect({ lastsMs: HOUR_MS })
  await next(socket, 'connect')
  const reasonSent = next(socket, 'namespace:disconnect')
  const refresh = (user: object) => socket.emitWithAck('token:refresh', JSON.stringify(user))
  t.strictSame(await refresh({ exp: 1 }), { ok: false, error: told })
  t.match(await socket.emitWithAck('echo', 'here'), { data: 'here' })
  t.match(await refresh({ lastsMs: 100 }), { ok: true })
  t.strictSame(await reasonSent, [told])
})

t.test("the callback is called by the given clock, not by the timer's, once, and never synchronously", async (t) => {
  const times = [0, 25, 25, 30]
  let rings = 0
  const ring = () => void rings++
  scheduleAt(30, () => times.shift() as number, ring)
  await until(() => rings > 0)
  t.strictSame([rings, times], [1, []])
  scheduleAt(Date.now() - 1, Date.now, ring)
  t.equal(rings, 1)
  await until(() => rings > 1)
})

t.test('the time may be later than a timer can wait for, and it can be cancelled', async (t) => {
  const warnings: Error[] = []
  const keep = (warning: Error) => void warnings.push(warning)
  process.on('warning', keep)
  t.teardown(() => process.off('warning', keep))
  const rings: string[] = []
  const set = (name: string, at: number) => scheduleAt(at, Date.now, () => void rings.push(name))
  const cancels = [
    set('in a hundred days', Date.now() + 100 * 24 * HOUR_MS),
    set('never', Number.POSITIVE_INFINITY),
    set('cancelled', Date.now() + 1),
  ]
  cancels.at(-1)?.()
  set('soon', Date.now() + 10)
  await until(() => rings.length > 0)
  t.strictSame(rings, ['soon'])
  t.strictSame(warnings, [])
  for (const cancel of cancels) cancel()
})
