import { connect as connectRaw } from 'node:net'
import cors from '@fastify/cors'
import type { FastifyServerOptions } from 'fastify'
import t from 'tap'
import { defineNamespace } from '../../../plugin/index.js'
import { build, heard, listen, refusal } from '../harness.js'

/*
 * No route of the application matches a connect, and no other request matches the hidden routes of namespaces.
 */

const SERVERS: [string, FastifyServerOptions][] = [
  ['by default', {}],
  ['where slashes are ignored', { routerOptions: { ignoreTrailingSlash: true } }],
  ['where cases are alike', { routerOptions: { caseSensitive: false } }],
  ['without HEAD routes', { exposeHeadRoutes: false }],
]

for (const [what, server] of SERVERS) {
  t.test(`a route of all methods may have the path of a namespace, ${what}`, async (t) => {
    const app = await build(t, { namespaces: { '/chat': {}, '/orgs/:orgId': {} } }, undefined, server)
    const answer = async ({ method }: { method: string }) => `of the application: ${method}`
    app.all('/chat', answer)
    app.all('/orgs/:id', answer)
    app.all('/orgs/42', answer)
    app.route({ method: [...app.supportedMethods] as never, url: '/chat/more', handler: answer })
    app.all('*', answer)
    app.setNotFoundHandler(async () => 'nothing here')
    await app.ready()
    for (const url of ['/chat', '/orgs/7', '/orgs/42', '/chat/more', '/other']) {
      for (const method of ['GET', 'POST', 'CONNECT'] as 'GET'[]) {
        t.equal((await app.inject({ method, url })).body, `of the application: ${method}`, `${method} ${url}`)
      }
    }
    for (const address of ['/chat', '/orgs/7', '/orgs/42']) t.ok((await app.injectSocket(address)).connected, address)
  })
}

t.test('an application that has added the method CONNECT itself, without a body, keeps its routes', async (t) => {
  const schema = { auth: { type: 'object', required: ['token'] } }
  const app = await build(t, { namespaces: { '/chat': { schema } } }, (app) => {
    app.addHttpMethod('CONNECT')
    app.all('*', async () => 'of the application')
  })
  app.all('/chat', async () => 'of the application')
  await app.ready()
  t.equal((await app.inject({ method: 'CONNECT' as 'GET', url: '/chat' })).body, 'of the application')
  t.ok((await app.injectSocket('/chat', { auth: { token: 'x' } })).connected)
  t.match((await refusal(app.injectSocket('/chat'))).data, { code: 'FST_NSP_CONNECT_INVALID' })
})

t.test('no request from the network or from inject() reaches a hidden route', async (t) => {
  const seen: unknown[] = []
  const chat = { onRequest: async () => void seen.push('joining') }
  const app = await build(t, { namespaces: { '/chat': chat } })
  t.equal((await app.inject({ method: 'CONNECT' as 'GET', url: '/chat' })).statusCode, 404)
  const connection = connectRaw(await listen(app), '127.0.0.1')
  let answer = ''
  connection.setEncoding('utf8').on('data', (text) => {
    answer += text
  })
  connection.write('CONNECT /chat HTTP/1.1\r\nHost: here\r\n\r\n')
  await heard(connection, 'close')
  t.equal(answer, '')
  t.strictSame(seen, [])
})

t.test('plugins see the method and the url of a hidden route, and that it is hidden', async (t) => {
  const routes: unknown[] = []
  const requests: unknown[] = []
  const app = await build(t, {}, async (app) => {
    await app.register(cors, { origin: true })
    app.addHook('onRoute', ({ method, url, schema }) => void routes.push([method, url, Object(schema).hide]))
    app.addHook('preHandler', async ({ method, url, routeOptions }) => {
      requests.push([method, url, routeOptions.url, routeOptions.method])
    })
  })
  app.register(async (scope) => void scope.namespace('/orgs/:orgId', {}), { prefix: '/v1' })
  app.register(async (scope) => void scope.namespace('/orgs/:id', {}), { prefix: '/v2' })
  await app.injectSocket('/v1/orgs/7')
  t.strictSame(routes.slice(-2), [
    ['CONNECT', '/v1/orgs/:orgId', true],
    ['CONNECT', '/v2/orgs/:id', true],
  ])
  t.strictSame(requests.at(-1), ['CONNECT', '/v1/orgs/7', '/v1/orgs/:orgId', 'CONNECT'])
  t.match(app.printRoutes(), 'CONNECT')
})

t.test('a namespace with constraints matches only requests that meet them', async (t) => {
  const admin = defineNamespace({ constraints: { host: 'admin.example' } })
  const app = await build(t, { namespaces: { '/admin': admin, '/chat': {} } })
  app.get('/versioned', { constraints: { version: '1.0.0' } }, async () => 'one')
  const headersOf = (host: string) => ({ headers: { host } })
  t.ok((await app.injectSocket('/admin', headersOf('admin.example'))).connected)
  t.ok((await app.injectSocket('/chat', headersOf('admin.example'))).connected)
  t.match((await refusal(app.injectSocket('/admin', headersOf('other.example')))).data, {
    code: 'FST_NSP_NAMESPACE_UNKNOWN',
  })
})
