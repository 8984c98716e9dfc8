import cookie from '@fastify/cookie'
import jwt from '@fastify/jwt'
import { Authenticator, Strategy } from '@fastify/passport'
import secureSession from '@fastify/secure-session'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import t, { type Test } from 'tap'
import { defineNamespace, type NamespacesOptions } from '../../../plugin/index.js'
import { build, join, listen, next, TRANSPORTS, until } from '../harness.js'

/** Both plugins declare `request.user`, each with its own type. */
function userOf(request: object): { name?: string } | null | undefined {
  return (request as { user?: { name?: string } }).user
}

const seen: unknown[] = []
const whoami = defineNamespace({
  onConnect: ({ request }) => void seen.push(userOf(request)?.name),
  events: { whoami: { handler: (_payload, { request }) => userOf(request)?.name } },
})

async function serve(t: Test, namespaces: NamespacesOptions['namespaces'], options: object = {}) {
  const verify = async (request: FastifyRequest) => void (await request.jwtVerify())
  const definitions = Object.entries({ ...namespaces }).map(([name, definition]) => [
    name,
    { ...definition, onRequest: verify },
  ])
  const app = await build(t, { namespaces: Object.fromEntries(definitions) }, async (app: FastifyInstance) => {
    await app.register(cookie)
    await app.register(jwt, { secret: 'a secret', cookie: { cookieName: 'token', signed: false }, ...options })
  })
  return { app, url: `http://127.0.0.1:${await listen(app)}`, token: app.jwt.sign({ name: 'ada' }) }
}

for (const transports of TRANSPORTS) {
  const over = `over ${transports.join(' -> ')}`

  t.test(`${over} a JWT is read from a header, from a cookie, or from auth.token`, async (t) => {
    const { url, token } = await serve(t, { '/chat': whoami })
    const ways: Record<string, object> = {
      header: { extraHeaders: { authorization: `Bearer ${token}` } },
      cookie: { extraHeaders: { cookie: `token=${token}` } },
      auth: { auth: { token } },
      'auth before a header': { auth: { token }, extraHeaders: { authorization: 'Bearer old' } },
    }
    for (const [way, options] of Object.entries(ways)) {
      seen.length = 0
      const socket = join(t, url, '/chat', { transports: [...transports], ...options })
      await next(socket, 'connect')
      await until(() => socket.io.engine.transport.name === transports.at(-1))
      t.strictSame(await socket.emitWithAck('whoami'), { ok: true, data: 'ada' }, way)
      t.strictSame(seen, ['ada'], way)
    }
  })

  t.test(`${over} an invalid JWT is refused with the code of @fastify/jwt`, async (t) => {
    const { app, url } = await serve(t, { '/chat': whoami })
    const expired = app.jwt.sign({ name: 'ada', iat: 1 }, { expiresIn: 1000 })
    const foreign = `${app.jwt.sign({ name: 'eve' }).slice(0, -3)}abc`
    const refusals: [auth: object, code: string][] = [
      [{}, 'FST_JWT_NO_AUTHORIZATION_IN_COOKIE'],
      [{ token: expired }, 'FST_JWT_AUTHORIZATION_TOKEN_EXPIRED'],
      [{ token: foreign }, 'FST_JWT_AUTHORIZATION_TOKEN_INVALID'],
      [{ token: 'nonsense' }, 'FST_JWT_AUTHORIZATION_TOKEN_INVALID'],
      [{ token: 7 }, 'FST_JWT_NO_AUTHORIZATION_IN_COOKIE'],
      [{ token: 'two words' }, 'FST_JWT_BAD_REQUEST'],
    ]
    for (const [auth, code] of refusals) {
      const socket = join(t, url, '/chat', { transports: [...transports], auth })
      const [error] = await next(socket, 'connect_error')
      t.match(error, { message: String, data: { code, statusCode: code === 'FST_JWT_BAD_REQUEST' ? 400 : 401 } })
      t.strictSame(Object.keys((error as { data: object }).data), ['code', 'statusCode'])
    }
    t.equal(app.io.of('/chat').sockets.size, 0)
  })
}

t.test('a token applies to its namespace only', async (t) => {
  const { app, url } = await serve(t, { '/a': whoami, '/b': whoami, '/c': whoami })
  const [ada, eve] = ['ada', 'eve'].map((name) => app.jwt.sign({ name }))
  const a = join(t, url, '/a', { auth: { token: ada } })
  await next(a, 'connect')
  const b = a.io.socket('/b', { auth: { token: eve } })
  t.strictSame(await b.emitWithAck('whoami'), { ok: true, data: 'eve' })
  t.strictSame(await a.emitWithAck('whoami'), { ok: true, data: 'ada' })
  t.match(await next(a.io.socket('/c'), 'connect_error'), [{ data: { statusCode: 401 } }])
})

