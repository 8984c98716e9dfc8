import type { FastifyInstance, FastifyServerOptions } from 'fastify'
import t, { type Test } from 'tap'
import { defineNamespace } from '../../../plugin/index.js'
import { build, join, listen, next, POLLING, shake, TRANSPORTS, until, WEBSOCKET } from '../harness.js'

const echo = defineNamespace({ events: { echo: { handler: (payload) => payload } } })

/** Checks that socket.io-client joins on every transport and gets acks. */
async function connects(t: Test, app: FastifyInstance, options: object = {}): Promise<void> {
  const url = `http://127.0.0.1:${await listen(app)}`
  for (const transports of TRANSPORTS) {
    const socket = join(t, url, '/chat', { transports: [...transports], ...options })
    t.strictSame(await socket.emitWithAck('echo', 'x'.repeat(5000)), { ok: true, data: 'x'.repeat(5000) })
    await until(() => socket.io.engine.transport.name === transports.at(-1))
    t.strictSame(await socket.emitWithAck('echo', 1), { ok: true, data: 1 }, transports.join(' -> '))
  }
}

const servers: Record<string, FastifyServerOptions> = {
  'caseSensitive: false': { routerOptions: { caseSensitive: false } },
  'ignoreTrailingSlash and ignoreDuplicateSlashes': {
    routerOptions: { ignoreTrailingSlash: true, ignoreDuplicateSlashes: true },
  },
  'exposeHeadRoutes: false': { exposeHeadRoutes: false },
  'a bodyLimit smaller than a packet': { bodyLimit: 10 },
  'timeouts of every kind': {
    requestTimeout: 5000,
    handlerTimeout: 5000,
    connectionTimeout: 5000,
    keepAliveTimeout: 5000,
    http: { headersTimeout: 5000 },
  } as FastifyServerOptions,
  forceCloseConnections: { forceCloseConnections: true },
  'return503OnClosing: false': { return503OnClosing: false },
  "a rewriteUrl that does not change the engine's path": { rewriteUrl: ({ url = '' }) => url.replace(/^\/api/, '') },
  'another maxParamLength': { routerOptions: { maxParamLength: 5 } },
  'its own request ids': { genReqId: () => 'id', requestIdHeader: 'x-request-id' },
}

for (const [what, server] of Object.entries(servers)) {
  t.test(`with ${what} every transport connects`, async (t) => {
    const app = await build(t, { namespaces: { '/chat': echo } }, undefined, server)
    await connects(t, app)
    t.match(
      (await app.inject({ method: 'HEAD', url: POLLING })).statusCode,
      400,
      'the engine answers a handshake only to GET',
    )
  })
}

t.test("if only rewriteUrl leads to the engine's path, every transport connects", async (t) => {
  const rewriteUrl: FastifyServerOptions['rewriteUrl'] = ({ url = '' }) => url.replace(/^\/api\//, '/')
  const app = await build(t, { namespaces: { '/chat': echo } }, undefined, { rewriteUrl })
  const port = await listen(app)
  const socket = join(t, `http://127.0.0.1:${port}`, '/chat', { path: '/api/socket.io', transports: ['polling'] })
  t.strictSame(await socket.emitWithAck('echo', 1), { ok: true, data: 1 })
  t.match(await shake(`ws://127.0.0.1:${port}/api${WEBSOCKET}`), { statusCode: 101 })
})

t.test('the newest options of engine.io are accepted and passed on', async (t) => {
  const app = await build(t, {
    io: { httpRequestBodyTimeout: 20_000, maxBufferedChunks: 500 },
    namespaces: { '/chat': echo },
  })
  await connects(t, app)
  t.match(app.io.engine.opts, { httpRequestBodyTimeout: 20_000, maxBufferedChunks: 500 })
})

t.test('content type parsers of the application do not consume the bodies that the engine reads', async (t) => {
  const app = await build(t, { namespaces: { '/chat': echo } }, (app) => {
    app.addContentTypeParser('*', { parseAs: 'string' }, (_request, body, done) => done(null, body))
    app.addContentTypeParser('text/plain', { parseAs: 'buffer' }, (_request, body, done) => done(null, body))
    app.post('/own', async ({ body }) => ({ body }))
  })
  await connects(t, app)
  t.same((await app.inject({ method: 'POST', url: '/own', headers: { 'content-type': 'a/b' }, payload: 'x' })).json(), {
    body: 'x',
  })
})

t.test('connectionTimeout does not close a WebSocket that answers pings', async (t) => {
  const app = await build(
    t,
    { io: { pingInterval: 150 }, namespaces: { '/chat': echo } },
    (app) => app.addHook('onTimeout', async () => t.fail('the request has timed out')),
    { connectionTimeout: 100 },
  )
  const url = `http://127.0.0.1:${await listen(app)}`
  const socket = join(t, url, '/chat', { transports: ['websocket'] })
  await next(socket, 'connect')
  const { id } = socket
  for (let round = 0; round < 2; round++) await new Promise<void>((resolve) => socket.io.once('ping', resolve))
  t.strictSame(await socket.emitWithAck('echo', 1), { ok: true, data: 1 })
  t.equal(socket.id, id)
})
