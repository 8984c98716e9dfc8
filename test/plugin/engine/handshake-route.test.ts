import type { IncomingMessage } from 'node:http'
import { connect as connectTcp } from 'node:net'
import cookie from '@fastify/cookie'
import session from '@fastify/session'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import t from 'tap'
import { requestOf } from '../../../plugin/index.js'
import {
  build,
  heard,
  join,
  listen,
  next,
  POLLING,
  shake,
  TRANSPORTS,
  until,
  WEBSOCKET,
  withResolvers,
} from '../harness.js'

/** Counts the runs of every lifecycle hook for the engine's requests. */
function countHooks(app: FastifyInstance): Map<string, number> {
  const runs = new Map<string, number>()
  const count = async (name: string) => {
    runs.set(name, (runs.get(name) ?? 0) + 1)
  }
  app.addHook('onRequest', () => count('onRequest'))
  app.addHook('preParsing', () => count('preParsing'))
  app.addHook('preValidation', () => count('preValidation'))
  app.addHook('preHandler', () => count('preHandler'))
  app.addHook('onSend', () => count('onSend'))
  app.addHook('onResponse', () => count('onResponse'))
  return runs
}

for (const transports of TRANSPORTS) {
  t.test(
    `over ${transports.join(' -> ')} every hook runs once per handshake and once per connect, and not for polls or the upgrade`,
    async (t) => {
      let runs = new Map<string, number>()
      const app = await build(
        t,
        { namespaces: { '/chat': { onConnect: ({ socket }) => void socket.on('echo', (value, ack) => ack(value)) } } },
        (app) => {
          runs = countHooks(app)
        },
      )
      const socket = join(t, `http://127.0.0.1:${await listen(app)}`, '/chat', { transports: [...transports] })
      await next(socket, 'connect')
      await until(() => socket.io.engine.transport.name === transports.at(-1))
      for (const value of [1, 2, 3]) t.equal(await socket.emitWithAck('echo', value), value)
      await until(() => runs.get('onResponse') === 2)
      t.strictSame(Object.fromEntries(runs), {
        onRequest: 2,
        preParsing: 2,
        preValidation: 2,
        preHandler: 2,
        onSend: 2,
        onResponse: 2,
      })
    },
  )
}

t.test('the refusal of a hook reaches the client with its status, headers and body', async (t) => {
  const app = await build(t, undefined, (app) => {
    app.addHook('onRequest', async (request, reply) => {
      const kind = request.headers['x-kind']
      if (kind === 'unauthorized') return reply.code(401).header('www-authenticate', 'Bearer').send({ why: 'no token' })
      if (kind === 'limited') return reply.code(429).header('retry-after', '7').send('slow down')
      if (kind === 'moved') return reply.redirect('https://elsewhere.example/socket.io/', 307)
      if (kind === 'broken') throw new Error('the hook broke')
    })
  })
  const port = await listen(app)
  const expected = {
    unauthorized: [401, 'www-authenticate', 'Bearer', '{"why":"no token"}'],
    limited: [429, 'retry-after', '7', 'slow down'],
    moved: [307, 'location', 'https://elsewhere.example/socket.io/', ''],
    broken: [500, 'content-type', 'application/json; charset=utf-8', /the hook broke/],
  } as const
  for (const [kind, [status, header, value, body]] of Object.entries(expected)) {
    const headers = { 'x-kind': kind }
    const polled = await fetch(`http://127.0.0.1:${port}${POLLING}`, { headers, redirect: 'manual' })
    t.match([polled.status, polled.headers.get(header), await polled.text()], [status, value, body], `${kind}, polling`)
    const shaken = await shake(`ws://127.0.0.1:${port}${WEBSOCKET}`, { headers })
    t.match([shaken.statusCode, shaken.headers[header], shaken.body], [status, value, body], `${kind}, WebSocket`)
    t.equal(shaken.headers.connection, 'close')

    const socket = join(t, `http://127.0.0.1:${port}`, '/chat', { extraHeaders: headers, transports: ['polling'] })
    const [error] = await next(socket, 'connect_error')
    if (kind !== 'moved') t.match(error, { description: status }, `${kind}, socket.io-client`)
  }
})

