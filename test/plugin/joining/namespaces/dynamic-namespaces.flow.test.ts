import t from 'tap'
import { Type } from 'typebox'
import { z } from 'zod'
import { defineNamespace } from '../../../../plugin/index.js'
import { build, logLines, next, refusal, until, withResolvers } from '../../harness.js'

const orgs = defineNamespace({
  schema: { params: Type.Object({ orgId: Type.Integer() }) },
  emits: { news: { payload: Type.String() } },
  events: { whereami: { handler: (_payload, { params, namespace }) => ({ params, address: namespace.name }) } },
  onConnect: ({ socket }) => {
    socket.join('members')
  },
})

/** The code of a client's refusal. */
async function codeOf(joining: Promise<unknown>): Promise<unknown> {
  return ((await refusal(joining)).data as { code: unknown }).code
}

t.test('one definition has many addresses, each with its own namespace', async (t) => {
  const app = await build(t, { namespaces: { '/orgs/:orgId': orgs, '/files/*': { events: orgs.events as never } } })
  const a = await app.injectSocket('/orgs/42')
  const [b, file] = await Promise.all([a.join('/orgs/43'), a.join('/files/a/b%20c')])
  t.strictSame(await a.emitWithAck('whereami'), { ok: true, data: { params: { orgId: 42 }, address: '/orgs/42' } })
  t.strictSame((await file.emitWithAck('whereami')).data, { params: { '*': 'a/b c' }, address: '/files/a/b%20c' })
  b.onAny((event) => t.fail(event))
  app.io.of('/orgs/42').emit('news', 'for 42')
  t.equal(await a.nextEvent('news'), 'for 42')
  t.strictSame(await b.emitWithAck('whereami'), { ok: true, data: { params: { orgId: 43 }, address: '/orgs/43' } })
  t.equal(app.io.engine.clientsCount, 1)
})

t.test('params are checked and authorised before the namespace is made', async (t) => {
  const made: string[] = []
  const app = await build(t, {
    namespaces: {
      '/orgs/:orgId': {
        ...orgs,
        preHandler: async ({ params }, reply) => {
          if ((params as { orgId: unknown }).orgId === 13)
            return reply.code(403).send({ code: 'NOT_YOURS', message: 'No' })
        },
      },
      '/users/:name': { schema: { params: z.object({ name: z.string().toLowerCase() }) } },
      '/numbers/:n(^\\d+$)': {},
      '/lobby': {},
    },
  })
  const lobby = await app.injectSocket('/lobby')
  app.io.on('new_namespace', ({ name }) => made.push(name))
  for (const [address, code] of [
    ['/orgs/x', 'FST_NSP_CONNECT_INVALID'],
    ['/orgs/13', 'NOT_YOURS'],
    ['/orgs/042', 'FST_NSP_NAMESPACE_UNKNOWN'], // an address has one spelling
    ['/orgs/%34%32', 'FST_NSP_NAMESPACE_UNKNOWN'],
    ['/users/Ada', 'FST_NSP_NAMESPACE_UNKNOWN'],
    ['/numbers/x', 'FST_NSP_NAMESPACE_UNKNOWN'],
  ] as const) {
    t.equal(await codeOf(lobby.join(address)), code, address)
  }
  t.strictSame(made, [])
  await lobby.join('/users/ada')
  await lobby.join('/numbers/7')
  t.strictSame(made, ['/users/ada', '/numbers/7'])
})

t.test('a static name precedes a dynamic one, in either order of declaration', async (t) => {
  const seen: string[] = []
  const watch = (what: string) => ({ onConnect: () => void seen.push(what) })
  const app = await build(t, { namespaces: { '/orgs/:id': watch('dynamic'), '/orgs/members': watch('static') } })
  const members = await app.injectSocket('/orgs/members')
  await members.join('/orgs/42')
  t.strictSame(seen, ['static', 'dynamic'])
})

t.test('two names with the same addresses are an error at boot', async (t) => {
  await t.rejects(build(t, { namespaces: { '/orgs/:a': {}, '/orgs/:b': {} } }), { code: 'FST_NSP_NAMESPACE_DUPLICATE' })
})

t.test('the prefix of a context may have parameters, which its namespaces receive', async (t) => {
  const app = await build(t, {})
  app.register(
    async (scope) => {
      scope.namespace('/rooms/:room', { events: { params: { handler: (_payload, { params }) => params } } })
    },
    { prefix: '/orgs/:orgId' },
  )
  const socket = await app.injectSocket('/orgs/42/rooms/blue')
  t.strictSame((await socket.emitWithAck('params')).data, { orgId: '42', room: 'blue' })
})

