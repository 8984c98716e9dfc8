import t from 'tap'
import { parse } from 'yaml'
import type { DocumentOptions } from '../../../../plugin/definition/normalize/document-options.js'
import type { AnyNamespaceDefinition } from '../../../../plugin/index.js'
import { build, refusal } from '../../harness.js'

const chat: AnyNamespaceDefinition = {
  summary: 'Rooms',
  schema: { auth: { type: 'object', required: ['token'], properties: { token: { type: 'string' } } } },
  events: {
    'message:send': { payload: { type: 'string' }, handler: () => {} },
    'debug:dump': { hide: true, handler: () => {} },
  },
  emits: { 'message:new': { payload: { type: 'string' } }, 'debug:line': { hide: true } },
}
const FILES = ['asyncapi.json', 'asyncapi.yaml', 'manifest.json']

t.test('without the option `document` nothing is served, and app.asyncapi() works', async (t) => {
  const app = await build(t, { namespaces: { '/chat': chat } })
  await app.ready()
  for (const file of FILES) t.equal((await app.inject(`/namespaces/${file}`)).statusCode, 404)
  t.match(app.asyncapi(), { asyncapi: '3.1.0', info: { title: 'Socket.IO namespaces', version: '1.0.0' } })
  t.equal(app.asyncapi(), app.asyncapi(), 'it is rendered once')
  t.ok(Object.isFrozen(app.asyncapi().channels.chat?.messages))
  t.strictSame(parse(await app.asyncapi({ yaml: true })), JSON.parse(JSON.stringify(app.asyncapi())))
})

t.test('the document, its YAML and the manifest are served', async (t) => {
  const app = await build(t, { namespaces: { '/chat': chat }, document: {} })
  const [json, yaml, manifest] = await Promise.all(FILES.map((file) => app.inject(`/namespaces/${file}`)))
  t.strictSame(json?.json(), JSON.parse(JSON.stringify(app.asyncapi())))
  t.match(json?.headers, { 'content-type': 'application/json; charset=utf-8', 'cache-control': 'no-cache' })
  t.equal(yaml?.payload, await app.asyncapi({ yaml: true }))
  t.match(yaml?.headers, { 'content-type': 'application/yaml; charset=utf-8' })
  const [described] = app.describeNamespaces().namespaces
  t.strictSame(Object.keys(manifest?.json().namespaces[0].events), ['message:send'], 'what is hidden is not published')
  t.equal(manifest?.json().namespaces[0].hash, described?.hash)
  t.notMatch(JSON.stringify(app.asyncapi()), /debug/)
  t.equal((await app.inject({ method: 'HEAD', url: '/namespaces/asyncapi.json' })).statusCode, 200)
})

t.test('a client that has it is answered with 304', async (t) => {
  const app = await build(t, { namespaces: { '/chat': chat }, document: {} })
  for (const file of FILES) {
    const url = `/namespaces/${file}`
    const { etag } = (await app.inject(url)).headers
    t.match(etag, /^"[\w-]{43}"$/)
    for (const header of [etag, `W/${etag}`, `"other", ${etag}`, '*']) {
      const answer = await app.inject({ url, headers: { 'if-none-match': String(header) } })
      t.match(answer, { statusCode: 304, payload: '', headers: { etag } }, String(header))
    }
    t.equal((await app.inject({ url, headers: { 'if-none-match': '"other"' } })).statusCode, 200)
  }
})

t.test('the same application has the same bytes', async (t) => {
  const read = async () => {
    const app = await build(t, { namespaces: { '/chat': chat, '/': {} }, document: {} })
    return (await Promise.all(FILES.map((file) => app.inject(`/namespaces/${file}`)))).map(({ payload }) => payload)
  }
  t.strictSame(await read(), await read())
})

t.test(
  'the routes have the prefixes of the context and of the plugin, and are hidden from other documents',
  async (t) => {
    const routes: object[] = []
    const { default: Fastify } = await import('fastify')
    const { default: namespaces } = await import('../../../../plugin/index.js')
    const app = Fastify()
    t.teardown(() => app.close())
    app.addHook('onRoute', ({ url, schema }) => void routes.push({ url, ...schema }))
    app.register(async (scope) => scope.register(namespaces, { prefix: '/live', document: { routePrefix: '/docs' } }), {
      prefix: '/v1',
    })
    t.equal((await app.inject('/v1/live/docs/asyncapi.json')).json()['x-socketio'].path, '/v1/live/socket.io')
    t.ok(routes.every((route) => (route as { hide?: boolean }).hide))
  },
)