t.test('the Set-Cookie headers of a hook are on the 200 of polling and on the 101', async (t) => {
  const app = await build(t, undefined, (app) => {
    app.addHook('onSend', async (_request, reply) => {
      reply.header('set-cookie', 'a=1; Path=/')
      reply.header('set-cookie', 'b=2; Path=/')
    })
  })
  const port = await listen(app)
  const polled = await fetch(`http://127.0.0.1:${port}${POLLING}`)
  t.strictSame(polled.headers.getSetCookie(), ['a=1; Path=/', 'b=2; Path=/'])
  const shaken = await shake(`ws://127.0.0.1:${port}${WEBSOCKET}`)
  t.equal(shaken.statusCode, 101)
  t.strictSame(shaken.headers['set-cookie'], ['a=1; Path=/', 'b=2; Path=/'])
})

t.test(
  'an HTTP session that a hook changes is saved, its cookie reaches the client, and the connect has it',
  async (t) => {
    const seen: unknown[] = []
    const app = await build(
      t,
      {
        namespaces: {
          '/chat': {
            onConnect: ({ request }) => void seen.push((request as FastifyRequest).session.get('user' as never)),
          },
        },
      },
      async (app) => {
        await app.register(cookie)
        await app.register(session, {
          secret: 'a secret with minimum length of 32 characters',
          cookie: { secure: false },
        })
        app.addHook('preHandler', async (request) => request.session.set('user' as never, 'ada' as never))
      },
    )
    const port = await listen(app)
    for (const transports of TRANSPORTS) {
      const socket = join(t, `http://127.0.0.1:${port}`, '/chat', { transports: [...transports] })
      await next(socket, 'connect')
    }
    t.strictSame(seen, ['ada', 'ada', 'ada'])
    t.match((await fetch(`http://127.0.0.1:${port}${POLLING}`)).headers.getSetCookie(), [/^sessionId=/])
    t.match((await shake(`ws://127.0.0.1:${port}${WEBSOCKET}`)).headers['set-cookie'], [/^sessionId=/])
  },
)

t.test('inject() gets the response to a handshake, and the refusal of the engine for a malformed one', async (t) => {
  const app = await build(t)
  const opened = await app.inject(POLLING)
  t.equal(opened.statusCode, 200)
  t.match(JSON.parse(opened.payload.slice(1)), { sid: /.+/, upgrades: ['websocket'] })
  t.equal((await app.inject('/socket.io?EIO=4&transport=polling')).statusCode, 200, 'without the trailing slash')
  const refusals = {
    '/socket.io/?EIO=3&transport=polling': { code: 5 },
    '/socket.io/?EIO=4&transport=pigeon': { code: 0 },
    '/socket.io/?EIO=4&transport=polling&sid=unknown': { code: 1 },
  }
  for (const [url, body] of Object.entries(refusals)) {
    const response = await app.inject(url)
    t.equal(response.statusCode, 400, url)
    t.match(response.json(), body, url)
  }
  t.match((await app.inject({ method: 'POST', url: POLLING, payload: 'x' })).json(), { code: 2 })
})

t.test('reply.statusCode in onResponse is the status that the client got', async (t) => {
  const statuses: number[] = []
  const app = await build(t, undefined, (app) => {
    app.addHook('onResponse', async (_request, reply) => void statuses.push(reply.statusCode))
  })
  const port = await listen(app)
  await fetch(`http://127.0.0.1:${port}${POLLING}`)
  await fetch(`http://127.0.0.1:${port}/socket.io/?EIO=3&transport=polling`)
  await shake(`ws://127.0.0.1:${port}${WEBSOCKET}`)
  await until(() => statuses.length === 3)
  t.strictSame(statuses, [200, 400, 101])
})

t.test('a malformed WebSocket handshake is answered by the engine before any hook runs', async (t) => {
  let runs = new Map<string, number>()
  const app = await build(t, undefined, (app) => {
    runs = countHooks(app)
  })
  const port = await listen(app)
  t.match(await shake(`ws://127.0.0.1:${port}/socket.io/?EIO=4&transport=pigeon`), { statusCode: 400 })
  t.match(await shake(`ws://127.0.0.1:${port}/socket.io/?EIO=4&transport=websocket&sid=unknown`), { statusCode: 400 })
  t.equal(runs.size, 0)
})

