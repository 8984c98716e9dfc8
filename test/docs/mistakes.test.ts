import { readFile } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import jwt from '@fastify/jwt'
import Fastify, { type FastifyInstance, type FastifyServerOptions } from 'fastify'
import { io as connectTo, Manager } from 'socket.io-client'
import t, { type Test } from 'tap'
import namespaces, { defineNamespace, type NamespacesOptions } from '../../plugin/index.js'
import { build, join, listen, logLines, next, until } from '../plugin/harness.js'

/*
 * The mistakes that newcomers make, each through the public API: what the server logs and the client receives, and that
 * docs/troubleshooting.md quotes it, character by character.
 */

const page = await readFile(new URL('../../docs/troubleshooting.md', import.meta.url), 'utf8')

// Everything in backticks in a heading, or in the first cell of a row: that is where readers look for what they see.
const SYMPTOMS = new Set(
  [...page.matchAll(/^(?:### (.*)|\| (`[^|]*) \|.*)$/gm)].flatMap(([, heading = '', cell = '']) =>
    [...(heading + cell).matchAll(/`([^`]+)`/g)].map(([, text = '']) => text),
  ),
)
const met = new Set<string>()

/** Checks that the page has this symptom, and that the text contains it; an ellipsis in the page ends the comparison. */
function reads(t: Test, read: unknown, symptom: string): void {
  t.match(String(read), symptom, `it reads: ${symptom}`)
  t.ok(SYMPTOMS.has(symptom), `the page has it: ${symptom}`)
  met.add(symptom)
}

const chat = defineNamespace({
  events: {
    'message:send': {
      payload: { type: 'object', properties: { text: { type: 'string' } }, required: ['text'] },
      handler: () => 'sent',
    },
    'thing:get': {
      handler: () => {
        throw Object.assign(new Error('no such thing'), { statusCode: 404 })
      },
    },
  },
})

/** A listening server of `/chat`, and its log. */
async function serve(
  t: Test,
  {
    prepare,
    options,
    server,
  }: { prepare?: (app: FastifyInstance) => unknown; options?: NamespacesOptions; server?: FastifyServerOptions } = {},
) {
  const { lines, logger } = logLines()
  const app = await build(t, { namespaces: { '/chat': chat }, ...options }, prepare, { logger, ...server })
  const url = `http://127.0.0.1:${await listen(app)}`
  const logged = (message: string) => lines.find(({ msg }) => String(msg).startsWith(message))
  return { app, url, lines, logged }
}

interface ConnectError extends Error {
  readonly data?: { code: string; statusCode: number; details?: object }
  readonly description?: unknown
}

async function refused(t: Test, url: string, name: string, options: object = {}): Promise<ConnectError> {
  const [error] = await next(join(t, url, name, options), 'connect_error')
  return error as ConnectError
}

/** The error at boot. */
async function thrown(use: (app: FastifyInstance) => unknown): Promise<{ code?: string; message: string }> {
  const app: FastifyInstance = Fastify()
  try {
    await use(app)
    await app.ready()
    return { message: 'nothing is wrong' }
  } catch (error) {
    return error as { message: string }
  } finally {
    await app.close()
  }
}

t.test('a wrong event name: the ack has the code, and the log the name', async (t) => {
  const { url, lines } = await serve(t)
  const socket = join(t, url, '/chat')
  const { ok, error } = await socket.emitWithAck('mesage:send', { text: 'hi' })
  t.equal(ok, false)
  reads(t, error.code, 'FST_NSP_EVENT_UNKNOWN')
  t.match(error, { statusCode: 404, message: /^Unknown event mesage:send of \/chat.*did you mean "message:send"\?/ })
  t.match(
    lines.find(({ code }) => code === error.code),
    { event: 'mesage:send', namespace: '/chat' },
  )
})

t.test('a wrong namespace: the connect_error has the code, and the log the name', async (t) => {
  const { url, lines } = await serve(t)
  const { message, data } = await refused(t, url, '/caht')
  reads(t, data?.code, 'FST_NSP_NAMESPACE_UNKNOWN')
  t.match(message, /^Invalid namespace/)
  t.match(data?.details, { hint: /No namespace with this address is declared/ })
  t.match(
    lines.find(({ namespace, msg }) => namespace === '/caht' && msg === 'unknown namespace refused'),
    { code: 'FST_NSP_NAMESPACE_UNKNOWN', hint: 'did you mean /chat?' },
  )
})

t.test('`/` is not declared, and io() without a name joins it', async (t) => {
  const { url } = await serve(t)
  const { data } = await refused(t, url, '/')
  reads(t, data?.code, 'FST_NSP_NAMESPACE_UNKNOWN')
  t.match(data?.details, { hint: /namespaces: \{ '\/': \{\} \}/ })
})

t.test('the path of the server as a part of the URL is taken for a namespace', async (t) => {
  const { url } = await serve(t)
  const socket = connectTo(`${url}/api`, { forceNew: true, reconnection: false })
  t.teardown(() => socket.disconnect())
  const [error] = await next(socket, 'connect_error')
  reads(t, (error as ConnectError).data?.code, 'FST_NSP_NAMESPACE_UNKNOWN')
})

t.test("a missing ack: the log says what the client can't be sent", async (t) => {
  const { url, lines, logged } = await serve(t)
  const socket = join(t, url, '/chat')
  const { error } = await socket.emitWithAck('message:send', { txt: 'hi' })
  reads(t, error.code, 'FST_NSP_EVENT_INVALID')
  t.match(error.details, [{ path: '', message: /text/ }])
  socket.emit('message:send', { txt: 'hi' })
  await until(() => logged('event without ack refused') !== undefined)
  t.match(logged('event without ack refused'), {
    level: 40,
    event: 'message:send',
    code: 'FST_NSP_EVENT_INVALID',
    reason: "/ must have required property 'text'",
  })
  socket.emit('message:send', { text: {} })
  await until(() => lines.some(({ reason }) => reason === '/text must be string'))
  t.match(page, '`event without ack refused`')
})

t.test('a misspelt keyword of a schema', async (t) => {
  const payload = { type: 'object', proprties: {} }
  const { message } = await thrown((app) =>
    app.register(namespaces, {
      namespaces: { '/chat': { events: { 'message:send': { payload, handler: () => 1 } } } },
    }),
  )
  reads(
    t,
    message,
    'Definition /chat events["message:send"].payload is not a valid schema: strict mode: unknown keyword: "proprties"',
  )
})

t.test('a misspelt key of a definition', async (t) => {
  const { message } = await thrown((app) =>
    app.register(namespaces, { namespaces: { '/chat': { event: {} } as never } }),
  )
  reads(t, message, 'Definition namespaces["/chat"].event is unknown: did you mean "events"?')
})

t.test('two definitions of one name', async (t) => {
  const { message } = await thrown(async (app) => {
    await app.register(namespaces, { namespaces: { '/chat': {} } })
    app.namespace('/chat', {})
  })
  reads(
    t,
    message,
    'The namespace /chat is declared twice: give one of them another name, or declare it under another prefix',
  )
})

t.test('a namespace is declared after ready', async (t) => {
  const { message } = await thrown(async (app) => {
    await app.register(namespaces)
    await app.ready()
    app.namespace('/chat', {})
  })
  reads(
    t,
    message,
    'The namespace /chat is declared after the instance is ready: declare it before listen(), ready() or inject(), like a route',
  )
})

t.test('a second io() to the same namespace opens a second connection; one Manager keeps it at one', async (t) => {
  const { app, url } = await serve(t, { options: { namespaces: { '/chat': chat, '/clock': {} } } })
  const sockets = [1, 2].map(() => connectTo(`${url}/chat`, { reconnection: false }))
  t.teardown(() => sockets.map((socket) => socket.disconnect()))
  await Promise.all(sockets.map((socket) => next(socket, 'connect')))
  t.equal(app.io.engine.clientsCount, 2)
  const one = join(t, url, '/chat')
  const other = one.io.socket('/clock')
  t.teardown(() => other.disconnect())
  await Promise.all([next(one, 'connect'), next(other, 'connect')])
  t.equal(app.io.engine.clientsCount, 3, 'and one for both of these')
  t.match(page, '### Two WebSockets, where one was meant')
})

for (const [transport, symptom] of [
  ['polling', 'xhr poll error'],
  ['websocket', 'websocket error'],
] as const) {
  t.test(`a development server on another port, over ${transport}`, async (t) => {
    const { url, logged } = await serve(t)
    const extraHeaders = { origin: 'http://localhost:5173' }
    const error = await refused(t, url, '/chat', { transports: [transport], extraHeaders })
    reads(t, error.message, symptom)
    t.equal(error.data, undefined)
    if (transport === 'polling') t.equal(error.description, 403)
    reads(t, logged('handshake refused')?.msg, 'handshake refused, for its origin')
    t.match(logged('handshake refused'), { level: 40, origin: 'http://localhost:5173', msg: /io\.cors\.origin/ })

    const fixed = await serve(t, {
      options: { io: { cors: { origin: ['http://localhost:5173'] } }, namespaces: { '/chat': chat } },
    })
    await next(join(t, fixed.url, '/chat', { transports: [transport], extraHeaders }), 'connect')
  })

  t.test(`a proxy that changes the Host header, over ${transport}`, async (t) => {
    const { url, logged } = await serve(t)
    // The browser's page has the proxy's address, and the Host is the server's.
    const extraHeaders = { origin: 'https://app.example' }
    reads(t, (await refused(t, url, '/chat', { transports: [transport], extraHeaders })).message, symptom)
    reads(t, logged('handshake refused')?.msg, 'handshake refused, for its origin')
    t.match(logged('handshake refused'), { host: new URL(url).host, msg: /trustProxy/ })

    const fixed = await serve(t, { server: { trustProxy: true } })
    const forwarded = { ...extraHeaders, 'x-forwarded-host': 'app.example', 'x-forwarded-proto': 'https' }
    await next(join(t, fixed.url, '/chat', { transports: [transport], extraHeaders: forwarded }), 'connect')
  })

  t.test(`a proxy under a sub-path, over ${transport}`, async (t) => {
    const { url, lines } = await serve(t)
    const path = '/api/socket.io'
    const error = await refused(t, url, '/chat', { transports: [transport], path })
    reads(t, error.message, symptom)
    if (transport === 'polling') t.equal(error.description, 404)
    const line = lines.find(({ msg }) => String(msg).endsWith('not found'))
    reads(t, line?.msg, 'Route GET:/api/socket.io/')

    const fixed = await serve(t, { options: { io: { path }, namespaces: { '/chat': chat } } })
    await next(join(t, fixed.url, '/chat', { transports: [transport], path }), 'connect')
  })

  t.test(`a hook of the root instance that verifies tokens, over ${transport}`, async (t) => {
    const prepare = async (app: FastifyInstance) => void (await app.register(jwt, { secret: 'of this test' }))
    const verify = async (request: { jwtVerify(): Promise<unknown> }) => void (await request.jwtVerify())
    const { app, url, logged } = await serve(t, {
      prepare: async (app) => {
        await prepare(app)
        app.addHook('onRequest', verify)
      },
    })
    const auth = { token: app.jwt.sign({ sub: 'ada' }) }
    reads(t, (await refused(t, url, '/chat', { transports: [transport], auth })).message, symptom)
    await until(() => logged('handshake refused') !== undefined)
    reads(t, logged('handshake refused')?.msg, 'handshake refused by a hook of the application')
    t.match(logged('handshake refused'), { level: 40, statusCode: 401, transport, msg: /onRequest/ })

    const fixed = await serve(t, { prepare, options: { namespaces: { '/chat': { ...chat, onRequest: verify } } } })
    await next(join(t, fixed.url, '/chat', { transports: [transport], auth }), 'connect')
  })
}

t.test('a port that is in use', async (t) => {
  const { app } = await serve(t)
  const { port } = app.server.address() as AddressInfo
  const { message } = await thrown((other) => other.listen({ host: '127.0.0.1', port }))
  reads(t, message.replace(`:${port}`, ':3000'), 'listen EADDRINUSE: address already in use 127.0.0.1:3000')
})

t.test('register() without await', async (t) => {
  const early = await thrown((app) => {
    app.register(namespaces)
    app.namespace('/chat', {})
  })
  reads(t, early.message, 'app.namespace is not a function')
  const io = await thrown((app) => {
    app.register(namespaces)
    app.io.of('/chat')
  })
  reads(t, io.message, "Cannot read properties of undefined (reading 'of')")
  const fixed = await thrown(async (app) => {
    await app.register(namespaces)
    app.namespace('/chat', {})
  })
  t.equal(fixed.message, 'nothing is wrong')
})

t.test('an undeclared 404 of a handler: the client has the id of its log entry', async (t) => {
  const { url, lines } = await serve(t)
  const { error } = await join(t, url, '/chat').emitWithAck('thing:get')
  reads(t, error.code, 'FST_NSP_INTERNAL')
  const { id } = error.details
  t.match(
    lines.find(({ errorId }) => errorId === id),
    { event: 'thing:get', err: { message: 'no such thing' } },
  )
})

t.test('an expired token: before joining, and while the socket is connected', async (t) => {
  let lastsMs: number | undefined
  const guarded = defineNamespace({
    onRequest: async (request) => void (await request.jwtVerify()),
    // From the moment of the join, however long the client takes until then
    expiresAt: () => (lastsMs === undefined ? undefined : Date.now() + lastsMs),
  })
  const { app, url } = await serve(t, {
    prepare: async (app) => void (await app.register(jwt, { secret: 'of this test' })),
    options: { namespaces: { '/chat': guarded } },
  })
  const old = { token: app.jwt.sign({ sub: 'ada', exp: 1 }) }
  const { data } = await refused(t, url, '/chat', { auth: old })
  reads(t, data?.code, 'FST_JWT_AUTHORIZATION_TOKEN_EXPIRED')

  lastsMs = 500
  const socket = join(t, url, '/chat', { auth: { token: app.jwt.sign({ sub: 'ada' }) } })
  const why = next(socket, 'namespace:disconnect')
  await next(socket, 'connect')
  reads(t, ((await why)[0] as { code: string }).code, 'FST_NSP_IDENTITY_EXPIRED')
  await until(() => !socket.connected)
  lastsMs = undefined
  socket.auth = { token: app.jwt.sign({ sub: 'ada' }) }
  socket.connect()
  await next(socket, 'connect')
})

t.test('no token: `auth` has another key, or was given to the Manager', async (t) => {
  const { app, url } = await serve(t, {
    prepare: async (app) => void (await app.register(jwt, { secret: 'of this test' })),
    // As in the README: a schema that requires a token comes after the hook.
    options: {
      namespaces: {
        '/chat': {
          schema: { auth: { type: 'object', properties: { token: { type: 'string' } }, required: ['token'] } },
          onRequest: async (request) => void (await request.jwtVerify()),
        },
      },
    },
  })
  const token = app.jwt.sign({ sub: 'ada' })
  const ofManager = new Manager(url, { auth: { token }, reconnection: false } as object).socket('/chat')
  t.teardown(() => ofManager.disconnect())
  const [ofNobody] = await next(ofManager, 'connect_error')
  const errors = [ofNobody as ConnectError, await refused(t, url, '/chat', { auth: { jwt: token } })]
  for (const { message, data } of errors) {
    reads(t, message, 'No Authorization was found in request.headers')
    t.match(data, { code: 'FST_JWT_NO_AUTHORIZATION_IN_HEADER', statusCode: 401 })
  }
  await next(join(t, url, '/chat', { auth: { token } }), 'connect')
})

t.test('an event hook is added after ready', async (t) => {
  const { message } = await thrown(async (app) => {
    await app.register(namespaces)
    await app.ready()
    app.addNamespaceHook('onEvent', () => {})
  })
  reads(
    t,
    message,
    'The hook onEvent is added after the instance is ready: call addNamespaceHook() before listen(), ready() or inject(), like addHook()',
  )
})

t.test('an exposed 404 of a handler is sent, as the page shows it', async (t) => {
  const { url } = await serve(t, {
    options: {
      namespaces: {
        '/chat': {
          events: {
            'thing:get': {
              handler: () => {
                throw Object.assign(new Error('No such thing'), { statusCode: 404, code: 'NO_THING', expose: true })
              },
            },
          },
        },
      },
    },
  })
  const { error } = await join(t, url, '/chat').emitWithAck('thing:get')
  t.match(error, { code: 'NO_THING', statusCode: 404, message: 'No such thing' })
  t.match(page, "throw Object.assign(new Error('No such thing'), { statusCode: 404, code: 'NO_THING', expose: true })")
})

t.test('an io.cors that allows no origin', async (t) => {
  const boot = async (cors: unknown) =>
    (await thrown((app) => app.register(namespaces, { io: { cors } } as NamespacesOptions))).message
  reads(
    t,
    await boot('*'),
    `Option io.cors must be an object, or a function: got "*". Write cors: { origin: ['https://app.example'] }`,
  )
  reads(t, await boot({ orgin: '*' }), 'Option io.cors.orgin is unknown: did you mean "origin"? use one of')
  reads(
    t,
    await boot({ origin: 'https://app.example/' }),
    'Option io.cors.origin must be an origin, as a browser sends it: got "https://app.example/", write "https://app.example"',
  )
})

t.test('every symptom of docs/troubleshooting.md is tested here', async (t) => {
  // The rest of a cell, and what redaction.test.ts tests.
  const others = ['not found', 'host', '[redacted]']
  t.strictSame(
    [...SYMPTOMS].filter((symptom) => !met.has(symptom) && !others.includes(symptom)),
    [],
  )
})
