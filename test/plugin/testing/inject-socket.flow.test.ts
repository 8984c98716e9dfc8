import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import fastifyWebsocket from '@fastify/websocket'
import type { FastifyInstance } from 'fastify'
import { Decoder, Encoder } from 'socket.io-parser'
import t, { type Test } from 'tap'
import { defineNamespace, type InjectSocketOptions, type NamespacesOptions, requestOf } from '../../../plugin/index.js'
import { injectSocket } from '../../../plugin/testing.js'
import { build as buildApp, heard, listen, until } from '../harness.js'

// Three processes, each with a compiler.
t.setTimeout(120_000)

const TRANSPORTS = ['websocket', 'polling', 'upgrade'] as const

const echo = defineNamespace({
  emits: { hi: { payload: { type: 'string' } } },
  events: { echo: { handler: (payload) => payload } },
  onConnect: ({ emit }) => {
    emit('hi', 'one')
    emit('hi', 'two')
  },
})

async function build(
  t: Test,
  options: NamespacesOptions = {},
  ...rest: [prepare?: (app: FastifyInstance) => unknown, server?: object]
) {
  const app = await buildApp(t, { namespaces: { '/echo': echo }, ...options }, ...rest)
  return app
}

async function rejection(promise: Promise<unknown>): Promise<Error & { data?: unknown; code?: string }> {
  return promise.then(
    () => {
      throw new Error('it was fulfilled')
    },
    (error) => error,
  )
}

/** Runs a node process, which must end by itself. */
async function run(...command: string[]): Promise<string> {
  const [program = '', ...args] = command
  const cwd = fileURLToPath(new URL('../../..', import.meta.url))
  const { stdout } = await promisify(execFile)(program, args, { cwd, timeout: 60_000 })
  return stdout
}

// Through env(1), because tap puts its own loader, and its coverage, into every child's NODE_OPTIONS.
const BARE = ['env', '-u', 'NODE_OPTIONS', process.execPath, '--import', 'tsx']
// A process that counts for coverage.
const OBSERVED = [process.execPath, ...process.execArgv]

