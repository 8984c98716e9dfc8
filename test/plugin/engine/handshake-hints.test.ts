import cors from '@fastify/cors'
import jwt from '@fastify/jwt'
import type { FastifyInstance } from 'fastify'
import t, { type Test } from 'tap'
import type { NamespacesOptions } from '../../../plugin/index.js'
import { build, join, listen, logLines, next, POLLING, shake, TRANSPORTS, WEBSOCKET } from '../harness.js'

const WARN = 40

/** A server with a log; `advice` are the lines that say where a refused handshake comes from. */
async function serve(t: Test, prepare: (app: FastifyInstance) => unknown, options?: NamespacesOptions) {
  const { lines, logger } = logLines()
  const app = await build(t, options, prepare, { logger })
  const port = await listen(app)
  const advice = () =>
    lines.filter(({ level, msg }) => level === WARN && String(msg).startsWith('handshake refused')) as {
      msg: string
      statusCode?: number
      transport?: string
      origin?: string
      host?: string
      reqId: string
    }[]
  return { app, port, lines, advice }
}

const verify = (app: FastifyInstance) => {
  app.register(jwt, { secret: 'a secret of this test' })
  app.addHook('onRequest', async (request) => void (await request.jwtVerify()))
}

t.test(
  'a root hook that verifies tokens: the first refused handshake says in the log that it was the handshake',
  async (t) => {
    for (const transports of TRANSPORTS) {
      const { port, lines, advice } = await serve(t, verify)
      const socket = () =>
        join(t, `http://127.0.0.1:${port}/`, '/chat', {
          transports: [...transports],
          auth: { token: 'T0P-SECRET' },
          query: { token: 'T0P-SECRET' },
        })
      for (let round = 0; round < 3; round++) {
        const [error] = (await next(socket(), 'connect_error')) as [Error]
        t.match(error.message, /^(websocket|xhr poll) error$/, 'a client reads no more')
      }
      const [line, ...more] = advice()
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

t.test(
  'a hook of any kind that refuses the handshake is told of: a redirect, a reply, a preHandler, an error',
  async (t) => {
    const kinds: Record<number, (app: FastifyInstance) => unknown> = {
      302: (app) => app.addHook('onRequest', async (_request, reply) => reply.redirect('/login')),
      403: (app) => app.addHook('preHandler', async (_request, reply) => reply.code(403).send({})),
      404: (app) => app.addHook('onRequest', (_request, reply) => void reply.callNotFound()),
      500: (app) => app.addHook('preValidation', async () => Promise.reject(new Error('no user'))),
    }
    for (const [statusCode, prepare] of Object.entries(kinds)) {
      const { port, advice } = await serve(t, prepare)
      t.equal((await shake(`ws://127.0.0.1:${port}${WEBSOCKET}`)).statusCode, Number(statusCode))
      t.match(advice(), [{ statusCode: Number(statusCode), transport: 'websocket' }])
    }
  },
)

t.test('what is no mistake, or no handshake, is not told of', async (t) => {
  let statusCode = 200
  const hook = (app: FastifyInstance) =>
    app.addHook('onRequest', async (_request, reply) => {
      if (statusCode !== 200) return reply.code(statusCode).send({})
    })
  const { app, advice } = await serve(t, hook)
  const asked = async (url: string, method: 'GET' | 'OPTIONS' = 'GET') => (await app.inject({ url, method })).statusCode
  t.equal(await asked(POLLING), 200)
  t.equal(await asked('/socket.io/?EIO=4&transport=pigeon'), 400, "the engine's own refusal")
  for (statusCode of [429, 503]) t.equal(await asked(POLLING), statusCode)
  statusCode = 401
  t.equal(await asked('/socket.io/socket.io.js'), 401, 'the bundle')
  t.equal(await asked(`${POLLING}&sid=x`), 401, 'a poll')
  t.equal(await asked(POLLING, 'OPTIONS'), 401, 'a preflight')
  t.strictSame(advice(), [])
  t.equal(await asked(POLLING), 401)
  t.equal(advice().length, 1, 'and one that is, is')
})

t.test(
  'an application without namespaces hears nothing, and the preflight of @fastify/cors is none of them',
  async (t) => {
    const bare = await serve(t, verify, { namespaces: {} })
    t.equal((await bare.app.inject(POLLING)).statusCode, 401)
    t.strictSame(bare.advice(), [])
    const { app, advice } = await serve(t, (app) => app.register(cors, { origin: ['https://app.example'] }))
    const headers = { origin: 'https://app.example', 'access-control-request-method': 'GET' }
    t.equal((await app.inject({ method: 'OPTIONS', url: POLLING, headers })).statusCode, 204)
    t.strictSame(advice(), [])
  },
)

t.test('a page of a foreign origin: the log names the origin, the host and what to set, once an origin', async (t) => {
  const { app, port, advice } = await serve(t, () => {})
  const ask = (origin: string) => app.inject({ url: POLLING, headers: { origin } })
  for (let round = 0; round < 2; round++) {
    t.equal((await ask('http://localhost:5173')).statusCode, 403)
    const headers = { origin: 'https://public.example', host: 'internal:3000' }
    t.equal((await shake(`ws://127.0.0.1:${port}${WEBSOCKET}`, { headers })).statusCode, 403)
  }
  t.match(advice(), [
    { origin: 'http://localhost:5173', host: 'localhost:80', code: 'FST_NSP_ORIGIN_FORBIDDEN' },
    { origin: 'https://public.example', host: 'internal:3000' },
  ])
  t.match(advice()[0]?.msg, /io\.cors\.origin.*Host.*trustProxy.*docs\/troubleshooting\.md/)
  t.equal(advice().length, 2)
  for (let index = 0; index < 20; index++) await ask(`http://${index}.example/${'x'.repeat(2_000)}`)
  t.equal(advice().length, 10, 'and of so many')
  t.ok(advice().every(({ origin = '' }) => origin.length <= 100))
})
