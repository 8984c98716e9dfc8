import cors from '@fastify/cors'
import helmet from '@fastify/helmet'
import rateLimit from '@fastify/rate-limit'
import type { FastifyInstance } from 'fastify'
import t from 'tap'
import { defineNamespace } from '../../plugin/index.js'
import { build, join, listen, next, POLLING, shake, TRANSPORTS, until, WEBSOCKET } from './harness.js'

const echo = defineNamespace({ events: { echo: { handler: (payload) => payload } } })

async function serve(
  t: Parameters<typeof build>[0],
  prepare: (app: FastifyInstance) => unknown,
  declare: (app: FastifyInstance) => unknown = () => {},
  io: object = {},
) {
  const app = await build(t, { io, namespaces: { '/chat': echo } }, prepare)
  await declare(app)
  return { app, url: `http://127.0.0.1:${await listen(app)}` }
}

for (const transports of TRANSPORTS) {
  const over = `over ${transports.join(' -> ')}`

  t.test(`${over} @fastify/rate-limit counts a handshake and a connect once each, and no polls`, async (t) => {
    const { url } = await serve(t, (app) => app.register(rateLimit, { max: 2, timeWindow: 60_000 }))
    const socket = join(t, url, '/chat', { transports: [...transports] })
    await next(socket, 'connect')
    await until(() => socket.io.engine.transport.name === transports.at(-1))
    for (let round = 0; round < 10; round++) t.match(await socket.emitWithAck('echo', round), { ok: true })
    const refused = join(t, url, '/chat', { transports: [...transports] })
    t.match(await next(refused, 'connect_error'), [{ type: 'TransportError' }])
  })

  t.test(`${over} a connect over the rate is refused with a 429`, async (t) => {
    const { app, url } = await serve(
      t,
      () => {},
      (app) =>
        void app.register(async (scope) => {
          await scope.register(rateLimit, { max: 2, timeWindow: 60_000 })
          scope.namespace('/limited', echo)
        }),
    )
    const socket = join(t, url, '/chat', { transports: [...transports] })
    await next(socket, 'connect')
    const limited = socket.io.socket('/limited')
    await next(limited, 'connect')
    for (const event of ['connect', 'connect_error']) {
      limited.disconnect()
      await until(() => app.io.of('/limited').sockets.size === 0)
      const answer = await next(limited.connect(), event)
      if (event === 'connect') continue
      const told = { code: 'FST_NSP_REFUSED', statusCode: 429 }
      t.match(answer, [{ message: 'Rate limit exceeded, retry in 1 minute', data: told }])
    }
    t.match(await socket.emitWithAck('echo', 1), { ok: true }, 'the others go on')
  })
}

t.test('a handshake over the rate receives a 429 with its headers, on both transports', async (t) => {
  const { url } = await serve(t, (app) => app.register(rateLimit, { max: 1, timeWindow: 60_000 }))
  const first = await fetch(url + POLLING)
  t.equal(first.status, 200)
  t.equal(first.headers.get('x-ratelimit-remaining'), '0')
  const polled = await fetch(url + POLLING)
  t.equal(polled.status, 429)
  t.match(Object.fromEntries(polled.headers), { 'x-ratelimit-limit': '1', 'retry-after': /^\d+$/ })
  const shaken = await shake(url.replace('http', 'ws') + WEBSOCKET)
  t.match(shaken, { statusCode: 429, headers: { 'x-ratelimit-limit': '1', 'retry-after': /^\d+$/ } })
  const sid = JSON.parse((await first.text()).slice(1)).sid
  t.equal((await fetch(`${url}${POLLING}&sid=${sid}`, { method: 'POST', body: '40/chat,' })).status, 200)
  t.match(
    await (await fetch(`${url}${POLLING}&sid=${sid}`)).text(),
    /^44\/chat,.*429/,
    'a connected client may write and poll',
  )
})

t.test(
  "@fastify/cors and @fastify/helmet set headers of the handshake's response, and affect no connect",
  async (t) => {
    const origin = 'https://app.example'
    const plugins: Record<string, (app: FastifyInstance) => unknown> = {
      'with their defaults': async (app) => {
        await app.register(cors)
        await app.register(helmet)
      },
      'with options': async (app) => {
        await app.register(cors, { origin: [origin], credentials: true, strictPreflight: true })
        await app.register(helmet, { enableCSPNonces: true, crossOriginResourcePolicy: { policy: 'cross-origin' } })
      },
      'with a function': async (app) => {
        await app.register(cors, { delegator: (_request, done) => done(null, { origin: [origin], credentials: true }) })
        await app.register(helmet)
      },
    }
    for (const [how, prepare] of Object.entries(plugins)) {
      const { url } = await serve(t, prepare, undefined, { cors: { origin, credentials: true } })
      const polled = await fetch(url + POLLING, { headers: { origin } })
      t.equal(polled.status, 200, how)
      t.equal(polled.headers.get('access-control-allow-origin'), origin, "Socket.IO's own has the last word")
      t.equal(polled.headers.get('access-control-allow-credentials'), 'true')
      t.equal(polled.headers.get('x-content-type-options'), 'nosniff')
      t.match(polled.headers.get('content-security-policy'), /default-src 'self'/)
      const shaken = await shake(url.replace('http', 'ws') + WEBSOCKET, { headers: { origin } })
      t.match(shaken, { statusCode: 101, headers: { 'x-content-type-options': 'nosniff' } })
      const preflight = await fetch(url + POLLING, {
        method: 'OPTIONS',
        headers: { origin, 'access-control-request-method': 'POST' },
      })
      t.match(
        [preflight.status, preflight.headers.get('access-control-allow-origin')],
        [204, /^(\*|https:\/\/app.example)$/],
      )
      for (const transports of TRANSPORTS) {
        const socket = join(t, url, '/chat', { transports: [...transports], extraHeaders: { origin } })
        t.match(await socket.emitWithAck('echo', 1), { ok: true, data: 1 })
        await until(() => socket.io.engine.transport.name === transports.at(-1))
      }
      t.equal((await fetch(url + POLLING, { headers: { origin: 'https://eve.example' } })).status, 403)
    }
  },
)
