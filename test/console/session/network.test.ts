import t from 'tap'
import { defineNamespace } from '../../../plugin/index.js'
import { until } from '../../plugin/harness.js'
import { openSession, untilLane } from './session-harness.js'

// Thousands of joins, beside other tests.
t.setTimeout(120_000)

const room = defineNamespace({
  emits: { news: { payload: { type: 'string' } } },
  events: { greet: { handler: () => {} }, wait: { handler: () => new Promise(() => {}) } },
})
const RECOVERY = { connectionStateRecovery: {} }

t.test('100 namespaces share one WebSocket: joined, left, joined again, dropped and recovered', async (t) => {
  const { session, app } = await openSession(t, { namespaces: { '/rooms/:id': room }, io: RECOVERY })
  const ids = Array.from({ length: 100 }, (_, id) => id)
  const joinAll = () => Promise.all(ids.map((id) => session.join('/rooms/:id', { id })))
  const lanes = session.lanes.getSnapshot
  await joinAll()
  for (const id of ids) session.leave(`/rooms/${id}`)
  await until(() => lanes().every(({ state }) => state.status === 'left'))
  await joinAll()
  t.ok(lanes().every(({ joins }) => joins === 2))
  const isUpgraded = () => session.connection.getSnapshot().transport === 'websocket'
  await until(isUpgraded)
  t.match(session.connection.getSnapshot(), { status: 'connected', openWebSockets: 1, everOpened: 1, reconnects: 0 })
  t.equal(app.io.engine.clientsCount, 1)
  session.drop()
  await until(() => lanes().every(({ joins }) => joins === 3))
  t.ok(lanes().every(({ state }) => state.status === 'joined' && state.recovered))
  t.ok(lanes().every(({ gap, hasRecovery }) => gap === undefined && hasRecovery))
  await until(isUpgraded)
  t.match(session.connection.getSnapshot(), { openWebSockets: 1, everOpened: 2, reconnects: 1 })
  await until(() => app.io.engine.clientsCount === 1)
})

t.test('what a blocked network has missed is recovered when the block ends', async (t) => {
  const { session, app, entries } = await openSession(t, { namespaces: { '/room': room }, io: RECOVERY })
  await session.join('/room')
  app.io.of('/room').emit('news', 'one')
  await until(() => entries('in').length === 1)
  const lost = session.call('/room', 'wait', [])
  const before = Date.now()
  session.block(60_000)
  t.match((await lost).error, { code: 'NSP_CLIENT_OFFLINE' })
  const { status, blockedUntil = 0 } = session.connection.getSnapshot()
  t.equal(status, 'blocked')
  t.ok(blockedUntil >= before + 60_000)
  await until(() => app.io.engine.clientsCount === 0)
  await until(() => session.connection.getSnapshot().openWebSockets === 0)
  app.io.of('/room').emit('news', 'two')
  t.match((await session.call('/room', 'greet', [])).error, { code: 'NSP_CLIENT_OFFLINE', details: { isSent: false } })
  session.unblock()
  await untilLane(session, '/room', 'joined')
  await until(() => entries('in').length === 2)
  t.strictSame(
    entries('in').map(({ args }) => args),
    [['one'], ['two']],
    'without the offsets',
  )
  t.match(session.lanes.getSnapshot(), [{ state: { recovered: true }, gap: undefined }])
  t.equal(session.connection.getSnapshot().blockedUntil, undefined)
})

t.test('a block ends by itself, and a join that was held meanwhile succeeds', async (t) => {
  const { session } = await openSession(t, { namespaces: { '/room': room } })
  session.block(30)
  await session.join('/room')
  t.match(session.connection.getSnapshot(), { status: 'connected', everOpened: 1 })
})

t.test('a lane tells why its rejoin was no recovery', async (t) => {
  const { session, lane } = await openSession(t, { namespaces: { '/room': room } })
  await session.join('/room')
  t.equal(lane('/room')?.hasRecovery, false)
  session.drop()
  await until(() => lane('/room')?.gap !== undefined)
  t.match(lane('/room'), { gap: 'no-recovery', state: { status: 'joined', recovered: false } })
})

t.test('a lane tells that the server has disconnected it', async (t) => {
  const { session, app, lane } = await openSession(t, { namespaces: { '/room': room }, io: RECOVERY })
  await session.join('/room')
  app.io.of('/room').disconnectSockets()
  await untilLane(session, '/room', 'refused')
  t.match(lane('/room')?.state, { error: { code: 'NSP_CLIENT_DISCONNECTED' } })
  session.rejoin('/room')
  await until(() => lane('/room')?.gap !== undefined)
  t.match(lane('/room'), { gap: 'server-disconnect', joins: 2 })
})

t.test('another query opens a new connection, another auth does not', async (t) => {
  const seen: unknown[] = []
  const names = defineNamespace({
    onConnect: ({ socket }) => void seen.push([socket.handshake.query.name, socket.handshake.auth]),
  })
  const { session, lane } = await openSession(
    t,
    { namespaces: { '/names': names } },
    { query: { name: '{{name}}' }, headers: { 'x-name': '{{name}}' } },
    (text) => text.replace('{{name}}', 'Ada'),
  )
  await session.join('/names')
  const identity = session.identity.getSnapshot()
  session.become({ ...identity, auth: { '': '{"age":36}' } })
  session.rejoin('/names')
  await until(() => lane('/names')?.joins === 2)
  t.equal(session.connection.getSnapshot().everOpened, 1)
  session.become({ ...session.identity.getSnapshot(), query: { name: 'Grace' } })
  await until(() => lane('/names')?.joins === 3)
  t.strictSame(seen, [
    ['Ada', {}],
    ['Ada', { age: 36 }],
    ['Grace', { age: 36 }],
  ])
  t.equal(session.connection.getSnapshot().everOpened, 2)
})

t.test('polling opens no WebSocket, and can be upgraded by another identity', async (t) => {
  const { session } = await openSession(t, { namespaces: { '/room': room } }, { transports: 'polling' })
  await session.join('/room')
  t.match(session.connection.getSnapshot(), { transport: 'polling', openWebSockets: 0, everOpened: 0 })
  session.become({ ...session.identity.getSnapshot(), transports: 'default' })
  await until(() => session.connection.getSnapshot().transport === 'websocket')
  t.match(session.connection.getSnapshot(), { openWebSockets: 1, everOpened: 1 })
})

t.test('nothing is left of 3,000 joins and leaves but 100 lanes', async (t) => {
  const limits = { joinsPerSecond: 10_000 }
  const { session, app } = await openSession(t, { namespaces: { '/rooms/:id': room }, limits })
  for (let round = 0; round < 30; round++) {
    const ids = Array.from({ length: 100 }, (_, index) => round * 100 + index)
    await Promise.all(ids.map((id) => session.join('/rooms/:id', { id })))
    for (const id of ids) session.leave(`/rooms/${id}`)
  }
  await until(() => session.lanes.getSnapshot().length === 100)
  await until(() => app.io._nsps.size < 10)
  t.equal(session.connection.getSnapshot().everOpened, 1)
})
