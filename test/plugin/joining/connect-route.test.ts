import { readFile } from 'node:fs/promises'
import { connect as connectHttp2 } from 'node:http2'
import { connect as connectTcp } from 'node:net'
import type { FastifyServerOptions } from 'fastify'
import t from 'tap'
import { z } from 'zod'
import { build, heard, listen } from '../harness.js'
import { serveChat } from '../joining-harness.js'

const TOKEN = { type: 'object', properties: { token: { type: 'string', minLength: 3 } }, required: ['token'] }
const invalid = (path: string, message: unknown = String) => ({
  message: 'The connect does not fit its schema',
  data: { code: 'FST_NSP_CONNECT_INVALID', statusCode: 400, details: [{ path, message }] },
})

t.test('a part of the request that does not match its schema is refused with the path of the mismatch', async (t) => {
  const page = { type: 'object', properties: { page: { type: 'integer' } } }
  const device = { type: 'object', properties: { 'X-Device': { type: 'string', maxLength: 3 } } }
  const { ask } = await serveChat(t, { schema: { auth: TOKEN, querystring: page, headers: device } })
  t.match(await ask({}), invalid('/auth', "must have required property 'token'"))
  t.match(await ask({ token: 'hi' }), invalid('/auth/token'))
  t.match(await ask({ token: 'a secret' }, '/chat', { query: { page: 'two' } }), invalid('/querystring/page'))
  t.match(
    await ask({ token: 'a secret' }, '/chat', { extraHeaders: { 'x-device': 'phone' } }),
    invalid('/headers/x-device'),
  )
  t.equal(await ask({ token: 'a secret' }, '/chat', { query: { page: '2' } }), undefined)
})

t.test('a Standard Schema checks a part, and its output replaces the part', async (t) => {
  const { ask, seen } = await (async () => {
    const seen: unknown[] = []
    const served = await serveChat(t, {
      schema: {
        auth: z.object({ token: z.string().min(3), 'a/b': z.array(z.object({ '~c': z.number() })).default([]) }),
        querystring: z.object({ page: z.coerce.number().default(1) }),
        headers: z.looseObject({
          'x-device': z
            .string()
            .transform((text) => text.length)
            .optional(),
        }),
      },
      preHandler: async ({ body, query, headers }) => void seen.push(body, query, headers['x-device']),
    })
    return { ...served, seen }
  })()
  t.match(await ask({ token: 'hi' }), invalid('/auth/token'))
  t.match(await ask({ token: 'a secret', 'a/b': [{ '~c': 'secret' }] }), invalid('/auth/a~1b/0/~0c'))
  t.match(await ask({ token: 'a secret' }, '/chat', { query: { page: 'x' } }), invalid('/querystring/page'))
  t.equal(await ask({ token: 'a secret' }, '/chat', { extraHeaders: { 'x-device': 'phone' } }), undefined)
  t.strictSame(seen, [{ token: 'a secret', 'a/b': [] }, { page: 1 }, 5])
})

