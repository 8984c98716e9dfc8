import cookie from '@fastify/cookie'
import secureSession from '@fastify/secure-session'
import session from '@fastify/session'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import t, { type Test } from 'tap'
import { defineNamespace, type NamespacesOptions, requestOf } from '../../../plugin/index.js'
import { build, join, listen, next, POLLING, shake, TRANSPORTS, until, WEBSOCKET } from '../harness.js'

/** The common part of both plugins; each declares `request.session` with its own type. */
interface Session {
  readonly sessionId: string
  user?: string
  visits?: number
  save(): Promise<void>
  delete(): void
  destroy(): Promise<void>
}

function sessionOf(request: object): Session {
  return (request as { session: Session }).session
}

/** A store that keeps text, as a database does. */
class Store {
  readonly entries = new Map<string, string>()
  readonly calls: string[] = []
  isDown = false

  get(id: string, done: (error: unknown, session?: unknown) => void): void {
    this.calls.push('get')
    const text = this.entries.get(id)
    setImmediate(() => done(null, text === undefined ? undefined : JSON.parse(text)))
  }

  set(id: string, value: object, done: (error?: unknown) => void): void {
    this.calls.push('set')
    if (!this.isDown) this.entries.set(id, JSON.stringify(value))
    setImmediate(() => done(this.isDown ? new Error('secret: the store is down') : undefined))
  }

  destroy(id: string, done: () => void): void {
    this.calls.push('destroy')
    this.entries.delete(id)
    setImmediate(done)
  }

  /** The stored HTTP sessions. */
  get all(): Record<string, unknown>[] {
    return [...this.entries.values()].map((text) => JSON.parse(text))
  }
}

/** An app with HTTP sessions, a route to log in, and one to log out. */
async function serve(t: Test, namespaces: NamespacesOptions['namespaces'], options: object = {}) {
  const store = new Store()
  const app = await build(t, { namespaces: { ...namespaces } }, async (app: FastifyInstance) => {
    await app.register(cookie)
    await app.register(session, {
      secret: 'a secret with minimum length of 32 characters',
      cookie: { secure: false },
      store: store as never,
      ...options,
    })
    app.post('/login', async (request) => {
      sessionOf(request).user = 'ada'
    })
    app.post('/logout', async (request) => sessionOf(request).destroy())
    app.get('/me', async (request) => ({ ...sessionOf(request) }))
  })
  const url = `http://127.0.0.1:${await listen(app)}`
  const ask = async (method: string, path: string, headers: Record<string, string> = {}) => {
    const response = await fetch(url + path, { method, headers })
    return { cookie: response.headers.getSetCookie()[0]?.split(';')[0] ?? '', text: await response.text() }
  }
  return { app, url, store, ask }
}

const whoami = defineNamespace({
  events: {
    whoami: { handler: (_payload, { request }) => sessionOf(request).user },
    visit: {
      handler: async (_payload, { request }) => {
        const session = sessionOf(request)
        session.visits = (session.visits ?? 0) + 1
        await session.save()
        return session.visits
      },
    },
  },
})