t.test("the application's allowRequest is called within the lifecycle, on both transports", async (t) => {
  const app = await build(t, {
    io: {
      allowRequest: (raw, answer) => {
        if (raw.headers['x-deny'] === 'by a throw') throw new Error('secret')
        if (raw.headers['x-deny'] === 'silently') answer(null, false)
        else answer(raw.headers['x-deny'] as string | undefined, raw.headers['x-deny'] === undefined)
      },
    },
    namespaces: { '/chat': {} },
  })
  const port = await listen(app)
  for (const [deny, message] of [
    ['not you', 'not you'],
    ['silently', 'Forbidden'],
    ['by a throw', 'Forbidden'],
  ] as const) {
    const headers = { 'x-deny': deny }
    const polled = await fetch(`http://127.0.0.1:${port}${POLLING}`, { headers })
    t.match([polled.status, await polled.json()], [403, { code: 4, message }])
    const shaken = await shake(`ws://127.0.0.1:${port}${WEBSOCKET}`, { headers })
    t.match([shaken.statusCode, JSON.parse(shaken.body)], [403, { code: 4, message }])
  }
  for (const transports of TRANSPORTS) {
    await next(join(t, `http://127.0.0.1:${port}`, '/chat', { transports: [...transports] }), 'connect')
  }
})

t.test(
  'requestOf() returns the request of the handshake, also after an upgrade, and throws if there is none',
  async (t) => {
    const app = await build(t, { namespaces: {} }, (app) => app.decorateRequest('visitor', 'ada'))
    const port = await listen(app)
    const connection = heard(app.io, 'connection')
    const socket = join(t, `http://127.0.0.1:${port}`, '/', { query: { from: 'here' } })
    await next(socket, 'connect')
    const [server] = (await connection) as [Parameters<typeof requestOf>[0]]
    await until(() => socket.io.engine.transport.name === 'websocket')
    t.match(requestOf(server), { visitor: 'ada', query: { from: 'here' }, ip: '127.0.0.1' })
    t.throws(() => requestOf({ request: {} as never }), { code: 'FST_NSP_REQUEST_MISSING' })
  },
)

t.test("a handshake that did not come through Fastify's route is refused", async (t) => {
  const app = await build(t)
  const port = await listen(app)
  const { sid } = JSON.parse((await (await fetch(`http://127.0.0.1:${port}${POLLING}`)).text()).slice(1))
  // The engine reads the last of several sids. With an empty one the request is a handshake, in spite of the known one.
  const response = await fetch(`http://127.0.0.1:${port}${POLLING}&sid=${sid}&sid=`)
  t.equal(response.status, 200, 'a handshake, which goes through the route')
  const raw = { _query: { transport: 'polling' }, headers: {}, method: 'GET', upgrade: false }
  const engine = app.io.engine as unknown as {
    verify(raw: object, upgrade: boolean, answer: (code: number) => void): void
  }
  const slipped = await new Promise((resolve) => engine.verify(raw, false, resolve))
  t.equal(slipped, 4)
})

t.test('a poll of an engine session does not count as a new connection, with or without inject()', async (t) => {
  const app = await build(t, { limits: { connections: 1 } })
  const origin = `http://127.0.0.1:${await listen(app)}`
  const { sid } = JSON.parse((await (await fetch(origin + POLLING)).text()).slice(1))
  t.equal((await fetch(origin + POLLING)).status, 503)
  t.equal((await fetch(`${origin}${POLLING}&sid=${sid}&sid=`)).status, 503, 'a handshake')
  const join = await app.inject({ method: 'POST', url: `${POLLING}&sid=${sid}`, body: '40/chat,' })
  t.equal(join.statusCode, 200, 'inject() does not come through server-listeners.ts')
})

t.test('a polling handshake whose client disconnects during an async hook opens no engine session', async (t) => {
  let release: () => void = () => {}
  const held = new Promise<void>((resolve) => {
    release = resolve
  })
  const answered: number[] = []
  const app = await build(t, undefined, (app) => {
    app.addHook('onRequest', () => held)
    app.addHook('onSend', async (_request, reply) => void answered.push(reply.statusCode))
  })
  const port = await listen(app)
  const request = heard(app.server, 'request')
  const tcp = connectTcp(port, '127.0.0.1')
  tcp.write(`GET ${POLLING} HTTP/1.1\r\nHost: localhost\r\n\r\n`)
  const [raw] = (await request) as [IncomingMessage]
  const gone = heard(raw.socket, 'close')
  tcp.destroy()
  await gone
  release()
  await until(() => answered.length === 1)
  t.equal(app.io.engine.clientsCount, 0)
})