t.test('a namespace without sockets is closed, and is made again when it is joined', async (t) => {
  const app = await build(t, { namespaces: { '/orgs/:orgId': orgs } })
  const first = await app.injectSocket('/orgs/42')
  const second = await first.join('/orgs/43')
  first.disconnect()
  await until(() => !app.io._nsps.has('/orgs/42'))
  t.ok(app.io._nsps.has('/orgs/43'))
  const again = await second.join('/orgs/42')
  t.ok((await again.emitWithAck('whereami')).ok)
  again.disconnect()
  second.disconnect()
  await until(() => app.io._nsps.size === 1)
})

t.test("a namespace whose only socket is refused by the application's middleware is closed", async (t) => {
  const app = await build(t, { namespaces: { '/orgs/:orgId': orgs } })
  app.io.on('new_namespace', (namespace) => {
    namespace.use((_socket, next) => next(new Error('not today')))
  })
  await t.rejects(app.injectSocket('/orgs/42'), { message: 'not today' })
  await until(() => !app.io._nsps.has('/orgs/42'))
})

t.test('a pending join keeps a namespace open', async (t) => {
  const gate = withResolvers()
  const app = await build(t, { namespaces: { '/orgs/:orgId': orgs } })
  app.io.on('new_namespace', (namespace) => {
    namespace.use((socket, next) => {
      if (socket.handshake.auth.waits) void gate.promise.then(() => next())
      else next()
    })
  })
  const slow = app.injectSocket('/orgs/42', { auth: { waits: true } })
  await until(() => app.io._nsps.has('/orgs/42'))
  const namespace = app.io.of('/orgs/42')
  const fast = await app.injectSocket('/orgs/42')
  fast.disconnect()
  await until(() => namespace.sockets.size === 0)
  await new Promise((resolve) => setImmediate(resolve))
  t.equal(app.io.of('/orgs/42'), namespace)
  gate.resolve()
  t.ok((await (await slow).emitWithAck('whereami')).ok)
})

t.test('a client that leaves while it is admitted leaves no namespace behind', async (t) => {
  const asked = withResolvers()
  const gate = withResolvers()
  const app = await build(t, {
    namespaces: {
      '/lobby': {},
      '/orgs/:orgId': {
        onRequest: () => {
          asked.resolve()
          return gate.promise
        },
      },
    },
  })
  const lobby = await app.injectSocket('/lobby')
  const joining = lobby.join('/orgs/42')
  await asked.promise
  lobby.io.engine.close()
  await t.rejects(joining, { code: 'FST_NSP_CLIENT_DISCONNECTED' })
  await until(() => app.io.engine.clientsCount === 0)
  gate.resolve()
  for (let turn = 0; turn < 10; turn++) await new Promise((resolve) => setImmediate(resolve))
  t.notOk(app.io._nsps.has('/orgs/42'))
})

t.test('the number of dynamic namespaces is limited; namespaces that are open can still be joined', async (t) => {
  const app = await build(t, { namespaces: { '/orgs/:orgId': orgs }, limits: { dynamicNamespaces: 2 } })
  const first = await app.injectSocket('/orgs/1')
  const second = await first.join('/orgs/2')
  t.equal(await codeOf(second.join('/orgs/3')), 'FST_NSP_CHILDREN_LIMIT')
  t.ok((await app.injectSocket('/orgs/2')).connected)
  first.disconnect()
  await until(() => !app.io._nsps.has('/orgs/1'))
  t.ok((await second.join('/orgs/4')).connected)
})

t.test('io.of() with such an address does not bypass its admission', async (t) => {
  const app = await build(t, {
    namespaces: { '/orgs/:orgId': { onRequest: async (_request, reply) => reply.code(401).send() } },
  })
  const early = app.io.of('/orgs/1')
  await app.ready()
  app.io.of('/orgs/2').emit('news', 'to nobody')
  for (const address of ['/orgs/1', '/orgs/2']) t.equal(await codeOf(app.injectSocket(address)), 'FST_NSP_REFUSED')
  t.equal(early.sockets.size, 0)
  await until(() => app.io._nsps.size === 1)
})

