import type { IncomingMessage } from 'node:http'
import { Readable } from 'node:stream'
import type { FastifyReply, FastifyRequest } from 'fastify'
import t from 'tap'
import { ConnectResponse } from '../../../plugin/engine/http/captured-response.js'
import { refusalOf } from '../../../plugin/joining/connect-error.js'
import { join, until } from '../harness.js'
import { serveChat, type Told } from '../joining-harness.js'

const internal = { message: 'Internal error', data: { code: 'FST_NSP_INTERNAL', statusCode: 500 } }
const HOOKS = ['onRequest', 'preValidation', 'preHandler'] as const

const refusals: Record<string, [hook: (request: FastifyRequest, reply: FastifyReply) => unknown, told: Told]> = {
  'a 4xx error is sent unchanged': [
    async () => {
      throw Object.assign(new Error('No such room'), { statusCode: 404, code: 'ROOM', details: { open: ['a'] } })
    },
    { message: 'No such room', data: { code: 'ROOM', statusCode: 404, details: { open: ['a'] } } },
  ],
  'a 4xx error without a code is sent as FST_NSP_REFUSED': [
    async () => {
      throw Object.assign(new Error('Not you'), { statusCode: 401 })
    },
    { message: 'Not you', data: { code: 'FST_NSP_REFUSED', statusCode: 401 } },
  ],
  'an error after reply.code() is sent with that status code': [
    async (_request, reply) => {
      reply.code(409)
      throw new Error('Somebody is there')
    },
    { message: 'Somebody is there', data: { code: 'FST_NSP_REFUSED', statusCode: 409 } },
  ],
  'a reply with code, message and details is sent unchanged': [
    async (_request, reply) => reply.code(403).send({ code: 'BANNED', message: 'Until Monday', details: { day: 1 } }),
    { message: 'Until Monday', data: { code: 'BANNED', statusCode: 403, details: { day: 1 } } },
  ],
  'a reply without a message is sent with the name of its status code': [
    async (_request, reply) => reply.code(403).send({ stack: 'secret', cause: 'secret' }),
    { message: 'Forbidden', data: { code: 'FST_NSP_REFUSED', statusCode: 403 } },
  ],
  'a short text is sent as the message': [
    async (_request, reply) => reply.code(402).send('Pay first'),
    { message: 'Pay first', data: { code: 'FST_NSP_REFUSED', statusCode: 402 } },
  ],
  'a page is replaced with the name of its status code': [
    async (_request, reply) => reply.code(402).type('text/html').send('<p>'.repeat(1000)),
    { message: 'Payment Required', data: { code: 'FST_NSP_REFUSED', statusCode: 402 } },
  ],
  'a status code without a name has the message of FST_NSP_REFUSED': [
    async (_request, reply) => reply.code(499).send(),
    { message: 'Refused', data: { code: 'FST_NSP_REFUSED', statusCode: 499 } },
  ],
  'a buffer and a stream are sent as text': [
    async (_request, reply) => reply.code(410).send(Readable.from(['It is ', 'gone'])),
    { message: 'It is gone', data: { code: 'FST_NSP_REFUSED', statusCode: 410 } },
  ],
  'a reply with a success status code is a refusal': [
    async (_request, reply) => reply.code(200).send({ ok: true }),
    { message: 'Refused', data: { code: 'FST_NSP_REFUSED', statusCode: 403 } },
  ],
  'a redirect is a refusal': [
    async (_request, reply) => reply.redirect('https://login.example/'),
    { message: 'Refused', data: { code: 'FST_NSP_REFUSED', statusCode: 403 } },
  ],
  'a 5xx reply that the application has written is sent unchanged': [
    async (_request, reply) => reply.code(503).send({ code: 'MAINTENANCE', message: 'Back at six' }),
    { message: 'Back at six', data: { code: 'MAINTENANCE', statusCode: 503 } },
  ],
}