for (const transport of TRANSPORTS) {
  t.test(`over ${transport}`, async (t) => {
    await t.test('a namespace is joined before and after listen', async (t) => {
      const app = await build(t)
      const before = await app.injectSocket<typeof echo>('/echo', { transport })
      t.strictSame(await before.emitWithAck('echo', 1), { ok: true, data: 1 })
      await listen(app)
      const after = await app.injectSocket<typeof echo>('/echo', { transport })
      t.strictSame(await after.emitWithAck('echo', 2), { ok: true, data: 2 })
    })

    await t.test('the handshake has the given options', async (t) => {
      const app = await build(t)
      const joined = heard(app.io.of('/echo'), 'connection')
      await app.injectSocket('/echo', {
        transport,
        auth: { token: 'abc' },
        headers: { 'X-Tenant': 'acme', Host: 'acme.example:8080', Cookie: 'a=1', Origin: 'http://acme.example:8080' },
        cookies: { b: '2; 3' },
        query: { page: 'home' },
      })
      const [socket] = (await joined) as [Parameters<typeof requestOf>[0] & { handshake: { auth: object } }]
      const { headers, query, ip, host, protocol } = requestOf(socket)
      t.match(socket.handshake.auth, { token: 'abc' })
      t.match(headers, { 'x-tenant': 'acme', cookie: 'a=1; b=2%3B%203' })
      t.match(query, { page: 'home' })
      t.match({ ip, host, protocol }, { ip: '127.0.0.1', host: 'acme.example:8080', protocol: 'http' })
    })

    await t.test('a megabyte and binary data are sent and received completely', async (t) => {
      const app = await build(t, { limits: { payloadBytes: 4e6 }, io: { maxHttpBufferSize: 4e6 } })
      const client = await app.injectSocket<typeof echo>('/echo', { transport })
      const text = 'é'.repeat(2 ** 20)
      t.strictSame(await client.emitWithAck('echo', text), { ok: true, data: text })
      const bytes = Buffer.alloc(2 ** 20, 'bytes')
      t.strictSame(await client.emitWithAck('echo', { bytes }), { ok: true, data: { bytes } })
    })

    await t.test('a refused handshake rejects with its status, and leaves nothing behind', async (t) => {
      const app = await build(t, {}, (app) =>
        app.addHook('onRequest', async (_request, reply) => reply.code(401).send({ message: 'Who are you?' })),
      )
      const error = await rejection(app.injectSocket('/echo', { transport }))
      t.strictSame(error.data, { statusCode: 401 })
      t.equal(app.io.engine.clientsCount, 0)
    })

    await t.test('a refused namespace rejects with the refusal, and leaves nothing behind', async (t) => {
      const members = defineNamespace({
        onRequest: async () => {
          throw Object.assign(new Error('not you'), { statusCode: 401 })
        },
      })
      const app = await build(t, { namespaces: { '/echo': echo, '/members': members } })
      app.io.of('/echo').use((_socket, next) => next(Object.assign(new Error('nobody'), { data: { why: 'no' } })))
      const hooks = await rejection(app.injectSocket('/members', { transport }))
      t.match([hooks.message, hooks.data], ['not you', { statusCode: 401 }])
      const ofSocketIo = await rejection(app.injectSocket('/echo', { transport }))
      t.strictSame([ofSocketIo.message, ofSocketIo.data], ['nobody', { why: 'no' }])
      await until(() => app.io.engine.clientsCount === 0)
    })

    await t.test('close() leaves every namespace, and nothing is left', async (t) => {
      const app = await build(t, { namespaces: { '/echo': echo, '/other': {} } })
      const left = ['/echo', '/other'].map(async (name) => {
        const [socket] = (await heard(app.io.of(name), 'connection')) as [NodeJS.EventEmitter]
        return heard(socket, 'disconnect')
      })
      const client = await app.injectSocket('/echo', { transport })
      await client.join('/other')
      await client.close()
      t.match(await Promise.all(left), [['client namespace disconnect'], ['client namespace disconnect']])
      await until(() => app.io.engine.clientsCount === 0)
      await client.close()
    })

    await t.test('app.close() closes it as it closes every client, and refuses new ones', async (t) => {
      const app = await build(t)
      await listen(app)
      const client = await app.injectSocket('/echo', { transport })
      const further = await app.injectSocket('/echo', { transport })
      const reasons: string[] = []
      for (const each of [client, further]) each.on('disconnect', (reason) => reasons.push(reason))
      const awaited = client.nextEvent('never')
      await app.close()
      t.strictSame(reasons, ['transport close', 'transport close'])
      t.equal((await rejection(awaited)).code, 'FST_NSP_CLIENT_DISCONNECTED')
      t.strictSame((await rejection(app.injectSocket('/echo', { transport }))).data, { statusCode: 503 })
    })

    await t.test('a handshake that hangs is aborted by app.close()', async (t) => {
      let hang = () => {}
      const hangs = new Promise<void>((resolve) => {
        hang = resolve
      })
      const app = await build(t, { closeTimeoutMs: 10 }, (app) => app.addHook('onRequest', () => hang()))
      const refused = rejection(app.injectSocket('/echo', { transport }))
      await hangs
      await app.close()
      t.type(await refused, Error)
    })
  })
}

t.test('injectSocket of fastify-namespaces/testing works like app.injectSocket', async (t) => {
  const app = await build(t, { namespaces: { '/echo': echo } })
  const client = await injectSocket<typeof echo>(app, '/echo')
  t.ok(client.connected)
  t.equal(app.io.of('/echo').sockets.size, 1)
  t.match(await rejection(injectSocket(app, '/nowhere')), { message: 'Invalid namespace' })
})

t.test('nextEvent returns each emit once, including those that arrived before the call', async (t) => {
  const app = await build(t)
  const client = await app.injectSocket<typeof echo>('/echo')
  const joined = heard(app.io.of('/echo'), 'connection')
  await app.injectSocket('/echo')
  t.ok(await joined)
  t.equal(await client.nextEvent('hi'), 'one')
  t.equal(await client.nextEvent('hi'), 'two')
  const [third, fourth] = [client.nextEvent('hi'), client.nextEvent('hi')]
  for (const payload of ['three', 'four', 'five']) app.io.of('/echo').emit('hi', payload)
  t.strictSame(await Promise.all([third, fourth, client.nextEvent('hi')]), ['three', 'four', 'five'])
})

