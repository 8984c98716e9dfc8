import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { Socket } from 'socket.io-client'
import t, { type Test } from 'tap'
import { DismissedUsers, StaleDecision } from '../../../plugin/engine/dismissed-users.js'
import type { AnyNamespaceDefinition, NamespacesOptions } from '../../../plugin/index.js'
import { WireSocket } from '../../wire/wire.js'
import { createCluster } from '../cluster-harness.js'
import { build, join, listen, logLines, next, POLLING, refusal, until, withResolvers } from '../harness.js'

/*
 * A decision that is older than a call of disconnectUser() admits no socket of that user.
 */

const out = { message: 'Banned', data: { code: 'FST_NSP_USER_DISCONNECTED', statusCode: 403 } }
const reasonSent = { code: 'FST_NSP_USER_DISCONNECTED', statusCode: 403, message: 'Banned' }

const tokenOf = ({ body, headers }: FastifyRequest) => Object(body).user ?? headers['x-user']

/** A latch: `wait` resolves when `open` is called; `reached` counts the calls of `wait`. */
function createLatch() {
  const opened = withResolvers()
  const state = { reached: 0, open: () => opened.resolve() }
  const wait = () => {
    state.reached++
    return opened.promise
  }
  return Object.assign(state, { wait })
}

async function serve(
  t: Test,
  options: NamespacesOptions & { desk?: AnyNamespaceDefinition } = {},
  prepare?: (app: FastifyInstance) => unknown,
) {
  const { desk = {}, ...rest } = options
  const app = await build(
    t,
    { userIdOf: (request) => tokenOf(request) as string, namespaces: { '/desk': desk }, ...rest },
    prepare,
  )
  const url = `http://127.0.0.1:${await listen(app)}`
  return { app, url, port: Number(new URL(url).port) }
}

const as = (user: string) => ({ auth: { user } })
const by = (user: string) => ({ extraHeaders: { 'x-user': user } })

function disconnectOf(socket: Socket): Promise<unknown[]> {
  return Promise.all([
    next(socket, 'namespace:disconnect').then(([why]) => why),
    next(socket, 'disconnect').then(([reason]) => reason),
  ])
}

for (const hook of ['onRequest', 'preValidation', 'preHandler'] as const) {
  t.test(`a client whose hook ${hook} was running when disconnectUser() was called is refused`, async (t) => {
    const seen: unknown[] = []
    const latch = createLatch()
    const { app, url } = await serve(t, {
      desk: {
        [hook]: (request: FastifyRequest) => (tokenOf(request) === 'eve' ? latch.wait() : Promise.resolve()),
        onConnect: ({ request }) => void seen.push(tokenOf(request as never)),
      },
    })
    const joining = refusal(next(join(t, url, '/desk', as('eve')), 'connect'))
    await until(() => latch.reached === 1)
    t.equal(app.disconnectUser('eve', 'Banned'), 0)
    app.disconnectUser('mallory')
    latch.open()
    t.strictSame(await joining, out)
    await next(join(t, url, '/desk', as('ada')), 'connect')
    await next(join(t, url, '/desk', as('eve')), 'connect')
    t.strictSame(seen, ['ada', 'eve'], 'a later decision is for the hooks')
    t.equal(app.disconnectUser('eve'), 1)
  })
}

t.test(
  'a client that is in a middleware of the namespace at the call is refused with a code, and its onConnect does not run',
  async (t) => {
    const seen: string[] = []
    const met: boolean[] = []
    const latch = createLatch()
    const { app, url } = await serve(t, {
      desk: {
        onConnect: () => void seen.push('onConnect'),
        onDisconnect: () => void seen.push('onDisconnect'),
        events: { hi: { handler: () => void seen.push('hi') } },
      },
    })
    await app.ready()
    app.io.of('/desk').use((_socket, go) => void latch.wait().then(() => go()))
    app.io.of('/desk').on('connection', (socket) => {
      met.push(socket.connected)
      socket.on('disconnect', () => met.push(false))
    })
    const socket = join(t, url, '/desk', as('eve'))
    const gone = disconnectOf(socket)
    socket.on('connect', () => socket.emit('hi'))
    await until(() => latch.reached === 1)
    app.disconnectUser('eve', 'Banned')
    latch.open()
    t.strictSame(await gone, [reasonSent, 'io server disconnect'])
    t.strictSame(seen, [])
    t.strictSame(met, [true, false])
    t.equal(app.io.of('/desk').sockets.size, 0)
  },
)

