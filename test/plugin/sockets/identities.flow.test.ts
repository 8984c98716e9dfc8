import { createHook } from 'node:async_hooks'
import type { FastifyInstance, FastifyServerOptions } from 'fastify'
import { Adapter } from 'socket.io-adapter'
import type { Socket } from 'socket.io-client'
import t, { type Test } from 'tap'
import { DismissedUsers } from '../../../plugin/engine/dismissed-users.js'
import { type AnyNamespaceDefinition, type NamespacesOptions, requestOf } from '../../../plugin/index.js'
import { createUsers } from '../../../plugin/joining/request-users.js'
import { createIdentities } from '../../../plugin/sockets/identities.js'
import { createCluster } from '../cluster-harness.js'
import { build, join, listen, next, refusal, until } from '../harness.js'

const told = { code: 'FST_NSP_USER_DISCONNECTED', statusCode: 403, message: 'The user was disconnected' }

/** Every request has the user whose JSON is the bearer token. */
function addUsers(app: FastifyInstance): void {
  app.decorateRequest('user', null as never)
  app.addHook('onRequest', async (request) => {
    const { authorization } = request.headers
    if (authorization) Object.assign(request, { user: JSON.parse(authorization.slice('Bearer '.length)) })
  })
}

const userOf = (request: unknown) => (request as { user?: { id?: unknown } }).user

/** A definition whose handlers return the user, and authenticate again as another one. */
const desk: AnyNamespaceDefinition = {
  emits: { hi: { payload: { type: 'string' } } },
  events: {
    whoami: { handler: (_payload, { request }) => userOf(request)?.id },
    reauthenticate: { handler: (auth, { reauthenticate }) => reauthenticate(auth as object | undefined) },
  },
}

async function serve(t: Test, options: NamespacesOptions = {}, definition: AnyNamespaceDefinition = {}) {
  const lines: Record<string, unknown>[] = []
  const logger = { level: 'debug', stream: { write: (line: string) => void lines.push(JSON.parse(line)) } }
  const events = { ...desk.events, ...definition.events }
  const own = { ...desk, ...definition, events }
  const namespaces = { '/desk': own, '/orgs/:orgId': desk }
  const app = await build(t, { namespaces, ...options }, addUsers, { logger } as FastifyServerOptions)
  const url = `http://127.0.0.1:${await listen(app)}`
  const errors = () => lines.filter(({ level }) => Number(level) >= 50)
  return { app, url, errors }
}

const asUser = (user: object) => ({ auth: { token: JSON.stringify(user) } })

async function connected(...sockets: Socket[]): Promise<Socket[]> {
  await Promise.all(sockets.map((socket) => next(socket, 'connect')))
  return sockets
}

/** Resolves to the reasons for which they were disconnected. */
function disconnectsOf(sockets: Socket[]): Promise<unknown[][]> {
  return Promise.all(
    sockets.map(async (socket) => {
      const [[why], [reason]] = await Promise.all([next(socket, 'namespace:disconnect'), next(socket, 'disconnect')])
      return [why, reason]
    }),
  )
}

const ask = (socket: Socket, event: string, ...args: unknown[]) => socket.timeout(60_000).emitWithAck(event, ...args)

t.test(
  'disconnectUser disconnects a user in every namespace and on every connection, and sends the reason; others stay',
  async (t) => {
    const { app, url } = await serve(t)
    app.io.of('/plain').on('connection', () => {})
    const ada = asUser({ id: 7 })
    const token = { extraHeaders: { authorization: `Bearer ${ada.auth.token}` } }
    const first = join(t, url, '/desk', ada)
    const sockets = await connected(
      first,
      first.io.socket('/orgs/1', ada),
      join(t, url, '/orgs/2', ada),
      join(t, url, '/desk', ada),
      join(t, url, '/plain', token),
    )
    const others = await connected(
      first.io.socket('/orgs/3', asUser({ id: 70 })),
      join(t, url, '/desk', asUser({ name: 'nobody' })),
      join(t, url, '/plain'),
    )
    const gone = disconnectsOf(sockets)
    t.equal(app.disconnectUser('7'), 5)
    t.strictSame(
      await gone,
      sockets.map(() => [told, 'io server disconnect']),
    )
    t.equal(app.disconnectUser(7), 0)
    t.match(await ask(others[0] as Socket, 'whoami'), { data: 70 })
    t.ok(others.every((socket) => socket.connected))
    await next(first.connect(), 'connect')
    t.equal(app.disconnectUser(7, 'Banned'), 1, 'hooks decide whether the user may join again')
  },
)

