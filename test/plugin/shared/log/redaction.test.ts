import Fastify, {
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  type FastifyServerOptions,
} from 'fastify'
import t, { type Test } from 'tap'
import namespaces, { defineNamespace, type NamespacesOptions } from '../../../../plugin/index.js'
import { redactUrl } from '../../../../plugin/shared/log/redaction.js'
import { join, listen, logLines, MODE, next, POLLING, shake, TRANSPORTS, until } from '../../harness.js'

const SECRET = 'T0P-SECRET'

// A log line may have any value as `req`.
const odd = defineNamespace({ onRequest: async ({ log }) => log.info({ req: 'none' }, 'odd') })

type Lines = ReturnType<typeof logLines>['lines']

/** A server with a log of every level. `own`: further options of the log. */
async function serve(t: Test, server: FastifyServerOptions = {}, options: NamespacesOptions = {}, own: object = {}) {
  const { lines, logger } = logLines()
  const app: FastifyInstance = Fastify({ logger: { ...logger, level: 'trace', ...own }, ...server })
  t.teardown(() => app.close())
  await app.register(namespaces, { ...MODE, namespaces: { '/chat': odd, '/orgs/:orgId': {} }, ...options })
  return { app, lines, port: await listen(app) }
}

const urls = (lines: Lines) => lines.flatMap(({ req }) => (req as { url?: string } | undefined)?.url ?? [])
const whole = (lines: Lines) => JSON.stringify(lines)

const secrets = {
  query: { token: SECRET, access_token: SECRET, 'a b': SECRET },
  auth: { token: SECRET, password: SECRET },
  extraHeaders: { cookie: `session=${SECRET}`, authorization: `Bearer ${SECRET}` },
}

t.test('no log line of a handshake or a connect has a secret of its query, auth, cookies or headers', async (t) => {
  for (const transports of TRANSPORTS) {
    const { port, lines } = await serve(t)
    for (const name of ['/chat', '/orgs/42']) {
      const socket = join(t, `http://127.0.0.1:${port}`, name, { transports: [...transports], ...secrets })
      await next(socket, 'connect')
      if (transports.length > 1) await until(() => socket.io.engine.transport.name === 'websocket')
    }
    const written = urls(lines)
    t.ok(written.some((url) => url.startsWith(`/socket.io/?token=[redacted]&`) && /&EIO=4&transport=\w+/.test(url)))
    t.ok(
      written.some((url) => url.startsWith('/orgs/42?token=[redacted]&access_token=[redacted]')),
      'of a connect',
    )
    t.notMatch(whole(lines), SECRET)
  }
})

t.test(
  'no log line of a refusal, an error, an unknown engine session or an unknown namespace has a secret',
  async (t) => {
    const refusing = defineNamespace({ onRequest: async () => Promise.reject(new Error('the database is down')) })
    const { app, port, lines } = await serve(t, {}, { namespaces: { '/chat': refusing } })
    app.io.engine.on('connection_error', () => {})
    for (const name of ['/chat', '/nowhere', `/nowhere?token=${SECRET}`]) {
      await next(join(t, `http://127.0.0.1:${port}`, name, secrets), 'connect_error')
    }
    const failing = [
      `${POLLING}&sid=${SECRET}`,
      `${POLLING}&${SECRET}`,
      `/socket.io?EIO=4&transport=pigeon&token=${SECRET}`,
      `/socket.io/?EIO=4&transport=polling&%74oken=${SECRET}&&E%49O=${SECRET}`,
      `/socket.io/socket.io.js?token=${SECRET}`,
    ]
    for (const url of failing) await app.inject({ url, headers: { cookie: SECRET, authorization: SECRET } })
    await app.inject({ url: `${POLLING}&token=${SECRET}`, headers: { origin: 'http://evil.example' } })
    await shake(`ws://127.0.0.1:${port}/socket.io/?EIO=4&transport=websocket&token=${SECRET}`, {
      origin: 'http://e.example',
    })
    // The stock client never writes such a packet: the namespace has a query.
    const { body } = await app.inject(POLLING)
    const { sid } = JSON.parse(body.slice(1))
    const posted = await fetch(`http://127.0.0.1:${port}${POLLING}&sid=${sid}`, {
      method: 'POST',
      body: `40/no?token=${SECRET},`,
    })
    t.equal(await posted.text(), 'ok')
    await until(() => lines.some(({ namespace }) => namespace === '/no?token=[redacted]'))
    t.notMatch(whole(lines), SECRET)
    t.match(whole(lines), 'the database is down', 'other texts are logged')
  },
)