t.test(
  'a pending reauthenticate that would change the user to the disconnected one is refused, and the old user stays',
  async (t) => {
    const latch = createLatch()
    const { app, url } = await serve(t, {
      desk: {
        preHandler: async (request) => (tokenOf(request) === 'eve' ? latch.wait() : undefined),
        events: {
          become: {
            handler: async (auth, { reauthenticate }) => {
              await reauthenticate(auth as object)
            },
          },
          whoami: { handler: (_payload, { request }) => tokenOf(request as never) },
        },
      },
    })
    const socket = join(t, url, '/desk', as('bob'))
    await next(socket, 'connect')
    const ack = socket.emitWithAck('become', { user: 'eve' })
    await until(() => latch.reached === 1)
    app.disconnectUser('eve', 'Banned')
    latch.open()
    t.strictSame(await ack, { ok: false, error: { ...out.data, message: 'Banned' } })
    t.match(await socket.emitWithAck('whoami'), { data: 'bob' })
    t.match(await socket.emitWithAck('become', { user: 'eve' }), { ok: true })
    t.equal(app.disconnectUser('bob'), 0)
    t.equal(app.disconnectUser('eve'), 1)
  },
)

t.test('a reauthenticate that ends in the same tick as the call is refused, too', async (t) => {
  let call = () => {}
  const { app, url } = await serve(t, {
    userIdOf: (request) => {
      if (tokenOf(request) === 'eve') queueMicrotask(call)
      return tokenOf(request) as string
    },
    desk: {
      events: { become: { handler: (auth, { reauthenticate }) => reauthenticate(auth as object) } },
    },
  })
  const socket = join(t, url, '/desk', as('bob'))
  await next(socket, 'connect')
  call = () => {
    call = () => {}
    app.disconnectUser('eve', 'Banned')
  }
  const ack = socket.emitWithAck('become', { user: 'eve' })
  t.strictSame(await disconnectOf(socket), [reasonSent, 'io server disconnect'])
  t.equal(app.io.of('/desk').sockets.size, 0)
  ack.catch(() => {})
})

for (const transports of [['polling'], ['websocket']]) {
  const over = `over ${transports}`

  t.test(`a plain namespace can't be joined over a connection that is older than the call, ${over}`, async (t) => {
    const latch = createLatch()
    const { app, url } = await serve(t)
    app.io.of('/plain').on('connection', () => {})
    app.io.of('/slow').use((_socket, go) => void latch.wait().then(() => go()))
    const desk = join(t, url, '/desk', { ...by('eve'), ...as('someone'), transports })
    await next(desk, 'connect')
    const slow = desk.io.socket('/slow')
    const gone = disconnectOf(slow)
    await until(() => latch.reached === 1)
    t.equal(app.disconnectUser('eve', 'Banned'), 0)
    for (let call = 0; call < 10; call++) app.disconnectUser(`mallory ${call}`)
    latch.open()
    t.strictSame(await gone, [reasonSent, 'io server disconnect'])
    for (let turn = 0; turn < 2; turn++) {
      t.strictSame(await refusal(next(desk.io.socket('/plain').connect(), 'connect')), out)
    }
    await next(join(t, url, '/plain', { ...by('ada'), transports }), 'connect')
    await next(join(t, url, '/plain', { ...by('eve'), transports }), 'connect')
    t.equal(app.disconnectUser('eve'), 1)
  })

  t.test(
    `a plain namespace can't be joined over a connection whose handshake was pending at the call, ${over}`,
    async (t) => {
      const latch = createLatch()
      const { app, url } = await serve(t, {}, (app) => {
        app.addHook('onRequest', async ({ headers, method }) => {
          if (headers['x-slow'] && method === 'GET') await latch.wait()
        })
      })
      app.io.of('/plain').on('connection', () => {})
      app.disconnectUser('nobody')
      const join = (user: string) => connectSlowly(t, url, user, transports)
      const [eve, ada] = [join('eve'), join('ada')]
      await until(() => latch.reached === 2)
      app.disconnectUser('eve', 'Banned')
      latch.open()
      t.strictSame(await refusal(eve), out)
      await ada
    },
  )
}

function connectSlowly(t: Test, url: string, user: string, transports: string[]): Promise<unknown> {
  const extraHeaders = { 'x-user': user, 'x-slow': 'yes' }
  return next(join(t, url, '/plain', { extraHeaders, transports: transports as never }), 'connect')
}

t.test(
  "a plain namespace can't be joined over a connection that inject() made before the call, but over one it made later",
  async (t) => {
    const { app } = await serve(t)
    app.io.of('/plain').on('connection', () => {})
    const headers = { 'x-user': 'eve' }
    const open = async () => {
      const { sid } = JSON.parse((await app.inject({ url: POLLING, headers })).body.slice(1))
      const url = `${POLLING}&sid=${sid}`
      return async () => {
        await app.inject({ url, method: 'POST', headers, payload: '40/plain,' })
        return (await app.inject({ url, headers })).body
      }
    }
    const ask = await open()
    app.disconnectUser('eve', 'Banned')
    const askLater = await open()
    t.match(await ask(), '44/plain,{"message":"Banned"')
    t.match(await askLater(), '40/plain,{"sid"')
  },
)

