import type { FastifyServerOptions } from 'fastify'
import t from 'tap'
import { build, heard, join, listen, next, TRANSPORTS, until } from '../../harness.js'

/** The number of listeners of each event. */
function countListeners(emitter: NodeJS.EventEmitter): Record<string, number> {
  return Object.fromEntries(emitter.eventNames().map((event) => [String(event), emitter.listenerCount(event)]))
}

for (const transports of TRANSPORTS) {
  for (const [kind, server] of Object.entries({
    'without a log': {},
    'with a log': { logger: { level: 'fatal' } },
    'with timeouts': { handlerTimeout: 10_000, requestTimeout: 10_000, connectionTimeout: 10_000 },
  })) {
    t.test(`over ${transports.join(' -> ')}, ${kind}, a connect leaves no listener on the connection`, async (t) => {
      let isAborted = false
      const app = await build(
        t,
        {
          namespaces: {
            '/': {},
            '/chat': {
              preHandler: async (request, reply) => {
                isAborted ||= request.signal.aborted
                return (request.body as { isRefused?: true }).isRefused ? reply.code(403).send() : undefined
              },
            },
          },
        },
        (app) => {
          app.addHook('onTimeout', async () => {})
          app.addHook('onRequestAbort', async (_request) => {})
        },
        server as FastifyServerOptions,
      )
      const connection = heard(app.io, 'connection')
      const socket = join(t, `http://127.0.0.1:${await listen(app)}`, '/', { transports: [...transports] })
      await next(socket, 'connect')
      await until(() => socket.io.engine.transport.name === transports.at(-1))
      const [{ conn, request }] = (await connection) as [{ conn: NodeJS.EventEmitter; request: NodeJS.EventEmitter }]
      const visit = async (auth: object) => {
        const guest = socket.io.socket('/chat', { auth })
        await Promise.race([next(guest, 'connect').catch(() => {}), next(guest, 'connect_error')])
        guest.disconnect().removeAllListeners()
        await until(() => app.io.of('/chat').sockets.size === 0)
      }
      for (const auth of [{}, { isRefused: true }]) await visit(auth)
      const { socket: wire } = request as unknown as { socket: NodeJS.EventEmitter }
      const before = [request, wire, conn].map(countListeners)
      for (let round = 0; round < 48; round++) await visit(round % 8 === 0 ? { isRefused: true } : {})
      t.strictSame([request, wire, conn].map(countListeners), before)
      t.notOk(isAborted)
    })
  }
}

t.test('a hook that reads the payload of a connect reads an empty stream', async (t) => {
  const app = await build(t, undefined, (app) => {
    app.addHook('preParsing', (_request, _reply, payload, done) => {
      payload.on('data', () => t.fail('there is no body'))
      payload.on('end', () => done(null, payload))
    })
    app.addHook('preParsing', async (_request, _reply, payload) => {
      for await (const _chunk of payload) t.fail('there is no body')
    })
  })
  const url = `http://127.0.0.1:${await listen(app)}`
  for (const transports of TRANSPORTS) {
    await next(join(t, url, '/chat', { transports: [...transports] }), 'connect')
  }
})

t.test('a connect has the cookies that its client has after the response to the handshake', async (t) => {
  const seen: unknown[] = []
  const app = await build(
    t,
    { namespaces: { '/chat': { onConnect: ({ request }) => void seen.push(request.headers.cookie) } } },
    (app) => {
      app.addHook('onRequest', async (request, reply) => {
        if (request.method === 'CONNECT') return
        reply.header('set-cookie', String(request.headers['x-set']).split('|').filter(Boolean))
      })
    },
  )
  const url = `http://127.0.0.1:${await listen(app)}`
  const cases: [sent: string, set: string, has: string | undefined][] = [
    ['a=1; b=2', '', 'a=1; b=2'],
    ['', 'a=1; Path=/', 'a=1'],
    ['a=1;b=2', 'c=3; Max-Age=60; Expires=Thu, 01 Jan 1970 00:00:00 GMT|a=4', 'a=4; b=2; c=3'],
    ['a=1; b=2', 'a=; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT', 'b=2'],
    ['a=1', 'a=; Max-Age=0; Expires=Fri, 01 Jan 2100 00:00:00 GMT', undefined],
    ['a=1', 'a=5|a=; max-age=-1|a=6; expires=Fri, 01 Jan 2100 00:00:00 GMT', 'a=6'],
  ]
  for (const [sent, set, has] of cases) {
    for (const transports of TRANSPORTS) {
      const extraHeaders = { 'x-set': set, ...(sent && { cookie: sent }) }
      await next(join(t, url, '/chat', { transports: [...transports], extraHeaders }), 'connect')
      t.equal(seen.pop(), has, `${sent} | ${set}, ${transports.join(' -> ')}`)
    }
  }
})