for (const transports of TRANSPORTS) {
  const over = `over ${transports.join(' -> ')}`

  t.test(`${over} the HTTP session of a login is available when joining and in every handler`, async (t) => {
    const seen: unknown[] = []
    const { url, store, ask } = await serve(t, {
      '/': { ...whoami, onConnect: ({ request }) => void seen.push(sessionOf(request).user) },
      '/members': {
        ...whoami,
        preHandler: async (request, reply) => (sessionOf(request).user ? undefined : reply.code(401).send('Log in')),
      },
    })
    const { cookie } = await ask('POST', '/login')
    const socket = join(t, url, '/', { transports: [...transports], extraHeaders: { cookie } })
    await next(socket, 'connect')
    await until(() => socket.io.engine.transport.name === transports.at(-1))
    const members = socket.io.socket('/members')
    t.strictSame(await members.emitWithAck('whoami'), { ok: true, data: 'ada' })
    t.strictSame(await socket.emitWithAck('whoami'), { ok: true, data: 'ada' })
    t.strictSame(seen, ['ada'])
    t.equal(store.entries.size, 1, 'no orphans')
    t.match(store.all, [{ user: 'ada' }])

    const calls = store.calls.length
    for (let round = 0; round < 5; round++) await socket.emitWithAck('whoami')
    t.equal(store.calls.length, calls, 'events and polls leave the store alone')

    await ask('POST', '/logout', { cookie })
    members.disconnect()
    const [error] = await next(members.connect(), 'connect_error')
    t.match(error, { message: 'Log in', data: { statusCode: 401 } }, 'joining asks the store again')
    t.strictSame(
      await socket.emitWithAck('whoami'),
      { ok: true, data: 'ada' },
      'a joined socket keeps the session that it joined with',
    )
  })

  t.test(`${over} an HTTP session that the handshake starts is that of every later connect`, async (t) => {
    const ids: string[] = []
    const keep = { onConnect: ({ request }: { request: object }) => void ids.push(sessionOf(request).sessionId) }
    const { app, url, store } = await serve(t, { '/a': keep, '/b': keep })
    app.io.engine.once('connection', ({ request }: { request: never }) => {
      ids.push(sessionOf(requestOf({ request })).sessionId)
    })
    const socket = join(t, url, '/a', { transports: [...transports] })
    await next(socket, 'connect')
    await next(socket.io.socket('/b'), 'connect')
    t.equal(ids.length, 3)
    t.equal(new Set(ids).size, 1)
    t.strictSame([...store.entries.keys()], [ids[0]], 'and the only one in the store')
  })

  t.test(`${over} a stale cookie is replaced by the one that the handshake has set`, async (t) => {
    const { url, store } = await serve(t, { '/a': whoami, '/b': whoami })
    const stale = 'sessionId=abc.def; other=1'
    const socket = join(t, url, '/a', { transports: [...transports], extraHeaders: { cookie: stale } })
    t.strictSame(await socket.emitWithAck('visit'), { ok: true, data: 1 })
    t.strictSame(await socket.io.socket('/b').emitWithAck('visit'), { ok: true, data: 2 })
    t.equal(store.entries.size, 1)
  })

  t.test(`${over} changes of an HTTP session in hooks and handlers are saved`, async (t) => {
    const { url, store, ask } = await serve(t, {
      '/chat': {
        ...whoami,
        preHandler: async (request) => {
          sessionOf(request).visits = 41
        },
      },
    })
    const { cookie } = await ask('POST', '/login')
    const socket = join(t, url, '/chat', { transports: [...transports], extraHeaders: { cookie } })
    await next(socket, 'connect')
    t.match(store.all, [{ user: 'ada', visits: 41 }], 'before the client receives the ack')
    t.strictSame(await socket.emitWithAck('visit'), { ok: true, data: 42 })
    t.match(JSON.parse((await ask('GET', '/me', { cookie })).text), { user: 'ada', visits: 42 })
  })

  t.test(`${over} an unmodified HTTP session is not saved if saveUninitialized is false`, async (t) => {
    const { url, store } = await serve(t, { '/chat': whoami }, { saveUninitialized: false })
    const socket = join(t, url, '/chat', { transports: [...transports] })
    t.match(await socket.emitWithAck('whoami'), { ok: true })
    t.equal(store.entries.size, 0)
  })

  t.test(`${over} an error of the store refuses, and is not sent`, async (t) => {
    const { url, store, ask } = await serve(t, { '/a': whoami, '/b': whoami })
    const { cookie } = await ask('POST', '/login')
    const socket = join(t, url, '/a', { transports: [...transports], extraHeaders: { cookie } })
    await next(socket, 'connect')
    store.isDown = true
    const [error] = await next(socket.io.socket('/b'), 'connect_error')
    t.match(error, { message: 'Internal error', data: { code: 'FST_NSP_INTERNAL', statusCode: 500 } })
    t.notMatch(JSON.stringify(error), 'secret')
  })

  t.test(`${over} @fastify/secure-session keeps an HTTP session in its cookie`, async (t) => {
    const seen: unknown[] = []
    const app = await build(
      t,
      {
        namespaces: {
          '/chat': { ...whoami, onConnect: ({ request }) => void seen.push(sessionOf(request).visits) },
        },
      },
      async (app) => {
        await app.register(secureSession, { key: Buffer.alloc(32, 'k'), cookie: { path: '/' } })
        app.addHook('onRequest', async (request: FastifyRequest) => {
          const session = sessionOf(request)
          if (request.headers['x-kind'] === 'leaving') session.delete()
          else if (request.method === 'GET') session.visits = (session.visits ?? 0) + 1
        })
        app.post('/login', async (request) => {
          sessionOf(request).user = 'ada'
        })
      },
    )
    const url = `http://127.0.0.1:${await listen(app)}`
    const visit = async (headers: Record<string, string>) => {
      const socket = join(t, url, '/chat', { transports: [...transports], extraHeaders: headers })
      return { socket, who: (await socket.emitWithAck('whoami')).data }
    }
    const login = await fetch(`${url}/login`, { method: 'POST' })
    const cookie = login.headers.getSetCookie()[0]?.split(';')[0] as string
    t.equal((await visit({ cookie })).who, 'ada')
    t.equal((await visit({})).who, undefined)
    t.strictSame(seen, [1, 1], 'what the handshake has written is there')
    t.equal((await visit({ cookie, 'x-kind': 'leaving' })).who, undefined, 'a cookie that it has taken away is not')
  })
}

t.test('the cookie of an HTTP session that a handshake starts is sent with the 200 and with the 101', async (t) => {
  const { url } = await serve(t, { '/chat': whoami })
  t.match((await fetch(url + POLLING)).headers.getSetCookie(), [/^sessionId=/])
  t.match((await shake(url.replace('http', 'ws') + WEBSOCKET)).headers['set-cookie'], [/^sessionId=/])
})