t.test('if the user of a plain connection is unknown, it joins, and the log says why', async (t) => {
  const { lines, logger } = logLines()
  const app = await build(
    t,
    {
      namespaces: {},
      userIdOf: () => {
        throw new Error('no user')
      },
    },
    undefined,
    { logger } as object,
  )
  app.io.of('/plain').on('connection', () => {})
  app.disconnectUser('eve')
  await app.injectSocket('/plain')
  t.match(
    lines.filter(({ level }) => level === 50),
    [{ msg: 'userIdOf failed', err: { message: 'no user' } }],
  )
})

t.test('a call on another node has the same effect', async (t) => {
  const adapter = createCluster()
  const latch = createLatch()
  const here = await serve(t, { io: { adapter } })
  const there = await serve(t, { io: { adapter }, desk: { preHandler: () => latch.wait() } })
  const joining = refusal(next(join(t, there.url, '/desk', as('eve')), 'connect'))
  await until(() => latch.reached === 1)
  here.app.disconnectUser('eve', 'Banned')
  latch.open()
  t.strictSame(await joining, out)
})

t.test('a session is not recovered if its user was disconnected in the meantime', async (t) => {
  const seen: string[] = []
  const { app, port } = await serve(t, {
    io: { connectionStateRecovery: {} },
    desk: {
      onConnect: ({ socket, request }) => {
        seen.push(`connected ${tokenOf(request as never)}`)
        socket.join('members')
      },
      onRecover: ({ request }) => void seen.push(`recovered ${tokenOf(request as never)}`),
    },
  })
  const pids: Record<string, string> = {}
  const visit = async (user: string, pid?: string) => {
    const wire = await WireSocket.open(port)
    wire.say(`40/desk,${JSON.stringify({ user, pid })}`)
    const answer = JSON.parse(String(await wire.next()).slice('40/desk,'.length))
    await wire.end()
    await until(() => app.io.of('/desk').sockets.size === 0)
    return answer.pid
  }
  for (const user of ['eve', 'ada']) pids[user] = await visit(user)
  app.disconnectUser('eve')
  for (const user of ['eve', 'ada']) await visit(user, pids[user])
  t.strictSame(seen, ['connected eve', 'connected ada', 'connected eve', 'recovered ada'])
})

t.test('only the most recent calls are stored; decisions that may be older than those are made again', async (t) => {
  const { app, url } = await serve(t)
  app.io.of('/plain').on('connection', () => {})
  const first = join(t, url, '/desk', { ...by('bob'), ...as('bob'), transports: ['websocket'] })
  await next(first, 'connect')
  const held = createLatch()
  app.io.of('/slow').use((_socket, go) => void held.wait().then(() => go()))
  const second = join(t, url, '/slow', { ...by('carol'), transports: ['websocket'] })
  await until(() => held.reached === 1)
  for (let call = 0; call <= 10_000; call++) app.disconnectUser(`mallory ${call}`)
  const closed = next(first, 'disconnect')
  first.io.socket('/plain')
  t.strictSame((await closed)[0], 'transport close', 'its client comes back by itself')
  held.open()
  t.strictSame((await next(second, 'disconnect'))[0], 'transport close')
  await next(join(t, url, '/plain', { ...by('bob'), forceNew: true } as object), 'connect')
})

t.test('calls are stored by their number', async (t) => {
  let now = 1_000
  const dismissed = new DismissedUsers(() => now, 2)
  const before = {}
  dismissed.mark(before)
  dismissed.add('eve', 'first')
  const between = {}
  dismissed.mark(between)
  t.equal(dismissed.find('eve', before), 'first')
  t.equal(dismissed.find('eve', between), undefined)
  t.equal(dismissed.find('ada', before), undefined)
  t.strictSame([dismissed.isAny(before), dismissed.isAny(between)], [true, false])
  now += 50
  dismissed.add('eve', 'second')
  dismissed.add('bob', 'third')
  t.equal(dismissed.find('eve', between), 'second')
  t.strictSame([dismissed.isRecent('eve', 10), dismissed.isRecent('ada', 10)], [true, false])
  now += 10
  t.equal(dismissed.isRecent('eve', 10), false)
  dismissed.add('carol', 'fourth')
  for (const [user, decided] of [
    ['eve', between],
    ['ada', before],
  ] as const) {
    try {
      t.fail(String(dismissed.find(user, decided)))
    } catch (error) {
      t.ok(error instanceof StaleDecision)
    }
  }
  const late = {}
  dismissed.mark(late)
  t.equal(dismissed.find('eve', late), undefined)
  t.equal(dismissed.isRecent('eve', 11), true, 'it may have been')
})
