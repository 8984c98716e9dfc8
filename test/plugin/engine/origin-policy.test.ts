import t from 'tap'
import type { NamespacesOptions } from '../../../plugin/index.js'
import { build, join, listen, next, POLLING, shake, WEBSOCKET } from '../harness.js'

/** The statuses of a handshake from a page of that origin: over polling and over WebSocket. */
async function statuses(port: number, origin: string | undefined): Promise<(number | undefined)[]> {
  const headers = origin === undefined ? {} : { origin }
  const polled = await fetch(`http://127.0.0.1:${port}${POLLING}`, { headers })
  const shaken = await shake(`ws://127.0.0.1:${port}${WEBSOCKET}`, { headers })
  return [polled.status, shaken.statusCode]
}

type Cors = NonNullable<NonNullable<NamespacesOptions['io']>['cors']>

async function serverWith(t: Parameters<typeof build>[0], cors?: Cors): Promise<number> {
  return listen(await build(t, { ...(cors && { io: { cors } }), namespaces: { '/chat': {} } }))
}

const ALLOWED = [200, 101]
const REFUSED = [403, 403]

t.test('without io.cors only the same origin may connect', async (t) => {
  const port = await serverWith(t)
  t.strictSame(await statuses(port, `http://127.0.0.1:${port}`), ALLOWED, 'same origin')
  t.strictSame(await statuses(port, `https://127.0.0.1:${port}`), ALLOWED, 'behind a proxy that terminates TLS')
  t.strictSame(await statuses(port, undefined), ALLOWED, 'not a browser')
  for (const origin of [
    'http://evil.example',
    'null',
    '',
    'http://127.0.0.1',
    `http://127.0.0.1:${port + 1}`,
    `http://127.0.0.1:${port}.evil.example`,
    `http://evil.example/127.0.0.1:${port}`,
    `http://127.0.0.1:${port}@evil.example`,
    `ftp://127.0.0.1:${port}`,
    'file://',
    'not a url',
  ]) {
    t.strictSame(await statuses(port, origin), REFUSED, JSON.stringify(origin))
  }
})

t.test('a refusal has a code, shortens a long origin, and has no CORS header', async (t) => {
  const port = await serverWith(t)
  const origin = `http://${'x'.repeat(300)}.example`
  const response = await fetch(`http://127.0.0.1:${port}${POLLING}`, { headers: { origin } })
  const body = (await response.json()) as { message: string }
  t.match(body, { statusCode: 403, code: 'FST_NSP_ORIGIN_FORBIDDEN' })
  t.ok(body.message.length < 150)
  t.equal(response.headers.get('access-control-allow-origin'), null)
})

t.test('a Host header with the default port is the same origin', async (t) => {
  const app = await build(t)
  for (const [origin, host, status] of [
    ['http://app.example', 'app.example:80', 200],
    ['https://app.example', 'app.example:443', 200],
    ['https://app.example', 'app.example:80', 403],
    ['http://APP.example', 'app.EXAMPLE', 200],
    ['http://app.example', '', 403],
    ['http://app.example', 'a b', 403],
  ] as const) {
    const response = await app.inject({ url: POLLING, headers: { origin, host } })
    t.equal(response.statusCode, status, `${origin} at ${host}`)
  }
})

t.test('the origins of io.cors may connect, in every form of the option', async (t) => {
  const listed = 'https://app.example'
  const forms: Record<string, Cors> = {
    string: { origin: listed },
    list: { origin: ['https://other.example', listed] },
    'regular expression': { origin: /^https:\/\/app\.example$/ },
    'sticky regular expression': { origin: [/^https:\/\/app\.example$/g] },
    function: { origin: (origin, answer) => answer(null, origin === listed) },
    'function with a list': { origin: (_origin, answer) => answer(null, [listed]) },
    delegate: (_request, answer) => answer(null, { origin: listed }),
  }
  for (const [form, cors] of Object.entries(forms)) {
    const port = await serverWith(t, cors)
    t.strictSame(await statuses(port, listed), ALLOWED, form)
    t.strictSame(await statuses(port, listed), ALLOWED, `${form}, again`)
    t.strictSame(await statuses(port, 'https://app.example.evil'), REFUSED, `${form}, a look-alike`)
    t.strictSame(await statuses(port, 'null'), REFUSED, `${form}, null`)
  }
  t.strictSame(await statuses(await serverWith(t, { origin: '*' }), 'http://any.example'), ALLOWED, 'the star')
  t.strictSame(await statuses(await serverWith(t, { origin: false }), 'http://any.example'), REFUSED, 'false')
  t.strictSame(await statuses(await serverWith(t, (_request, answer) => answer(null)), 'http://any.example'), REFUSED)
})

t.test('an origin function that fails refuses that client only', async (t) => {
  const bad = 'http://bad.example'
  const failing: Cors[] = [
    { origin: (origin, answer) => answer(origin === bad ? new Error('no database') : null, true) },
    (request, answer) => answer(request.headers.origin === bad ? new Error('no database') : null, {}),
  ]
  for (const cors of failing) {
    const port = await serverWith(t, cors)
    t.strictSame(await statuses(port, bad), [500, 400], 'the responses of Fastify and of the engine')
    await next(join(t, `http://127.0.0.1:${port}`, '/chat'), 'connect')
  }
})

t.test(
  'CORS headers are sent to a listed origin, also for a preflight, and the Vary header of the application is kept',
  async (t) => {
    const app = await build(
      t,
      { io: { cors: { origin: ['https://app.example'], credentials: true } }, namespaces: {} },
      (app) => app.addHook('onRequest', async (_request, reply) => void reply.header('vary', 'Accept-Language')),
    )
    const origin = 'https://app.example'
    const polled = await app.inject({ url: POLLING, headers: { origin } })
    t.match(polled.headers, { 'access-control-allow-origin': origin, vary: 'Accept-Language, Origin' })
    const preflight = await app.inject({ method: 'OPTIONS', url: POLLING, headers: { origin } })
    t.match(preflight, { statusCode: 204, headers: { 'access-control-allow-credentials': 'true' } })
  },
)