t.test("a context's own validator compiler and schema error formatter apply", async (t) => {
  const validators: Record<string, (value: { token?: string }) => unknown> = {
    error: ({ token }) => (token ? { value: { token, checked: true } } : { error: new Error('a token is wanted') }),
    errors: Object.assign(({ token }: { token?: string }) => token !== undefined, {
      errors: [{ instancePath: '/token', message: 'is wanted' }, { instancePath: undefined }],
    }),
    throws: () => {
      throw new Error('secret')
    },
    coded: () => ({ error: Object.assign(new Error('Not you'), { statusCode: 403, code: 'NOT_YOU' }) }),
  }
  const bodies: unknown[] = []
  const { ask } = await serveChat(
    t,
    {},
    {
      declare: (app) => {
        for (const [name, validator] of Object.entries(validators)) {
          app.register(async (scope) => {
            scope.setValidatorCompiler(() => validator as never)
            scope.namespace(`/${name}`, {
              schema: { auth: { any: 'thing' } },
              preHandler: async ({ body }) => void bodies.push(body),
            })
          })
        }
        app.register(async (scope) => {
          scope.setSchemaErrorFormatter((errors, part) => new Error(`${part}: ${errors.length} mistakes`))
          scope.namespace('/worded', { schema: { auth: TOKEN } })
        })
        app.register(async (scope) => {
          scope.setSchemaErrorFormatter(() =>
            Object.assign(new Error('Unprocessable'), { statusCode: 422, code: 'UNPROCESSABLE' }),
          )
          scope.namespace('/recoded', { schema: { auth: TOKEN } })
        })
      },
    },
  )
  t.strictSame(await ask({}, '/error'), invalid('/auth', 'a token is wanted'))
  t.equal(await ask({ token: 'x' }, '/error'), undefined)
  t.strictSame(bodies, [{ token: 'x', checked: true }])
  t.strictSame(await ask({}, '/errors'), {
    message: 'The connect does not fit its schema',
    data: {
      code: 'FST_NSP_CONNECT_INVALID',
      statusCode: 400,
      details: [
        { path: '/auth/token', message: 'is wanted' },
        { path: '/auth', message: 'is invalid' },
      ],
    },
  })
  const thrown = await ask({}, '/throws')
  t.match(thrown, { message: 'Internal error', data: { code: 'FST_NSP_INTERNAL', statusCode: 500 } })
  t.notMatch(JSON.stringify(thrown), 'secret')
  t.strictSame(await ask({}, '/coded'), { message: 'Not you', data: { code: 'NOT_YOU', statusCode: 403 } })
  const details = [{ path: '/auth', message: "must have required property 'token'" }]
  t.strictSame(await ask({}, '/worded'), {
    message: 'body: 1 mistakes',
    data: { code: 'FST_NSP_CONNECT_INVALID', statusCode: 400, details },
  })
  t.strictSame(await ask({}, '/recoded'), {
    message: 'Unprocessable',
    data: { code: 'UNPROCESSABLE', statusCode: 422, details },
  })
})

t.test("parts are coerced and completed as in routes, and the client's `auth` stays unchanged", async (t) => {
  const seen: Record<string, unknown>[] = []
  const { ask } = await serveChat(
    t,
    {},
    {
      declare: (app) =>
        app.register(async (scope) =>
          scope.namespace('/orgs/:orgId', {
            schema: {
              params: { type: 'object', properties: { orgId: { type: 'integer' } } },
              querystring: { type: 'object', properties: { page: { type: 'integer', default: 1 } } },
              auth: {
                type: 'object',
                additionalProperties: false,
                properties: {
                  age: { type: 'integer' },
                  language: { type: 'string', default: 'en' },
                  user: { type: 'object', properties: { name: { type: 'string', default: 'ada' } } },
                },
              },
            },
            onConnect: ({ params, request: { body, query }, socket }) => {
              seen.push({ params: { ...params }, body, query: { ...Object(query) }, auth: socket.handshake.auth })
            },
          }),
        ),
    },
  )
  t.equal(await ask({ age: '7', user: {}, extra: 1 }, '/orgs/42', { query: { page: '3' } }), undefined)
  t.strictSame(seen, [
    {
      params: { orgId: 42 },
      body: { age: 7, user: { name: 'ada' }, language: 'en' },
      query: { page: 3 },
      auth: { age: '7', user: {}, extra: 1 },
    },
  ])
  t.match(await ask({}, '/orgs/4x'), invalid('/params/orgId'))
  t.match(await ask({}, '/orgs/042'), { data: { code: 'FST_NSP_NAMESPACE_UNKNOWN', statusCode: 404 } })
})