for (const [what, [hook, told]] of Object.entries(refusals)) {
  t.test(`a hook refuses with a connect_error: ${what}`, async (t) => {
    for (const name of HOOKS) {
      const { app, ask } = await serveChat(t, { [name]: hook })
      t.strictSame(await ask(), told, name)
      t.equal(app.io.of('/chat').sockets.size, 0)
    }
    const { ask } = await serveChat(
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
  'a thrown string': async () => {
    throw 'secret'
  },
  undefined: async () => Promise.reject(undefined),
  'an error passed to reply.send()': async (_request, reply) => reply.send(new Error('secret')),
  'a stream that fails after its first chunk': async (_request, reply) =>
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
  t.test(`an internal error is sent as FST_NSP_INTERNAL with the id of its log entry: ${what}`, async (t) => {
    const { ask, lines } = await serveChat(t, { preHandler: hook })
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

t.test('a hook that destroys the reply refuses', async (t) => {
  const { ask } = await serveChat(t, {
    preHandler: (_request, reply) => void reply.raw.writeHead(403, { 'x-kind': 'some' }).destroy(),
  })
  t.strictSame(await ask(), internal)
})

t.test('a schema that throws refuses, and its error is not sent', async (t) => {
  const validate = () => {
    throw new TypeError('secret')
  }
  const { ask } = await serveChat(t, { schema: { auth: { '~standard': { version: 1, vendor: 'failing', validate } } } })
  const told = await ask()
  t.match(told, internal)
  t.notMatch(JSON.stringify(told), 'secret')
})

t.test('an error that onSend throws refuses, and is not sent', async (t) => {
  const { app, ask } = await serveChat(
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

t.test('an error handler of the context chooses the code and the message', async (t) => {
  const { ask } = await serveChat(
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

t.test('a hook may refuse through its callback, and several refusals are one', async (t) => {
  const { ask } = await serveChat(
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

t.test('reply.code() with a success status code admits', async (t) => {
  const { ask } = await serveChat(t, { onRequest: async (_request, reply) => void reply.code(201) })
  t.equal(await ask(), undefined)
})

t.test('a hook that never answers, or hijacks the reply, is refused after admissionTimeoutMs', async (t) => {
  const { app, ask } = await serveChat(
    t,
    {
      preHandler: (request, reply, done) => {
        const { how } = request.body as { how?: string }
        if (how === 'answering') reply.hijack().raw.writeHead(403).end('Taken')
        else if (how === 'admitting')
          reply
            .hijack()
            .raw.end(() => {})
            .end('twice')
        else if (how === 'hijacking') reply.hijack()
        else if (how === 'late') setTimeout(done, 60)
        else if (how === 'late, and failing') setTimeout(done, 60, new Error('secret'))
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
  t.strictSame(await ask({ how: 'late, and failing' }), late)
  t.strictSame(await ask({ how: 'hijacking' }), late)
  t.match(await ask({ how: 'answering' }), { message: 'Taken', data: { statusCode: 403 } })
  t.match(await ask({ how: 'admitting' }), { data: { code: 'FST_NSP_REFUSED', statusCode: 403 } })
  t.equal(app.io.of('/chat').sockets.size, 0)
})

t.test('admissionTimeoutMs 0 sets no time limit', async (t) => {
  const { ask } = await serveChat(
    t,
    { preHandler: (_request, _reply, done) => void setTimeout(done, 20) },
    { admissionTimeoutMs: 0 },
  )
  t.equal(await ask(), undefined)
})

t.test('a hook that calls callNotFound() makes its namespace look undeclared', async (t) => {
  const { ask } = await serveChat(t, { onRequest: async (_request, reply) => reply.callNotFound() })
  t.strictSame(await ask(), await ask({}, '/nowhere'))
  const own = await serveChat(
    t,
    { onRequest: async (_request, reply) => reply.callNotFound() },
    { prepare: (app) => app.setNotFoundHandler((_request, reply) => reply.code(404).send({ message: 'Not here' })) },
  )
  t.strictSame(await own.ask(), { message: 'Not here', data: { code: 'FST_NSP_REFUSED', statusCode: 404 } })
})

t.test('a connect to a closing server receives no CONNECT_ERROR, so that its client reconnects', async (t) => {
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
  const { app, url, lines } = await serveChat(
    t,
    { preHandler },
    {
      // Runs before the plugin's own hook: by then Fastify answers every request with a 503.
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

t.test("an error that prevents an error handler's reply from being sent is not sent", async (t) => {
  const answer = new ConnectResponse({ method: 'CONNECT' } as IncomingMessage)
  Object.assign(answer, { error: new Error('the first'), isWorded: true, requestId: 'req-1' })
  answer.writeHead(409).end(JSON.stringify({ statusCode: 409, error: 'Conflict', message: 'of a serializer' }))
  t.match(refusalOf(answer), { code: 'FST_NSP_INTERNAL', statusCode: 500, message: 'Internal error' })
})
