import { readFile } from 'node:fs/promises'
import { connect as connectHttp2 } from 'node:http2'
import { connect as connectTcp } from 'node:net'
import { Readable } from 'node:stream'
import type { FastifyInstance, FastifyReply, FastifyRequest, FastifyServerOptions } from 'fastify'
import t, { type Test } from 'tap'
import { z } from 'zod'
import type { AnyNamespaceDefinition } from '../../plugin/index.js'
import { build, heard, join, listen, next, until } from './harness.js'

/** What a refused client is told. */
interface Told {
  readonly message: string
  readonly data: { code: string; statusCode: number; details?: unknown }
}

/** Serves one definition at /chat; gives what a client is told when it joins, and undefined when it is let in. */
async function serve(
  t: Test,
  definition: AnyNamespaceDefinition,
  {
    prepare,
    declare,
    server,
    ...options
  }: {
    prepare?: (app: FastifyInstance) => unknown
    declare?: (app: FastifyInstance) => unknown
    server?: FastifyServerOptions
    admissionTimeoutMs?: number
  } = {},
) {
  const lines: Record<string, unknown>[] = []
  const logger = { level: 'debug', stream: { write: (line: string) => void lines.push(JSON.parse(line)) } }
  const namespaces = { '/chat': definition }
  const app = await build(t, { ...options, namespaces }, prepare, { logger, ...server } as FastifyServerOptions)
  await declare?.(app)
  const url = `http://127.0.0.1:${await listen(app)}`
  const ask = async (auth: object = {}, name = '/chat', more: object = {}): Promise<Told | undefined> => {
    const socket = join(t, url, name, { transports: ['websocket'], auth, ...more })
    return Promise.race([
      next(socket, 'connect').then(() => undefined),
      next(socket, 'connect_error').then(([error]) => {
        const { message, data } = error as Error & Told
        return { message, data }
      }),
    ]).catch(({ message, data }) => ({ message, data }))
  }
  return { app, url, lines, ask }
}

const internal = { message: 'Internal error', data: { code: 'FST_NSP_INTERNAL', statusCode: 500 } }
const HOOKS = ['onRequest', 'preValidation', 'preHandler'] as const

const refusals: Record<string, [hook: (request: FastifyRequest, reply: FastifyReply) => unknown, told: Told]> = {
  'a 4xx error as it is': [
    async () => {
      throw Object.assign(new Error('No such room'), { statusCode: 404, code: 'ROOM', details: { open: ['a'] } })
    },
    { message: 'No such room', data: { code: 'ROOM', statusCode: 404, details: { open: ['a'] } } },
  ],
  'a 4xx error without a code as FST_NSP_REFUSED': [
    async () => {
      throw Object.assign(new Error('Not you'), { statusCode: 401 })
    },
    { message: 'Not you', data: { code: 'FST_NSP_REFUSED', statusCode: 401 } },
  ],
  'an error after a status was chosen with that status': [
    async (_request, reply) => {
      reply.code(409)
      throw new Error('Somebody is there')
    },
    { message: 'Somebody is there', data: { code: 'FST_NSP_REFUSED', statusCode: 409 } },
  ],
  'a reply with the words in it': [
    async (_request, reply) => reply.code(403).send({ code: 'BANNED', message: 'Until Monday', details: { day: 1 } }),
    { message: 'Until Monday', data: { code: 'BANNED', statusCode: 403, details: { day: 1 } } },
  ],
  'a reply without a word by the name of its status': [
    async (_request, reply) => reply.code(403).send({ stack: 'secret', cause: 'secret' }),
    { message: 'Forbidden', data: { code: 'FST_NSP_REFUSED', statusCode: 403 } },
  ],
  'a short text as it is': [
    async (_request, reply) => reply.code(402).send('Pay first'),
    { message: 'Pay first', data: { code: 'FST_NSP_REFUSED', statusCode: 402 } },
  ],
  'a page by the name of its status': [
    async (_request, reply) => reply.code(402).type('text/html').send('<p>'.repeat(1000)),
    { message: 'Payment Required', data: { code: 'FST_NSP_REFUSED', statusCode: 402 } },
  ],
  'a status that has no name by ours': [
    async (_request, reply) => reply.code(499).send(),
    { message: 'Refused', data: { code: 'FST_NSP_REFUSED', statusCode: 499 } },
  ],
  'a buffer and a stream as their text': [
    async (_request, reply) => reply.code(410).send(Readable.from(['It is ', 'gone'])),
    { message: 'It is gone', data: { code: 'FST_NSP_REFUSED', statusCode: 410 } },
  ],
  'an answer that looks like a success as a refusal': [
    async (_request, reply) => reply.code(200).send({ ok: true }),
    { message: 'Refused', data: { code: 'FST_NSP_REFUSED', statusCode: 403 } },
  ],
  'a redirect as a refusal': [
    async (_request, reply) => reply.redirect('https://login.example/'),
    { message: 'Refused', data: { code: 'FST_NSP_REFUSED', statusCode: 403 } },
  ],
  'a 5xx that the application words itself in its words': [
    async (_request, reply) => reply.code(503).send({ code: 'MAINTENANCE', message: 'Back at six' }),
    { message: 'Back at six', data: { code: 'MAINTENANCE', statusCode: 503 } },
  ],
}