t.test('namespaceOf finds a namespace by its definition or by its name', async (t) => {
  const app = await build(t, { namespaces: { '/orgs/:orgId': orgs, '/lobby': {} } })
  const socket = await app.injectSocket('/orgs/42')
  const lobby = await socket.join('/lobby')
  const reach = app.namespaceOf(orgs, { orgId: 42 })
  t.equal(reach.address, '/orgs/42')
  for (const audience of [
    reach,
    reach.to('members'),
    reach.except('nobody'),
    app.namespaceOf('/orgs/:orgId', { orgId: '42' }),
  ]) {
    audience.emit('news', 'hello')
    t.equal(await socket.nextEvent('news'), 'hello')
  }
  t.strictSame(
    (await reach.fetchSockets()).map(({ id }) => id),
    [socket.id],
  )
  app.namespaceOf('/lobby').emit('hi')
  await lobby.nextEvent('hi')
  t.strictSame(
    (await app.namespaceOf('/lobby').fetchSockets()).map(({ id }) => id),
    [lobby.id],
  )
  const gone = next(socket, 'disconnect')
  reach.disconnectSockets()
  t.strictSame((await gone)[0], 'io server disconnect')
})

t.test('namespaceOf checks an emit also without sockets, and leaves no namespace behind', async (t) => {
  const app = await build(t, { namespaces: { '/orgs/:orgId': orgs } })
  await app.ready()
  const reach = app.namespaceOf(orgs, { orgId: 42 })
  t.throws(() => reach.emit('news', { not: 'a text' } as never), { code: 'FST_NSP_EMIT_INVALID' })
  reach.emit('news', 'to nobody')
  t.strictSame(await reach.fetchSockets(), [])
  t.strictSame(await reach.ask('news', 'anybody?'), { answers: new Map(), missing: [] })
  await until(() => app.io._nsps.size === 1)
})

t.test('namespaceOf throws for a definition that is not declared or ambiguous, and for invalid params', async (t) => {
  const twice = defineNamespace({})
  const app = await build(t, { namespaces: { '/a': twice, '/b': twice, '/orgs/:orgId': orgs, '/orgs/members': {} } })
  t.throws(() => app.namespaceOf(defineNamespace({})), { code: 'FST_NSP_DEFINITION_UNKNOWN' })
  t.throws(() => app.namespaceOf('/c'), { code: 'FST_NSP_DEFINITION_UNKNOWN', message: /\/c/ })
  t.throws(() => app.namespaceOf(twice), { code: 'FST_NSP_DEFINITION_AMBIGUOUS', message: /\/a and as \/b/ })
  t.throws(() => app.namespaceOf('/orgs/:orgId'), { code: 'FST_NSP_PARAMS_INVALID' })
  t.throws(() => app.namespaceOf('/orgs/:orgId', { orgId: 'members' }), { code: 'FST_NSP_PARAMS_INVALID' })
  t.equal(app.namespaceOf('/b').address, '/b')
})

t.test('namespaceOf with an address throws an error that shows the right call', async (t) => {
  const app = await build(t, { namespaces: { '/orgs/:orgId': orgs } })
  t.throws(() => app.namespaceOf('/orgs/42'), {
    code: 'FST_NSP_DEFINITION_UNKNOWN',
    message: /\/orgs\/42 .* an address of \/orgs\/:orgId\. Call namespaceOf\("\/orgs\/:orgId", \{"orgId":"42"\}\)/,
  })
  t.throws(() => app.addressesOf('/orgs/42'), { code: 'FST_NSP_DEFINITION_UNKNOWN', message: /an address of/ })
})

t.test('addressesOf returns the addresses with sockets, with their params as the schema has parsed them', async (t) => {
  const twice = defineNamespace({})
  const typed = defineNamespace({ schema: { params: Type.Object({ orgId: Type.Integer() }) } })
  const names = { '/orgs/:orgId': typed, '/orgs/members': {}, '/a': twice, '/b': twice }
  const app = await build(t, { namespaces: names })
  t.strictSame(app.addressesOf(typed), [])
  const client = await app.injectSocket('/orgs/42')
  await client.join('/orgs/members')
  const other = await client.join('/orgs/7')
  t.strictSame(app.addressesOf(typed), [
    { address: '/orgs/42', params: { orgId: 42 } },
    { address: '/orgs/7', params: { orgId: 7 } },
  ])
  t.strictSame(app.addressesOf('/orgs/:orgId'), app.addressesOf(typed))
  other.disconnect()
  await until(() => app.addressesOf(typed).length === 1)
  app.namespaceOf('/orgs/:orgId', { orgId: 9 }).emit('hi')
  t.strictSame(app.addressesOf(typed), [{ address: '/orgs/42', params: { orgId: 42 } }], 'without sockets')
  t.strictSame(app.addressesOf(twice), [
    { address: '/a', params: {} },
    { address: '/b', params: {} },
  ])
  t.throws(() => app.addressesOf(defineNamespace({})), { code: 'FST_NSP_DEFINITION_UNKNOWN' })
})