t.test('a `req` serializer of the application receives the redacted request', async (t) => {
  const seen: string[] = []
  const req = (request: FastifyRequest) => {
    const { url, originalUrl, query, headers, method, raw, body } = request
    const { cookies, missing } = request as unknown as Record<string, unknown>
    const { url: rawUrl, rawHeaders } = raw
    return { url, originalUrl, query, headers, method, cookies, body, rawUrl, rawHeaders, missing }
  }
  const logging = defineNamespace({ onRequest: async (request) => request.log.info({ req: request }, 'joining') })
  const context = (request: { url: string }) => ({ url: request.url, of: 'the context' })
  const { lines, logger } = logLines()
  const app: FastifyInstance = Fastify({
    logger: { ...logger, serializers: { req: req as never } },
    childLoggerFactory(log, bindings, options) {
      seen.push(Object.keys(bindings).join())
      return log.child({ ...bindings, of: 'the application' }, options)
    },
  })
  t.teardown(() => app.close())
  app.decorateRequest('cookies', null as never)
  app.addHook('onRequest', async (request) => void Object.assign(request, { cookies: { session: SECRET } }))
  await app.register(namespaces, { ...MODE, namespaces: { '/chat': logging } })
  await app.register(async (scope) => void scope.namespace('/scoped', {}), {
    logSerializers: { req: context },
  } as object)
  const port = await listen(app)
  for (const name of ['/chat', '/scoped']) {
    await next(join(t, `http://127.0.0.1:${port}`, name, { ...secrets, transports: ['websocket'] }), 'connect')
  }
  t.ok(seen.length >= 4, "the application's own factory makes the children")
  t.match(
    lines.find(({ msg }) => msg === 'joining'),
    {
      of: 'the application',
      req: {
        method: 'CONNECT',
        query: { token: '[redacted]' },
        headers: { host: String, cookie: '[redacted]', authorization: '[redacted]' },
        body: '[redacted]',
      },
    },
  )
  t.match(
    lines.find(({ req }) => (req as { of?: string })?.of),
    { req: { url: /^\/scoped\?token=\[redacted\]/ } },
  )
  t.notMatch(whole(lines), SECRET)

  await app.inject({ url: '/elsewhere?token=shown', headers: {} })
  t.match(whole(lines), 'token=shown', 'requests of other routes are not redacted')
})

t.test('redaction changes nothing without request logging, without a log, or without serializers', async (t) => {
  const { app, port, lines } = await serve(t, { disableRequestLogging: true } as FastifyServerOptions)
  await next(join(t, `http://127.0.0.1:${port}`, '/chat', secrets), 'connect')
  t.strictSame(urls(lines), [])
  t.notMatch(whole(lines), SECRET)
  await app.close()

  const messages: unknown[] = []
  const write = (_fields: unknown, message: unknown) => void messages.push(message)
  const own = {
    info: write,
    error: write,
    debug: write,
    fatal: write,
    warn: write,
    trace: write,
    level: 'info',
    silent: write,
  }
  const log = { ...own, child: () => ({ ...log }) }
  const plain = Fastify({ loggerInstance: log as never })
  t.teardown(() => plain.close())
  await plain.register(namespaces as never, { ...MODE, namespaces: { '/chat': {} } })
  t.equal((await plain.inject(POLLING)).statusCode, 200)
  t.ok(messages.includes('incoming request'))
})