for (const [what, [hook, told]] of Object.entries(refusals)) {
  t.test(`a hook refuses with a connect_error: ${what}`, async (t) => {
    for (const name of HOOKS) {
      const { app, ask } = await serve(t, { [name]: hook })
      t.strictSame(await ask(), told, name)
      t.equal(app.io.of('/chat').sockets.size, 0)
    }
    const { ask } = await serve(
      t,
      {},
      {
        prepare: (app) => {
          app.addHook('onRequest', async (request, reply) => {
            return request.method === 'CONNECT' ? hook(request, reply) : undefined
          })
        },
      },
    )
    t.strictSame(await ask(), told, 'a hook of the context')
  })
}

const failures: Record<string, (request: FastifyRequest, reply: FastifyReply) => unknown> = {
  'an error': async () => {
    throw new Error('secret')
  },
  'an error with a 5xx status and a code': async () => {
    throw Object.assign(new Error('secret'), { statusCode: 503, code: 'SECRET', details: 'secret', cause: 'secret' })
  },
  'no Error at all': async () => {
    throw 'secret'
  },
  undefined: async () => Promise.reject(undefined),
  'an error that is sent': async (_request, reply) => reply.send(new Error('secret')),
  'a stream that fails after it has begun': async (_request, reply) =>
    reply.send(
      Readable.from(
        (function* () {
          yield 'Not '
          throw new Error('secret')
        })(),
      ),
    ),
  'a stream that fails': async (_request, reply) =>
    reply.send(
      new Readable({
        read() {
          this.destroy(new Error('secret'))
        },
      }),
    ),
}

for (const [what, hook] of Object.entries(failures)) {
  t.test(`what is not told to clients is FST_NSP_INTERNAL, with the id that the log has: ${what}`, async (t) => {
    const { ask, lines } = await serve(t, { preHandler: hook })
    const told = await ask()
    t.match(told, internal)
    const { id } = Object(told?.data.details)
    t.notMatch(JSON.stringify(told), 'secret', 'no text')
    t.ok(
      lines.some(({ reqId, err }) => reqId === id && err),
      'the log has it',
    )
  })
}

t.test('what onSend throws refuses, and is not told', async (t) => {
  const { app, ask } = await serve(
    t,
    {},
    {
      prepare: (app) => {
        app.addHook('onSend', async ({ method }) => {
          if (method === 'CONNECT') throw new Error('secret')
        })
      },
    },
  )
  const told = await ask()
  t.match(told, internal)
  t.notMatch(JSON.stringify(told), 'secret')
  t.equal(app.io.of('/chat').sockets.size, 0)
})