t.test('nextEvent rejects if the socket has disconnected and no emit is left', async (t) => {
  const app = await build(t)
  const client = await app.injectSocket('/echo')
  const awaited = client.nextEvent('never')
  await client.emitWithAck('echo')
  app.io.of('/echo').disconnectSockets()
  const error = await rejection(awaited)
  t.equal(error.code, 'FST_NSP_CLIENT_DISCONNECTED')
  t.equal(error.message, 'The client of /echo has disconnected (io server disconnect): no more never will arrive')
  t.equal(await client.nextEvent('hi'), 'one')
  t.equal(await client.nextEvent('hi'), 'two')
  t.equal((await rejection(client.nextEvent('hi'))).code, 'FST_NSP_CLIENT_DISCONNECTED')
})

t.test('several namespaces share one connection, each with its auth and its emits', async (t) => {
  const greeter = defineNamespace({
    emits: { hello: { payload: { type: 'object', additionalProperties: true } } },
    onConnect: ({ socket, emit }) => emit('hello', socket.handshake.auth),
  })
  const app = await build(t, { namespaces: { '/a': greeter, '/b': greeter } })
  const a = await app.injectSocket('/a', { auth: { is: 'a' } })
  const b = await a.join<typeof greeter>('/b', { auth: { is: 'b' } })
  t.strictSame(await a.nextEvent('hello'), { is: 'a' })
  t.strictSame(await b.nextEvent('hello'), { is: 'b' })
  t.equal(app.io.engine.clientsCount, 1)
  t.equal(await b.join('/a'), a, 'a joined namespace returns its socket')
})

t.test('a namespace that has refused can be joined later, also over the same connection', async (t) => {
  const app = await build(t, { namespaces: { '/open': {}, '/echo': echo } })
  const joined = heard(app.io.of('/echo'), 'connection')
  app.io.of('/echo').use(({ handshake }, next) => next(handshake.auth.token ? undefined : new Error('not you')))
  const client = await app.injectSocket('/open')
  t.equal((await rejection(client.join('/echo'))).message, 'not you')
  const admitted = await client.join('/echo', { auth: { token: 'abc' } })
  t.equal(await admitted.nextEvent('hi'), 'one')
  t.equal(app.io.engine.clientsCount, 1)
  const [socket] = (await joined) as [NodeJS.EventEmitter]
  admitted.disconnect()
  await heard(socket, 'disconnect')
  t.ok(
    (await client.join('/echo', { auth: { token: 'abc' } })).connected,
    'a namespace that was left can be joined again',
  )
})

t.test('a connection that ends before the namespace has answered rejects', async (t) => {
  const app = await build(t)
  app.io.of('/echo').use((socket) => void socket.conn.close())
  const error = await rejection(app.injectSocket('/echo'))
  t.equal(error.code, 'FST_NSP_CLIENT_DISCONNECTED')
})

t.test('a wrong address or transport is refused with a hint', async (t) => {
  const app = await build(t)
  const address = await rejection(app.injectSocket('echo'))
  t.equal(address.code, 'FST_NSP_NAME_INVALID')
  t.equal(address.message, 'The namespace name "echo" must begin with a slash: join "/echo"')
  const transport = await rejection(
    app.injectSocket('/echo', { transport: 'toString' } as unknown as InjectSocketOptions),
  )
  t.equal(transport.code, 'FST_NSP_OPTIONS_INVALID')
  t.equal(transport.message, 'Option transport must be polling, websocket or upgrade: got "toString"')
})

t.test('injectSocket waits for the instance, and rejects with the error that keeps it from being ready', async (t) => {
  const app = await build(t)
  app.addHook('onReady', async () => {
    throw new Error('no database')
  })
  t.equal((await rejection(app.injectSocket('/echo'))).message, 'no database')
})

