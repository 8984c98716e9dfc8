import cors from '@fastify/cors'
import jwt from '@fastify/jwt'
import type { FastifyInstance } from 'fastify'
import t, { type Test } from 'tap'
import type { NamespacesOptions } from '../../../plugin/index.js'
import { build, join, listen, logLines, next, POLLING, shake, TRANSPORTS, WEBSOCKET } from '../harness.js'

const WARN = 40

/** A server with a log; `hints` returns the lines about refused handshakes. */
async function serve(t: Test, prepare: (app: FastifyInstance) => unknown, options?: NamespacesOptions) {
  const { lines, logger } = logLines()
  const app = await build(t, options, prepare, { logger })
  const port = await listen(app)
  const hints = () =>
    lines.filter(({ level, msg }) => level === WARN && String(msg).startsWith('handshake refused')) as {
      msg: string
      statusCode?: number
      transport?: string
      origin?: string
      host?: string
      reqId: string
    }[]
  return { app, port, lines, hints }
}

const verify = (app: FastifyInstance) => {
  app.register(jwt, { secret: 'a secret of this test' })
  app.addHook('onRequest', async (request) => void (await request.jwtVerify()))
}

t.test(
  'if a root hook verifies tokens, the first refused handshake is logged with a hint, without the token',
  async (t) => {
    for (const transports of TRANSPORTS) {
      const { port, lines, hints } = await serve(t, verify)
      const socket = () =>
        join(t, `http://127.0.0.1:${port}/`, '/chat', {
          transports: [...transports],
          auth: { token: 'T0P-SECRET' },
          query: { token: 'T0P-SECRET' },
        })
      for (let round = 0; round < 3; round++) {
        const [error] = (await next(socket(), 'connect_error')) as [Error]
        t.match(error.message, /^(websocket|xhr poll) error$/, 'the client sees no reason')
      }
      const [line, ...more] = hints()
      t.strictSame(more, [], 'once')
      t.match(line, { statusCode: 401, transport: transports[0], reqId: String })
      t.match(
        line?.msg,
        /not the connect to a namespace.*belongs in the definition.*onRequest.*docs\/troubleshooting\.md/,
      )
      t.notMatch(JSON.stringify(lines), 'T0P-SECRET')
    }
  },
)

t.test('a handshake refused by any kind of hook is logged: a redirect, a reply, a preHandler, an error', async (t) => {
  const kinds: Record<number, (app: FastifyInstance) => unknown> = {
    302: (app) => app.addHook('onRequest', async (_request, reply) => reply.redirect('/login')),
    403: (app) => app.addHook('preHandler', async (_request, reply) => reply.code(403).send({})),
    404: (app) => app.addHook('onRequest', (_request, reply) => void reply.callNotFound()),
    500: (app) => app.addHook('preValidation', async () => Promise.reject(new Error('no user'))),
  }
  for (const [statusCode, prepare] of Object.entries(kinds)) {
    const { port, hints } = await serve(t, prepare)
    t.equal((await shake(`ws://127.0.0.1:${port}${WEBSOCKET}`)).statusCode, Number(statusCode))
    t.match(hints(), [{ statusCode: Number(statusCode), transport: 'websocket' }])
  }
})

t.test('rate limits, overload and requests that are not handshakes are not logged', async (t) => {
  let statusCode = 200
  const hook = (app: FastifyInstance) =>
    app.addHook('onRequest', async (_request, reply) => {
      if (statusCode !== 200) return reply.code(statusCode).send({})
    })
  const { app, hints } = await serve(t, hook)
  const asked = async (url: string, method: 'GET' | 'OPTIONS' = 'GET') => (await app.inject({ url, method })).statusCode
  t.equal(await asked(POLLING), 200)
  t.equal(await asked('/socket.io/?EIO=4&transport=pigeon'), 400, "the engine's own refusal")
  for (statusCode of [429, 503]) t.equal(await asked(POLLING), statusCode)
  statusCode = 401
  t.equal(await asked('/socket.io/socket.io.js'), 401, 'the bundle')
  t.equal(await asked(`${POLLING}&sid=x`), 401, 'a poll')
  t.equal(await asked(POLLING, 'OPTIONS'), 401, 'a preflight')
  t.strictSame(hints(), [])
  t.equal(await asked(POLLING), 401)
  t.equal(hints().length, 1, 'a refused handshake is logged')
})

t.test('nothing is logged in an application without namespaces, nor for a preflight of @fastify/cors', async (t) => {
  const bare = await serve(t, verify, { namespaces: {} })
  t.equal((await bare.app.inject(POLLING)).statusCode, 401)
  t.strictSame(bare.hints(), [])
  const { app, hints } = await serve(t, (app) => app.register(cors, { origin: ['https://app.example'] }))
  const headers = { origin: 'https://app.example', 'access-control-request-method': 'GET' }
  t.equal((await app.inject({ method: 'OPTIONS', url: POLLING, headers })).statusCode, 204)
  t.strictSame(hints(), [])
})

t.test(
  'a handshake of a foreign origin is logged once for each origin, with the origin, the host and the option to set',
  async (t) => {
    const { app, port, hints } = await serve(t, () => {})
    const ask = (origin: string) => app.inject({ url: POLLING, headers: { origin } })
    for (let round = 0; round < 2; round++) {
      t.equal((await ask('http://localhost:5173')).statusCode, 403)
      const headers = { origin: 'https://public.example', host: 'internal:3000' }
      t.equal((await shake(`ws://127.0.0.1:${port}${WEBSOCKET}`, { headers })).statusCode, 403)
    }
    t.match(hints(), [
      { origin: 'http://localhost:5173', host: 'localhost:80', code: 'FST_NSP_ORIGIN_FORBIDDEN' },
      { origin: 'https://public.example', host: 'internal:3000' },
    ])
    t.match(hints()[0]?.msg, /io\.cors\.origin.*Host.*trustProxy.*docs\/troubleshooting\.md/)
    t.equal(hints().length, 2)
    for (let index = 0; index < 20; index++) await ask(`http://${index}.example/${'x'.repeat(2_000)}`)
    t.equal(hints().length, 10, 'for ten origins at most')
    t.ok(hints().every(({ origin = '' }) => origin.length <= 100))
  },
)