t.test('hooks protect the routes, those of the option and those of the context', async (t) => {
  const hook = async () => {
    throw Object.assign(new Error('Who are you?'), { statusCode: 401 })
  }
  const one = await build(t, {
    namespaces: { '/chat': {} },
    document: { hooks: { onRequest: [hook] }, logLevel: 'error' },
  })
  t.equal((await one.inject('/namespaces/manifest.json')).statusCode, 401)
  t.ok((await one.injectSocket('/chat')).connected)
  const other = await build(t, { document: {} }, (app) => app.addHook('onRequest', hook))
  t.equal((await other.inject('/namespaces/asyncapi.yaml')).statusCode, 401)
})

t.test('transform, transformObject, hideUntagged, info, servers and security change the document', async (t) => {
  const app = await build(t, {
    namespaces: {
      '/chat': { ...chat, tags: ['rooms'] },
      '/admin': {},
      '/bare': { events: { x: { handler: () => {} } } },
    },
    document: {
      info: { title: 'Shop', version: '2.0.0', description: 'Live' },
      servers: {
        production: { host: 'api.example.com' },
        local: { host: 'localhost:3000', protocol: 'ws', pathname: '/x' },
      },
      components: { securitySchemes: { session: { type: 'httpApiKey', in: 'cookie', name: 'sessionId' } } },
      security: [{ session: [] }],
      hideUntagged: true,
      transform: (namespace) => (namespace.name === '/admin' ? undefined : { ...namespace, summary: 'Changed' }),
      transformObject: (document) => ({ ...document, 'x-socketio': { extra: true } }),
    },
  })
  await app.ready()
  const { info, servers, channels, operations, components, ...rest } = app.asyncapi()
  t.strictSame(info, { title: 'Shop', version: '2.0.0', description: 'Live' })
  t.strictSame(servers, {
    production: { pathname: '/socket.io', host: 'api.example.com', protocol: 'socketio' },
    local: { pathname: '/x', host: 'localhost:3000', protocol: 'ws' },
  })
  t.strictSame(Object.keys(channels), ['bare', 'chat'])
  t.match(channels.chat, { summary: 'Changed', tags: [{ name: 'rooms' }] })
  t.strictSame(Object.keys(operations), ['receive.chat.message.send', 'send.chat.message.new'])
  t.strictSame(operations['send.chat.message.new']?.security, [
    { $ref: '#/components/securitySchemes/session' },
    { $ref: '#/components/securitySchemes/token' },
  ])
  t.match(components.securitySchemes, { session: { in: 'cookie' }, token: { scheme: 'bearer' } })
  t.match(rest, { 'x-socketio': { extra: true } })
})

t.test('a wrong option is refused at boot, with its path', async (t) => {
  const wrong: [string, unknown][] = [
    ['document must be an object: got true', true],
    ['document.routePrefix must be empty, or', { routePrefix: 'docs' }],
    ['document.info.title must be a text', { info: { title: 7 } }],
    ['document.servers.a must be an object', { servers: { a: 'https://api.example.com' } }],
    ['document.servers.a.host is missing', { servers: { a: {} } }],
    ['document.components.schemas is unknown', { components: { schemas: {} } }],
    ['document.security must be an array of objects', { security: ['session'] }],
    [
      'document.security must name schemes of components.securitySchemes: got "session"',
      { security: [{ session: [] }] },
    ],
    ['document.hideUntagged must be true or false', { hideUntagged: 1 }],
    ['document.transform must be a function', { transform: {} }],
    ['document.hooks.onRequest must be a function, or an array of functions', { hooks: { onRequest: 'x' } }],
    ['document.hooks.onTimeout is unknown', { hooks: { onTimeout: () => {} } }],
    ['document.logLevel must be one of fatal,', { logLevel: 'loud' }],
    ['document.uiConfig is unknown', { uiConfig: {} }],
  ]
  for (const [message, document] of wrong) {
    const refused = await refusal(build(t, { document: document as DocumentOptions }))
    t.ok(refused.message.includes(`Option ${message}`), refused.message)
  }
})

t.test('before the instance is ready, app.asyncapi() has what is declared so far', async (t) => {
  const app = await build(t, { namespaces: { '/chat': chat } })
  t.strictSame(Object.keys(app.asyncapi().channels), ['chat'])
  app.namespace('/late', {})
  await app.ready()
  t.strictSame(Object.keys(app.asyncapi().channels), ['chat', 'late'])
})