t.test('disconnectUser sends the given reason as the message', async (t) => {
  const { app, url } = await serve(t)
  const sockets = await connected(join(t, url, '/desk', asUser({ sub: 'ada' })))
  const gone = disconnectsOf(sockets)
  app.disconnectUser('ada', 'Banned until Monday')
  t.strictSame(await gone, [[{ ...told, message: 'Banned until Monday' }, 'io server disconnect']])
})

t.test('the reason is sent before the disconnect, also with recovery', async (t) => {
  const io = { connectionStateRecovery: {} }
  const { app, url } = await serve(t, { io })
  const socket = join(t, url, '/desk', asUser({ id: 'ada' }))
  await connected(socket)
  const gone = disconnectsOf([socket])
  app.disconnectUser('ada')
  t.strictSame(await gone, [[told, 'io server disconnect']])
  await next(socket.connect(), 'connect')
  t.notOk(socket.recovered)
})

t.test('a socket that has left because of another one receives no reason', async (t) => {
  let last: { disconnect(): unknown } | undefined
  const { app, url, errors } = await serve(
    t,
    {},
    {
      onConnect: ({ socket }) => {
        const other = last
        last = socket
        if (other) (other as typeof socket).on('disconnect', () => socket.disconnect())
      },
    },
  )
  const first = join(t, url, '/desk', asUser({ id: 'ada' }))
  await connected(first)
  const later = join(t, url, '/desk', asUser({ id: 'ada' }))
  await connected(later)
  const received: unknown[] = []
  later.onAny((event) => received.push(event))
  const gone = Promise.all([next(first, 'disconnect'), next(later, 'disconnect')])
  app.disconnectUser('ada')
  await gone
  t.strictSame(received, [])
  t.strictSame(errors(), [])
})

t.test('userIdOf sets the user of a socket; if it throws, the socket is disconnected', async (t) => {
  const { app, url, errors } = await serve(t, {
    userIdOf: ({ headers }) => {
      if (headers['x-user'] === 'bad') throw new Error('no such user')
      return headers['x-user'] as string
    },
  })
  app.io.of('/plain').on('connection', () => {})
  const as = (user: string) => ({ extraHeaders: { 'x-user': user } })
  const sockets = await connected(join(t, url, '/desk', as('ada')), join(t, url, '/plain', as('ada')))
  await connected(join(t, url, '/plain', as('bad')))
  t.match(await refusal(next(join(t, url, '/desk', as('bad')), 'connect')), { data: { code: 'FST_NSP_INTERNAL' } })
  t.match(errors(), [{ namespace: '/desk', err: { message: 'no such user' } }])
  const gone = disconnectsOf(sockets)
  t.equal(app.disconnectUser('ada'), 2)
  await gone
  t.match(errors()[1], { namespace: '/plain', err: { message: 'no such user' }, msg: 'userIdOf failed' })
})

t.test('a userIdOf that is not a function fails at boot', async (t) => {
  await t.rejects(serve(t, { userIdOf: 'id' as never }), {
    code: 'FST_NSP_OPTIONS_INVALID',
    message: 'Option userIdOf must be a function: got "id"',
  })
})

t.test('a connected socket authenticates again, and belongs to another user', async (t) => {
  const { app, url } = await serve(t)
  const socket = join(t, url, '/desk', asUser({ id: 'ada' }))
  await connected(socket)
  t.match(await ask(socket, 'reauthenticate', asUser({ id: 'grace' }).auth), { ok: true })
  t.match(await ask(socket, 'whoami'), { data: 'grace' })
  const [there] = [...app.io.of('/desk').sockets.values()]
  t.match(userOf(requestOf(there as never)), { id: 'grace' })
  t.equal(app.disconnectUser('ada'), 0)
  t.match(await ask(socket, 'reauthenticate'), { ok: true })
  t.match(await ask(socket, 'whoami'), { data: 'ada' }, 'by default with the auth that it joined with')
  t.equal(app.disconnectUser('ada'), 1)
})