t.test('an error handler of the context chooses the words', async (t) => {
  const { ask } = await serve(
    t,
    {
      onRequest: async () => {
        throw Object.assign(new Error('secret'), { code: 'SECRET', statusCode: 401 })
      },
    },
    {
      prepare: (app) => {
        app.setErrorHandler((error, request, reply) => {
          if (request.headers['x-kind'] === 'asynchronous') return Promise.resolve({ message: 'Later', code: 'LATER' })
          if (request.headers['x-kind'] === 'broken') return reply.code(500).send({ code: 'OURS', message: 'Sorry' })
          if (request.headers['x-kind'] === 'passed on') return reply.send(error)
          if (request.headers['x-kind'] === 'failing') throw new Error('more secret')
          if (request.headers['x-kind'] === 'refusing') throw Object.assign(new Error('Tea'), { statusCode: 418 })
          return reply.code(418).send({ code: 'TEAPOT', message: 'Tea only' })
        })
      },
    },
  )
  const asKind = (kind: string) => ask({}, '/chat', { extraHeaders: { 'x-kind': kind } })
  t.strictSame(await ask(), { message: 'Tea only', data: { code: 'TEAPOT', statusCode: 418 } })
  t.strictSame(await asKind('asynchronous'), { message: 'Later', data: { code: 'LATER', statusCode: 403 } })
  t.strictSame(await asKind('broken'), { message: 'Sorry', data: { code: 'OURS', statusCode: 500 } })
  t.strictSame(await asKind('passed on'), { message: 'secret', data: { code: 'SECRET', statusCode: 401 } })
  t.strictSame(await asKind('refusing'), { message: 'Tea', data: { code: 'FST_NSP_REFUSED', statusCode: 418 } })
  const failed = await asKind('failing')
  t.match(failed, internal)
  t.notMatch(JSON.stringify(failed), 'secret')
})

const TOKEN = { type: 'object', properties: { token: { type: 'string', minLength: 3 } }, required: ['token'] }
const invalid = (path: string, message: unknown = String) => ({
  message: 'The connect does not fit its schema',
  data: { code: 'FST_NSP_CONNECT_INVALID', statusCode: 400, details: [{ path, message }] },
})

t.test('a part of the request that does not fit its schema is refused with what and where', async (t) => {
  const page = { type: 'object', properties: { page: { type: 'integer' } } }
  const device = { type: 'object', properties: { 'X-Device': { type: 'string', maxLength: 3 } } }
  const { ask } = await serve(t, { schema: { auth: TOKEN, querystring: page, headers: device } })
  t.match(await ask({}), invalid('/auth', "must have required property 'token'"))
  t.match(await ask({ token: 'hi' }), invalid('/auth/token'))
  t.match(await ask({ token: 'a secret' }, '/chat', { query: { page: 'two' } }), invalid('/querystring/page'))
  t.match(
    await ask({ token: 'a secret' }, '/chat', { extraHeaders: { 'x-device': 'phone' } }),
    invalid('/headers/x-device'),
  )
  t.equal(await ask({ token: 'a secret' }, '/chat', { query: { page: '2' } }), undefined)
})