t.test('an emit before the instance is ready is sent to nobody, and is no error', async (t) => {
  const app = await build(t, { namespaces: { '/orgs/:orgId': orgs } })
  const reach = app.namespaceOf(orgs, { orgId: 42 })
  reach.emit('news', 'too early')
  await app.ready()
  t.strictSame(await reach.ask('news', 'anybody?'), { answers: new Map(), missing: [] })
})

t.test('an adapter that fails to close is logged, and its namespace is closed', async (t) => {
  const { lines, logger } = logLines()
  const app = await build(t, { namespaces: { '/orgs/:orgId': orgs } }, undefined, { logger })
  const socket = await app.injectSocket('/orgs/42')
  app.io.of('/orgs/42').adapter.close = async () => {
    throw new Error('the broker is gone')
  }
  socket.disconnect()
  await until(() => !app.io._nsps.has('/orgs/42'))
  const failure = () => lines.find(({ msg }) => msg === 'the adapter of a namespace did not close')
  await until(() => failure() !== undefined)
  t.match(failure(), { err: { message: 'the broker is gone' }, namespace: '/orgs/42' })
})

t.test('a connection may join a limited number of dynamic namespaces', async (t) => {
  const app = await build(t, { namespaces: { '/orgs/:orgId': orgs }, limits: { namespacesPerConnection: 2 } })
  const first = await app.injectSocket('/orgs/1')
  await first.join('/orgs/2')
  t.equal(await codeOf(first.join('/orgs/3')), 'FST_NSP_NAMESPACES_LIMIT')
  t.notOk(app.io._nsps.has('/orgs/3'))
  t.ok((await app.injectSocket('/orgs/3')).connected, 'another connection may')
})

t.test('everything runs once for each join, also in a namespace that was closed and made again', async (t) => {
  const calls: string[] = []
  const say = (word: string) => () => void calls.push(word)
  const app = await build(t, {
    namespaces: {
      '/lobby': {},
      '/orgs/:orgId': {
        onRequest: async () => void calls.push('onRequest'),
        onConnect: say('onConnect'),
        events: { e: { handler: say('handler') } },
        onDisconnect: say('onDisconnect'),
      },
    },
  })
  const lobby = await app.injectSocket('/lobby')
  for (let round = 0; round < 3; round++) {
    const socket = await lobby.join('/orgs/42')
    await socket.emitWithAck('e')
    socket.disconnect()
    await until(() => !app.io._nsps.has('/orgs/42') && calls.includes('onDisconnect'))
    t.strictSame(calls.splice(0), ['onRequest', 'onConnect', 'handler', 'onDisconnect'])
  }
})

t.test('a client that leaves and rejoins a namespace keeps its event rate, also after many others', async (t) => {
  const app = await build(t, {
    limits: { eventsPerSecond: 1, joinsPerSecond: 0 },
    namespaces: { '/': {}, '/orgs/:orgId': { events: { count: { handler: () => 1 } } } },
  })
  const root = await app.injectSocket('/')
  const visit = async (address: string, events: number) => {
    const socket = await root.join(address)
    const acks = await Promise.all(Array.from({ length: events }, () => socket.emitWithAck('count')))
    const gone = new Promise<void>((resolve) => {
      for (const server of app.io.of(address).sockets.values()) server.once('disconnect', () => resolve())
    })
    socket.disconnect()
    await gone
    return acks.map(({ error }) => error?.code)
  }
  t.strictSame(await visit('/orgs/0', 3), [undefined, undefined, 'FST_NSP_RATE_LIMITED'])
  t.strictSame(await visit('/orgs/0', 1), ['FST_NSP_RATE_LIMITED'])
  for (let orgId = 1; orgId <= 200; orgId++) await visit(`/orgs/${orgId}`, 1)
  t.strictSame(await visit('/orgs/0', 1), [undefined])
})