t.test('only a connect reaches the hidden route', async (t) => {
  const runs: string[] = []
  const { app, url, ask } = await serveChat(t, {
    schema: { auth: TOKEN },
    preHandler: async ({ url }) => void runs.push(url),
  })
  const { port } = new URL(url)
  for (const target of ['/chat', '127.0.0.1:80', `127.0.0.1:${port}/chat`, '/socket.io/?EIO=4&transport=polling']) {
    const wire = connectTcp(Number(port), '127.0.0.1')
    let answer = ''
    wire.on('data', (chunk) => {
      answer += chunk
    })
    wire.write(`CONNECT ${target} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 2\r\n\r\n{}`)
    await heard(wire, 'close')
    t.equal(answer, '', target)
  }
  for (const url of ['/chat', '/chat?x=1', '/nowhere']) {
    const response = await app.inject({ method: 'CONNECT' as 'GET', url, payload: { token: 'a secret' } })
    t.equal(response.statusCode, 404, url)
  }
  t.strictSame(runs, [])
  t.equal(app.io.of('/chat').sockets.size, 0)
  t.equal(await ask({ token: 'a secret' }), undefined, 'the server still answers')
})

t.test('a CONNECT request of HTTP/2 does not reach it either', async (t) => {
  const read = (name: string) => readFile(new URL(`../fixtures/${name}.pem`, import.meta.url))
  const https = { key: await read('key'), cert: await read('cert'), allowHTTP1: true }
  const app = await build(t, undefined, undefined, { http2: true, https } as object)
  const session = connectHttp2(`https://localhost:${await listen(app)}`, { ca: https.cert, servername: 'localhost' })
  const stream = session.request({ ':method': 'CONNECT', ':authority': 'localhost:80' })
  t.match(await heard(stream, 'response'), [{ ':status': 405 }])
  session.destroy()
})

t.test("a namespace is found by its exact address, whatever the options of the instance's router are", async (t) => {
  const open: string[] = []
  const { app, ask } = await serveChat(
    t,
    {},
    {
      server: {
        routerOptions: {
          caseSensitive: false,
          ignoreTrailingSlash: true,
          ignoreDuplicateSlashes: true,
          useSemicolonDelimiter: true,
        },
        exposeHeadRoutes: true,
        rewriteUrl: ({ url = '' }) => (url.startsWith('/secret') ? '/open' : url),
      } as FastifyServerOptions,
      declare: (app) => {
        app.namespace('/open', { onRequest: async ({ url }) => void open.push(url) })
        app.namespace('/secret', {
          onRequest: async () => {
            throw Object.assign(new Error('No'), { statusCode: 401 })
          },
        })
        app.namespace('/:room', { preHandler: async (_request, reply) => reply.code(403).send('Members only') })
        app.register(async (scope) => void scope.namespace('/', {}), { prefix: '/v1' })
        app.register(async (scope) => void scope.namespace('/reports', {}), { prefix: '/v2/' })
        app.namespace('/a;b', {})
      },
    },
  )
  t.equal(await ask({}, '/open'), undefined)
  t.strictSame(open, ['/open'])
  t.match(await ask({}, '/secret'), { message: 'No' }, 'rewriteUrl is for URLs')
  t.match(await ask({}, '/OPEN'), { data: { statusCode: 404 } }, 'the hooks of /open do not open /:room')
  t.match(await ask({}, '/hall'), { message: 'Members only' })
  for (const name of ['/chat/', '//chat', '/CHAT', '/chat;x'])
    t.match(await ask({}, name), { data: { statusCode: /40[34]/ } }, name)
  t.equal(app.io.of('/').sockets.size, 0)
  for (const name of ['/v1', '/v2/reports']) t.equal(await ask({}, name), undefined, name)
})

t.test('a static name may have any character that the grammar allows', async (t) => {
  const names = ['/日本', '/a;b', '/a.b~c', '/a+b', "/a'b(c)"]
  const { ask } = await serveChat(t, {}, { declare: (app) => names.forEach((name) => void app.namespace(name, {})) })
  for (const name of names) t.equal(await ask({}, name), undefined, name)
})