t.test('a Standard Schema checks a part, and what it makes of it is there', async (t) => {
  const { ask, seen } = await (async () => {
    const seen: unknown[] = []
    const served = await serve(t, {
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

t.test("a context's own validator compiler and schema error formatter hold", async (t) => {
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
  const { ask } = await serve(
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
  t.match(thrown, internal)
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

t.test('parts are coerced and completed as in routes, and what the client has sent stays as it is', async (t) => {
  const seen: Record<string, unknown>[] = []
  const { ask } = await serve(
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

t.test('a hook may answer by a callback, and several refusals are one', async (t) => {
  const { ask } = await serve(
    t,
    {
      preHandler: [
        (request, _reply, done) => {
          const { error } = request.body as { error?: string }
          setImmediate(() => done(error ? Object.assign(new Error(error), { statusCode: 403 }) : undefined))
        },
        (request, reply, done) => {
          if ((request.body as { twice?: true }).twice) {
            reply.code(401).send('once')
            reply.code(403).send('twice')
            done(new Error('three times'))
          } else done()
        },
      ],
    },
    {},
  )
  t.equal(await ask(), undefined)
  t.match(await ask({ error: 'no' }), { message: 'no', data: { statusCode: 403 } })
  t.match(await ask({ twice: true }), { message: 'once', data: { statusCode: 401 } })
})

t.test('a status of success that a hook has chosen admits', async (t) => {
  const { ask } = await serve(t, { onRequest: async (_request, reply) => void reply.code(201) })
  t.equal(await ask(), undefined)
})

t.test(
  'a hook that never answers, or takes the reply for itself, is not waited for longer than admissionTimeoutMs',
  async (t) => {
    const { app, ask } = await serve(
      t,
      {
        preHandler: (request, reply, done) => {
          const { how } = request.body as { how?: string }
          if (how === 'answering') reply.hijack().raw.writeHead(403).end('Taken')
          else if (how === 'admitting') reply.hijack().raw.end()
          else if (how === 'hijacking') reply.hijack()
          else if (how === 'late') setTimeout(done, 60)
        },
      },
      { admissionTimeoutMs: 30 },
    )
    const late = {
      message: 'The admission took too long',
      data: { code: 'FST_NSP_ADMISSION_TIMEOUT', statusCode: 503 },
    }
    t.strictSame(await ask({ how: 'never' }), late)
    t.strictSame(await ask({ how: 'late' }), late)
    t.strictSame(await ask({ how: 'hijacking' }), late)
    t.match(await ask({ how: 'answering' }), { message: 'Taken', data: { statusCode: 403 } })
    t.match(await ask({ how: 'admitting' }), { data: { code: 'FST_NSP_REFUSED', statusCode: 403 } })
    t.equal(app.io.of('/chat').sockets.size, 0)
  },
)

t.test('a hook that hides its namespace by a 404 makes it one that is not there', async (t) => {
  const { ask } = await serve(t, { onRequest: async (_request, reply) => reply.callNotFound() })
  t.strictSame(await ask(), await ask({}, '/nowhere'))
  const own = await serve(
    t,
    { onRequest: async (_request, reply) => reply.callNotFound() },
    { prepare: (app) => app.setNotFoundHandler((_request, reply) => reply.code(404).send({ message: 'Not here' })) },
  )
  t.strictSame(await own.ask(), { message: 'Not here', data: { code: 'FST_NSP_REFUSED', statusCode: 404 } })
})

t.test('a connect that meets a closing server is left alone: so its client comes back by itself', async (t) => {
  const told: string[] = []
  const watch = (name: string) => {
    const namespace = socket.io.socket(name)
    for (const event of ['connect', 'connect_error']) namespace.on(event, () => told.push(name, event))
    return namespace
  }
  let entered: () => void = () => {}
  let release: () => void = () => {}
  const inHook = new Promise<void>((resolve) => {
    entered = resolve
  })
  const released = new Promise<void>((resolve) => {
    release = resolve
  })
  const preHandler = async () => {
    entered()
    await released
  }
  const { app, url, lines } = await serve(
    t,
    { preHandler },
    {
      // Runs before the plugin's own: Fastify answers every request with a 503 by then.
      prepare: (app) =>
        app.addHook('preClose', async () => {
          watch('/late')
          await until(() => lines.some(({ namespace, code }) => namespace === '/late' && code === 'FST_NSP_CLOSING'))
          setImmediate(release)
        }),
      declare: (app) => app.namespace('/late', {}),
    },
  )
  const socket = join(t, url, '/chat', { transports: ['websocket'] })
  const early = watch('/chat')
  await inHook
  const gone = new Promise((resolve) => socket.io.once('close', resolve))
  await app.close()
  await gone
  t.strictSame(told, [])
  t.ok(early.active, 'it would come back')
})

t.test('nobody reaches the hidden route but by joining', async (t) => {
  const runs: string[] = []
  const { app, url, ask } = await serve(t, {
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
  t.equal(await ask({ token: 'a secret' }), undefined, 'and it lives')
})

t.test('nor does a CONNECT of HTTP/2', async (t) => {
  const read = (name: string) => readFile(new URL(`./fixtures/${name}.pem`, import.meta.url))
  const https = { key: await read('key'), cert: await read('cert'), allowHTTP1: true }
  const app = await build(t, undefined, undefined, { http2: true, https } as object)
  const session = connectHttp2(`https://localhost:${await listen(app)}`, { ca: https.cert, servername: 'localhost' })
  const stream = session.request({ ':method': 'CONNECT', ':authority': 'localhost:80' })
  t.match(await heard(stream, 'response'), [{ ':status': 405 }])
  session.destroy()
})

t.test('a namespace is found by its own spelling, whatever the router of the instance makes of it', async (t) => {
  const open: string[] = []
  const { app, ask } = await serve(
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
  const { ask } = await serve(t, {}, { declare: (app) => names.forEach((name) => void app.namespace(name, {})) })
  for (const name of names) t.equal(await ask({}, name), undefined, name)
})