t.test('injectSocket finds the engine below a prefix and at its own path', async (t) => {
  for (const path of ['/ws', '/']) {
    const app = await build(t, { prefix: '/v1', io: { path } })
    t.equal(await (await app.injectSocket<typeof echo>('/v1/echo')).nextEvent('hi'), 'one')
  }
  const app = await build(t, { io: { path: '/' } })
  t.equal(await (await app.injectSocket<typeof echo>('/echo', { transport: 'upgrade' })).nextEvent('hi'), 'one')
})

t.test('injectSocket uses the parser of the application', async (t) => {
  let decoded = 0
  class CountingDecoder extends Decoder {
    override add(chunk: unknown) {
      decoded++
      super.add(chunk)
    }
  }
  const app = await build(t, { io: { parser: { Encoder, Decoder: CountingDecoder } } })
  const client = await app.injectSocket('/echo')
  await client.nextEvent('hi')
  t.ok(decoded >= 3, 'the CONNECT of the client, that of the server, and an emit')
})

t.test('injectSocket works beside @fastify/websocket and other listeners of `upgrade`', async (t) => {
  const app = await build(t, {}, async (app) => {
    await app.register(fastifyWebsocket)
    app.get('/ws', { websocket: true }, (socket) => socket.close())
  })
  for (const transport of TRANSPORTS) {
    const client = await app.injectSocket<typeof echo>('/echo', { transport })
    t.equal(await client.nextEvent('hi'), 'one', transport)
  }
})

t.test(
  'injectSocket works with an https app, and with an http2 app that allows HTTP/1.1; its request is encrypted',
  async (t) => {
    const read = (name: string) => readFile(new URL(`../fixtures/${name}.pem`, import.meta.url))
    const https = { key: await read('key'), cert: await read('cert'), allowHTTP1: true }
    for (const server of [{ https }, { http2: true, https }]) {
      for (const transport of TRANSPORTS) {
        const app = await build(t, {}, undefined, server)
        const joined = heard(app.io.of('/echo'), 'connection')
        await app.injectSocket('/echo', { transport, headers: { origin: 'https://localhost' } })
        const [socket] = (await joined) as [Parameters<typeof requestOf>[0]]
        t.equal(requestOf(socket).protocol, 'https')
        await listen(app)
        const client = await app.injectSocket<typeof echo>('/echo', { transport })
        t.equal(await client.nextEvent('hi'), 'one')
        await app.close()
      }
    }
  },
)

t.test('two apps at a time do not affect each other', async (t) => {
  const named = (name: string) => ({
    namespaces: {
      '/who': defineNamespace({
        emits: { name: { payload: { type: 'string' } } },
        onConnect: ({ emit }) => emit('name', name),
      }),
    },
  })
  const [a, b] = await Promise.all([build(t, named('a')), build(t, named('b'))])
  const [ofA, ofB] = await Promise.all([a.injectSocket('/who'), b.injectSocket('/who')])
  t.strictSame(await Promise.all([ofA.nextEvent('name'), ofB.nextEvent('name')]), ['a', 'b'])
  await a.close()
  t.notOk(ofA.connected)
  t.ok(ofB.connected)
})

t.test('two hundred clients at a time receive a broadcast, and all are closed', async (t) => {
  const app = await build(t)
  const clients = await Promise.all(
    Array.from({ length: 200 }, (_, index) =>
      app.injectSocket<typeof echo>('/echo', { transport: TRANSPORTS[index % 3] ?? 'websocket' }),
    ),
  )
  app.io.of('/echo').emit('hi', 'everybody')
  for (const client of clients) {
    await client.nextEvent('hi')
    await client.nextEvent('hi')
    t.equal(await client.nextEvent('hi'), 'everybody')
  }
  await app.close()
  t.notOk(clients.some(({ connected }) => connected))
})