t.test('a rewritten URL and the original URL are redacted', async (t) => {
  const { app, lines } = await serve(
    t,
    { rewriteUrl: ({ url = '' }) => url.replace(/^\/api\//, '/') },
    {},
    { serializers: { req: ({ url, originalUrl }: Record<string, string>) => ({ url, originalUrl }) } },
  )
  t.equal((await app.inject(`/api${POLLING}&token=${SECRET}`)).statusCode, 200)
  t.match(
    lines.find(({ req }) => req),
    {
      req: {
        url: '/socket.io/?EIO=4&transport=polling&token=[redacted]',
        originalUrl: '/api/socket.io/?EIO=4&transport=polling&token=[redacted]',
      },
    },
  )
})

t.test("a redacted URL keeps its path, the names of its query, and engine.io's parameters", async (t) => {
  for (const [url, redacted] of [
    ['/socket.io/', '/socket.io/'],
    ['/socket.io/?', '/socket.io/?'],
    ['/socket.io/?EIO=4&transport=polling&t=abc&b64=1&j=0', '/socket.io/?EIO=4&transport=polling&t=abc&b64=1&j=0'],
    ['/socket.io/?sid=abc&x=1?y=2', '/socket.io/?sid=[redacted]&x=[redacted]'],
    ['/socket.io/?=a&&b', '/socket.io/?=[redacted]&&[redacted]'],
  ] as const) {
    t.equal(redactUrl(url), redacted)
  }
})

t.test('a `res` serializer receives a reply whose request is redacted', async (t) => {
  const res = (reply: FastifyReply) => ({
    statusCode: reply.statusCode,
    url: reply.request?.url,
    headers: reply.request?.headers,
    raw: reply.raw?.req?.url,
  })
  const { port, lines } = await serve(t, {}, {}, { serializers: { res } })
  await next(join(t, `http://127.0.0.1:${port}`, '/chat', { transports: ['websocket'], ...secrets }), 'connect')
  await next(join(t, `http://127.0.0.1:${port}`, '/chat', { transports: ['polling'], ...secrets }), 'connect')
  t.ok(lines.some(({ res }) => /^\/chat\?token=\[redacted\]/.test(String(Object(res).url))))
  t.notMatch(whole(lines), SECRET)
})

t.test("engine.io's parameters are shown only with values that engine.io writes", async (t) => {
  const slips = [
    `transport=polling?token=${SECRET}`,
    `t=${SECRET}-and-more`,
    `EIO=${SECRET}`,
    `b64=${SECRET}`,
    `j=${SECRET}`,
  ]
  for (const slip of slips) t.notMatch(redactUrl(`/socket.io/?${slip}`), SECRET, slip)
  const known = '/socket.io/?EIO=4&transport=websocket&t=PqXyZ12.3&b64=1&j=12'
  t.equal(redactUrl(known), known)
})

t.test('secret headers, a referer with a secret, and an odd Origin are redacted', async (t) => {
  const req = ({ headers, raw }: FastifyRequest) => ({ headers, raw: raw.rawHeaders })
  const { app, lines } = await serve(t, {}, {}, { serializers: { req } })
  const headers = {
    'cf-access-jwt-assertion': SECRET,
    'x-csrf': SECRET,
    referer: `http://localhost/page?token=${SECRET}`,
    origin: `http://user:${SECRET}@evil.example/?token=${SECRET}`,
  }
  await app.inject({ url: POLLING, headers: { ...headers, origin: 'http://localhost:80' } })
  const { body } = await app.inject({ url: POLLING, headers })
  t.match(JSON.parse(body), { code: 'FST_NSP_ORIGIN_FORBIDDEN', message: /http:\/\/evil\.example/ })
  const own = lines.map(({ req, ...line }) => [line, { ...Object(Object(req).headers), origin: '' }])
  t.notMatch(JSON.stringify(own), SECRET)
})

t.test('a level of the log that changes later holds for the routes of the plugin', async (t) => {
  const { app, lines } = await serve(t)
  const count = async () => {
    await app.inject(POLLING)
    return lines.filter(({ msg }) => msg === 'incoming request').length
  }
  t.equal(await count(), 1)
  app.log.level = 'warn'
  t.equal(await count(), 1)
  app.log.level = 'info'
  t.equal(await count(), 2)
})

t.test('a `req` that is no request reaches the serializer of the application as it is', async (t) => {
  const seen: unknown[] = []
  const { port } = await serve(t, {}, {}, { serializers: { req: (req: unknown) => seen.push(req) } })
  await next(join(t, `http://127.0.0.1:${port}`, '/chat'), 'connect')
  t.ok(seen.includes('none'))
})