t.test('a hook of all requests that verifies a token also runs for the handshake', async (t) => {
  let runs = 0
  const app = await build(t, { namespaces: { '/chat': whoami } }, async (app) => {
    await app.register(jwt, { secret: 'a secret' })
    app.addHook('onRequest', async (request) => {
      runs++
      await request.jwtVerify()
    })
  })
  const url = `http://127.0.0.1:${await listen(app)}`
  const authorization = `Bearer ${app.jwt.sign({ name: 'ada' })}`
  for (const transports of TRANSPORTS) {
    const refused = join(t, url, '/chat', { transports: [...transports], auth: { token: authorization.slice(7) } })
    t.match(await next(refused, 'connect_error'), [{ type: 'TransportError' }], 'auth comes after the handshake')
    runs = 0
    const socket = join(t, url, '/chat', { transports: [...transports], extraHeaders: { authorization } })
    await next(socket, 'connect')
    await until(() => socket.io.engine.transport.name === transports.at(-1))
    for (let round = 0; round < 3; round++) await socket.emitWithAck('whoami')
    t.equal(runs, 2, 'once for the handshake, once for the connect')
  }
})

class TokenStrategy extends Strategy {
  constructor() {
    super('token')
  }

  override authenticate(request: FastifyRequest): void {
    const { authorization } = request.headers
    if (authorization === 'Bearer ada') this.success({ name: 'ada' })
    else if (authorization === 'Bearer broken') this.error(new Error('secret'))
    else this.fail('Bearer realm="chat"', 401)
  }
}

for (const transports of TRANSPORTS) {
  t.test(`over ${transports.join(' -> ')} @fastify/passport authenticates by token and by HTTP session`, async (t) => {
    const passport = new Authenticator()
    passport.use(new TokenStrategy())
    passport.registerUserSerializer(async (user: { name: string }) => user.name)
    passport.registerUserDeserializer(async (name: string) => ({ name }))
    const authenticate = (options: object) => passport.authenticate('token', { session: false, ...options }) as never
    const app = await build(
      t,
      {
        namespaces: {
          '/token': { ...whoami, preValidation: authenticate({}) },
          '/strict': { ...whoami, preValidation: authenticate({ failWithError: true }) },
          '/elsewhere': { ...whoami, preValidation: authenticate({ failureRedirect: '/login' }) },
          '/session': {
            ...whoami,
            preHandler: async (request, reply) =>
              request.isAuthenticated() ? undefined : reply.code(401).send({ code: 'LOGIN', message: 'Log in' }),
          },
        },
      },
      async (app) => {
        await app.register(secureSession, { key: Buffer.alloc(32, 'k'), cookie: { path: '/' } })
        await app.register(passport.initialize())
        await app.register(passport.secureSession())
        app.post('/login', async (request) => request.logIn({ name: 'ada' } as never))
      },
    )
    const url = `http://127.0.0.1:${await listen(app)}`
    const enter = (name: string, options: object = {}) =>
      join(t, url, name, { transports: [...transports], ...options })
    const refusal = async (name: string, options: object = {}) => {
      const [error] = await next(enter(name, options), 'connect_error')
      const { message, data } = error as { message: string; data: object }
      return { message, data }
    }
    const whoIs = async (name: string, options: object) => (await enter(name, options).emitWithAck('whoami')).data

    t.equal(await whoIs('/token', { auth: { token: 'ada' } }), 'ada')
    t.equal(await whoIs('/token', { extraHeaders: { authorization: 'Bearer ada' } }), 'ada')
    const unauthorized = { message: 'Unauthorized', data: { code: 'FST_NSP_REFUSED', statusCode: 401 } }
    t.strictSame(await refusal('/token'), unauthorized)
    t.strictSame(await refusal('/strict'), unauthorized)
    t.match(await refusal('/elsewhere'), { message: 'Refused', data: { code: 'FST_NSP_REFUSED', statusCode: 403 } })
    t.match(await refusal('/token', { auth: { token: 'broken' } }), { data: { code: 'FST_NSP_INTERNAL' } })

    t.strictSame(await refusal('/session'), { message: 'Log in', data: { code: 'LOGIN', statusCode: 401 } })
    const login = await fetch(`${url}/login`, { method: 'POST' })
    const cookie = login.headers.getSetCookie()[0]?.split(';')[0]
    t.equal(await whoIs('/session', { extraHeaders: { cookie } }), 'ada')
  })
}