t.test('the refusal of a reauthenticate is sent, and the identity stays unchanged', async (t) => {
  const { app, url, errors } = await serve(
    t,
    {},
    {
      schema: { auth: { type: 'object', required: ['token'] } },
      preHandler: async (request, reply) => {
        const { id } = userOf(request) as { id: string }
        if (id === 'mallory')
          return reply.code(403).send({ code: 'BANNED', message: 'Not you', details: { for: 'ever' } })
        if (id === 'bug') throw new Error('secret')
      },
    },
  )
  const socket = join(t, url, '/desk', asUser({ id: 'ada' }))
  await connected(socket)
  t.strictSame(await ask(socket, 'reauthenticate', asUser({ id: 'mallory' }).auth), {
    ok: false,
    error: { code: 'BANNED', statusCode: 403, message: 'Not you', details: { for: 'ever' } },
  })
  t.match(await ask(socket, 'reauthenticate', {}), { error: { code: 'FST_NSP_CONNECT_INVALID', statusCode: 400 } })
  t.match(await ask(socket, 'reauthenticate', asUser({ id: 'bug' }).auth), {
    error: { code: 'FST_NSP_INTERNAL', message: 'Internal error', details: { id: errors()[0]?.reqId } },
  })
  t.match(await ask(socket, 'whoami'), { data: 'ada' })
  t.equal(app.disconnectUser('mallory'), 0)
  t.equal(app.disconnectUser('ada'), 1)
})

t.test('several calls of reauthenticate are each answered, and the last call decides', async (t) => {
  const ids: unknown[] = []
  let release = () => {}
  const isReleased = new Promise<void>((resolve) => {
    release = resolve
  })
  const { url } = await serve(
    t,
    {},
    {
      preHandler: async (request) => {
        const id = userOf(request)?.id
        ids.push(id)
        if (id === 'slow') await isReleased
        if (id === 'refused') throw Object.assign(new Error('Not you'), { statusCode: 403 })
      },
    },
  )
  const socket = join(t, url, '/desk', asUser({ id: 'ada' }))
  await connected(socket)
  const acks = ['slow', 'refused', 'quick'].map((id) => ask(socket, 'reauthenticate', asUser({ id }).auth))
  await until(() => ids.includes('slow'))
  t.match(await ask(socket, 'whoami'), { data: 'ada' })
  release()
  t.match(await Promise.all(acks), [{ ok: true }, { error: { code: 'FST_NSP_REFUSED' } }, { ok: true }])
  t.strictSame(ids, ['ada', 'slow', 'refused', 'quick'])
  t.match(await ask(socket, 'whoami'), { data: 'quick' })
})

t.test('a socket that has left, or leaves in the meantime, does not authenticate again', async (t) => {
  let isAsked = false
  let release = () => {}
  const isReleased = new Promise<void>((resolve) => {
    release = resolve
  })
  const errors: unknown[] = []
  const { app, url } = await serve(
    t,
    {},
    {
      preHandler: async (request) => {
        if (userOf(request)?.id !== 'slow') return
        isAsked = true
        await isReleased
      },
      events: {
        reauthenticate: {
          handler: (auth, { reauthenticate }) => reauthenticate(auth as object).catch((error) => errors.push(error)),
        },
      },
      onDisconnect: ({ reauthenticate }) => reauthenticate().catch((error) => errors.push(error)),
    },
  )
  const socket = join(t, url, '/desk', asUser({ id: 'ada' }))
  await connected(socket)
  socket.emit('reauthenticate', asUser({ id: 'slow' }).auth)
  await until(() => isAsked)
  socket.disconnect()
  await until(() => app.io.of('/desk').sockets.size === 0)
  release()
  await until(() => errors.length === 2)
  t.match(errors, [{ code: 'FST_NSP_SOCKET_GONE' }, { code: 'FST_NSP_SOCKET_GONE' }])
  t.equal(app.disconnectUser('slow'), 0)
})

/** Properties other than the plugin's own. */
function identitiesOf({ io, log }: FastifyInstance) {
  const dismissed = new DismissedUsers(Date.now)
  const users = createUsers({ dismissed, log })
  return createIdentities({ io, users, dismissed, isMounted: () => true, now: Date.now, log })
}