t.test('a client that resets its connection during an async hook does not affect other clients', async (t) => {
  let release: () => void = () => {}
  let entered: () => void = () => {}
  const inHook = new Promise<void>((resolve) => {
    entered = resolve
  })
  const app = await build(t, undefined, (app) => {
    app.addHook('onRequest', async (request) => {
      if (request.headers['x-slow'] === undefined) return
      entered()
      await new Promise<void>((resolve) => {
        release = resolve
      })
    })
  })
  const port = await listen(app)
  const tcp = connectTcp(port, '127.0.0.1')
  tcp.write(
    `GET ${WEBSOCKET} HTTP/1.1\r\nHost: localhost\r\nX-Slow: 1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
      'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
  )
  await inHook
  const gone = heard(tcp, 'close')
  tcp.resetAndDestroy()
  await gone
  release()
  await next(join(t, `http://127.0.0.1:${port}`, '/chat'), 'connect')
  t.equal(app.io.engine.clientsCount, 1)
})

t.test('the bundle of socket.io-client is served unless serveClient is false', async (t) => {
  const app = await build(t)
  const bundle = await app.inject('/socket.io/socket.io.esm.min.js')
  t.match(bundle, { statusCode: 200, headers: { 'content-type': 'application/javascript; charset=utf-8' } })
  t.match(bundle.payload, /Socket\.IO v4/)
  const again = await app.inject({ url: '/socket.io/socket.io.js', headers: { 'if-none-match': bundle.headers.etag } })
  t.equal(again.statusCode, 304)
  t.equal((await app.inject('/socket.io/package.json')).statusCode, 404)
  const without = await build(t, { io: { serveClient: false } })
  t.equal((await without.inject('/socket.io/socket.io.esm.min.js')).statusCode, 404)
})

t.test('after an upgrade without an Authorization header a connect still has that of the handshake', async (t) => {
  const seen: unknown[] = []
  const check = async (request: FastifyRequest) => {
    if (request.headers.authorization !== 'Bearer a') throw Object.assign(new Error('No'), { statusCode: 401 })
  }
  const app = await build(
    t,
    { namespaces: { '/a': {}, '/b': { onConnect: ({ request }) => void seen.push(request.headers.authorization) } } },
    (app) => app.addHook('onRequest', check),
  )
  const url = `http://127.0.0.1:${await listen(app)}`
  const upgrade = heard(app.server, 'upgrade')
  // As in a browser, whose WebSocket can't send headers.
  const transportOptions = { polling: { extraHeaders: { authorization: 'Bearer a' } } }
  const socket = join(t, url, '/a', { transportOptions })
  await next(socket, 'connect')
  await until(() => socket.io.engine.transport.name === 'websocket')
  const [raw] = (await upgrade) as [IncomingMessage]
  t.notHas(raw.headers, { authorization: 'Bearer a' })
  await next(socket.io.socket('/b'), 'connect')
  t.strictSame(seen, ['Bearer a'])
})

t.test('no client joins before every onReady hook has ended', async (t) => {
  const gate = withResolvers()
  const order: string[] = []
  const app = await build(t, { namespaces: { '/chat': { onConnect: () => void order.push('connected') } } })
  app.addHook('onRequest', async () => void order.push('asked'))
  const waits = withResolvers()
  app.addHook('onReady', async () => {
    waits.resolve()
    await gate.promise
    order.push('ready')
  })
  const listening = app.listen({ port: 0, host: '127.0.0.1' })
  const joining = app.injectSocket('/chat')
  const polled = app.inject(POLLING)
  await waits.promise
  for (let round = 0; round < 10; round++) await new Promise((resolve) => setImmediate(resolve))
  t.notOk(app.server.listening)
  t.strictSame(order, [])
  gate.resolve()
  t.ok((await joining).connected)
  t.equal((await polled).statusCode, 200)
  await listening
  t.equal(order[0], 'ready')
})

t.test('an async allowRequest that rejects refuses the handshake', async (t) => {
  const app = await build(t, {
    io: { allowRequest: (async () => Promise.reject(new Error('secret'))) as never },
    namespaces: { '/chat': {} },
  })
  const port = await listen(app)
  t.equal((await fetch(`http://127.0.0.1:${port}${POLLING}`)).status, 403)
  t.equal((await shake(`ws://127.0.0.1:${port}${WEBSOCKET}`)).statusCode, 403)
})