t.test('the limits of the HTTP server and closeAllConnections() apply to it, too', async (t) => {
  for (const transport of TRANSPORTS) {
    const app = await build(t, {}, undefined, {
      connectionTimeout: 1000,
      requestTimeout: 1000,
      forceCloseConnections: true,
    })
    await listen(app)
    const client = await app.injectSocket<typeof echo>('/echo', { transport })
    t.equal(await client.nextEvent('hi'), 'one')
    app.server.closeIdleConnections()
    t.equal(await client.nextEvent('hi'), 'two')
    const gone = rejection(client.nextEvent('hi'))
    app.server.closeAllConnections()
    await app.close()
    t.equal((await gone).code, 'FST_NSP_CLIENT_DISCONNECTED')
  }
})

t.test('a process that has closed its app ends at once, without its clients being closed', async (t) => {
  const module = new URL('../../../plugin/index.ts', import.meta.url)
  // In this process, a long timer never fires: one that is left keeps the process alive for longer than run() waits.
  const script = `
    import timers from 'node:timers'
    const { setTimeout } = globalThis
    timers.setTimeout = globalThis.setTimeout = (run, ms, ...args) => setTimeout(run, ms > 10_000 ? 2 ** 31 - 1 : ms, ...args)
    const { default: Fastify } = await import('fastify')
    const { default: namespaces } = await import('${module}')
    const app = Fastify()
    await app.register(namespaces, { namespaces: { '/chat': {} } })
    await app.listen()
    for (const transport of ['websocket', 'polling', 'upgrade']) await app.injectSocket('/chat', { transport })
    await app.close()
    console.log('closed')
  `
  t.equal(await run(...BARE, '--input-type=module', '--eval', script), 'closed\n', 'no timer of the engine is left')
})

t.test('injectSocket keeps no process alive after its app was closed, with any version of ws', async (t) => {
  const module = new URL('../../../plugin/index.ts', import.meta.url)
  for (const transport of TRANSPORTS) {
    const script = `
      import Fastify from 'fastify'
      import namespaces from '${module}'
      const app = Fastify()
      await app.register(namespaces, { namespaces: { '/a': {} } })
      await app.injectSocket('/a', { transport: '${transport}' })
      await app.close()
      console.log('closed')
      setTimeout(() => console.log('kept by', ...process.getActiveResourcesInfo()) ?? process.exit(), 30_000).unref()
    `
    t.equal(await run(...BARE, '--input-type=module', '--eval', script), 'closed\n', transport)
  }
})

t.test('without socket.io-client the error says what to install', async (t) => {
  const module = new URL('../../../plugin/index.ts', import.meta.url)
  const hooks = `export async function resolve(name, context, next) {
    if (name === 'socket.io-client') throw Object.assign(new Error('Cannot find it'), { code: 'ERR_MODULE_NOT_FOUND' })
    return next(name, context)
  }`
  const script = `
    import { register } from 'node:module'
    register('data:text/javascript,' + encodeURIComponent(${JSON.stringify(hooks)}))
    const { default: Fastify } = await import('fastify')
    const { default: namespaces } = await import('${module}')
    const app = Fastify()
    await app.register(namespaces, { namespaces: { '/chat': {} } })
    const { code, message, cause } = await app.injectSocket('/chat').catch((error) => error)
    console.log(JSON.stringify({ code, message, cause: cause?.code }))
    await app.close()
  `
  t.strictSame(JSON.parse(await run(...OBSERVED, '--input-type=module', '--eval', script)), {
    code: 'FST_NSP_CLIENT_MISSING',
    message: 'injectSocket() needs socket.io-client, which is not installed: npm install --save-dev socket.io-client',
    cause: 'ERR_MODULE_NOT_FOUND',
  })
})

t.test('the examples in docs/testing.md are those of examples/, word for word, and pass', async (t) => {
  const read = (path: string) => readFile(new URL(`../../../${path}`, import.meta.url), 'utf8')
  const page = await read('docs/testing.md')
  for (const [example, sentence] of [
    ['examples/testing.ts', 'a message from outside every room is refused'],
    ['examples/contract-test.ts', 'the server does what its schemas say'],
  ] as const) {
    const [, block] = new RegExp(`<!-- ${example}[^\\n]*-->\\n\`\`\`ts\\n(.*?)\`\`\``, 's').exec(page) ?? []
    t.equal(block, await read(example))
    t.match(await run(...BARE, example), sentence)
  }
})