t.test('disconnectUser disconnects a user on every node', async (t) => {
  const adapter = createCluster()
  const here = await serve(t, { io: { adapter, connectionStateRecovery: {} } })
  const there = await serve(t, { io: { adapter } })
  const ada = asUser({ id: 'ada' })
  const sockets = await connected(
    join(t, here.url, '/desk', ada),
    join(t, there.url, '/desk', ada),
    join(t, there.url, '/orgs/1', ada),
  )
  const other = join(t, there.url, '/desk', asUser({ id: 'grace' }))
  await connected(other)
  const gone = disconnectsOf(sockets)
  t.equal(here.app.disconnectUser('ada', 'Banned'), 1, 'it counts the sockets of its own node')
  t.strictSame(
    await gone,
    sockets.map(() => [{ ...told, message: 'Banned' }, 'io server disconnect']),
  )
  t.match(await ask(other, 'whoami'), { data: 'grace' })
})

for (const [how, fail] of Object.entries({
  throws: () => {
    throw new Error('no broker')
  },
  rejects: () => Promise.reject(new Error('no broker')),
})) {
  t.test(`disconnectUser disconnects the sockets of this node if the adapter ${how}`, async (t) => {
    const adapter = class extends Adapter {
      override serverSideEmit = fail
    } as never
    const { app, url, errors } = await serve(t, { io: { adapter } })
    const sockets = await connected(join(t, url, '/desk', asUser({ id: 'ada' })))
    const gone = disconnectsOf(sockets)
    t.equal(app.disconnectUser('ada'), 1)
    await gone
    t.match(errors(), [{ msg: 'a user was not disconnected on other nodes', err: { message: 'no broker' } }])
  })
}

t.test('an in-memory adapter is not asked to reach other nodes', async (t) => {
  const warnings: unknown[] = []
  const { warn } = console
  console.warn = (...args) => warnings.push(args)
  t.teardown(() => {
    console.warn = warn
  })
  for (const io of [{}, { connectionStateRecovery: {} }]) {
    const { app } = await serve(t, { io })
    t.equal(app.disconnectUser('ada'), 0)
  }
  t.strictSame(warnings, [])
})

t.test('after 1,000 joins and leaves no timer and no user is left', async (t) => {
  const timers = new Set<NodeJS.Timeout & { _idleTimeout: number; _destroyed: boolean }>()
  const hook = createHook({
    init(_id, type, _trigger, resource) {
      const timer = resource as NodeJS.Timeout & { _idleTimeout: number; _destroyed: boolean }
      if (type === 'Timeout' && timer._idleTimeout > 10_000_000) timers.add(timer)
    },
  }).enable()
  t.teardown(() => hook.disable())
  const { app, url } = await serve(t, { limits: { joinsPerSecond: 0 } })
  const identities = identitiesOf(app)
  app.io.on('new_namespace', (namespace) => {
    namespace.on('connection', (socket) => {
      identities.keep(socket, requestOf(socket))
      socket.on('disconnect', () => identities.release(socket))
    })
  })
  const keeper = join(t, url, '/desk', { transports: ['websocket'], autoConnect: false })
  await connected(keeper.connect())
  const exp = Date.now() / 1_000 + 20_000
  const sockets = Array.from({ length: 20 }, (_, at) => keeper.io.socket(`/orgs/${at}`, asUser({ id: at % 10, exp })))
  const there = () => [...app.io._nsps.values()].flatMap(({ sockets }) => [...sockets.values()])
  for (let round = 0; round < 50; round++) {
    await connected(...sockets.map((socket) => socket.connect()))
    if (round === 0) {
      t.equal(identities.size, 10)
      await ask(sockets[0] as Socket, 'reauthenticate', asUser({ id: 'new', exp }).auth)
    }
    for (const socket of sockets) socket.disconnect()
    await until(() => there().length === 1)
  }
  t.equal(identities.size, 0)
  t.equal(timers.size, 2 * 1_000 + 1)
  t.strictSame(
    [...timers].filter(({ _destroyed }) => !_destroyed),
    [],
  )
})

t.test('the identity of a socket that has left already is not stored', async (t) => {
  const { app, url } = await serve(t)
  const identities = identitiesOf(app)
  const [client] = await connected(join(t, url, '/desk', asUser({ id: 'ada' })))
  const [socket] = app.io.of('/desk').sockets.values()
  const keep = () => socket && identities.keep(socket, requestOf(socket))
  keep()
  t.equal(identities.size, 1)
  client?.disconnect()
  await until(() => socket?.connected === false)
  identities.release(socket as never)
  keep()
  t.equal(identities.size, 0)
})
