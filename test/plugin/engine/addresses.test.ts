import dns from 'node:dns'
import { readFile } from 'node:fs/promises'
import { networkInterfaces } from 'node:os'
import cors from '@fastify/cors'
import helmet from '@fastify/helmet'
import files from '@fastify/static'
import websocket from '@fastify/websocket'
import Fastify, { type FastifyInstance } from 'fastify'
import t, { type Test } from 'tap'
import WebSocket from 'ws'
import namespaces from '../../../plugin/index.js'
import { build, heard, join, listen, next, POLLING, shake, TRANSPORTS, until, WEBSOCKET } from '../harness.js'

const echo = {
  '/chat': {
    onConnect: ({
      socket,
    }: {
      socket: { on: (event: string, listener: (value: unknown, ack: (value: unknown) => void) => void) => unknown }
    }) => {
      socket.on('echo', (value, ack) => ack(value))
    },
  },
}

/** Checks that socket.io-client connects on every transport and gets an ack. */
async function connects(t: Test, url: string, name = '/chat', options: object = {}): Promise<void> {
  for (const transports of TRANSPORTS) {
    const socket = join(t, url, name, { transports: [...transports], ...options })
    await next(socket, 'connect')
    await until(() => socket.io.engine.transport.name === transports.at(-1))
    t.equal(await socket.emitWithAck('echo', 'x'), 'x', `${url} ${transports.join(' -> ')}`)
  }
}

/** Resolves `localhost` to two addresses, as on a machine with IPv6: the second is ::1, or 127.0.0.2 without IPv6. */
function resolveTwice(t: Test): string {
  const hasIpv6 = Object.values(networkInterfaces()).some((all) => all?.some(({ address }) => address === '::1'))
  const second = hasIpv6 ? { address: '::1', family: 6 } : { address: '127.0.0.2', family: 4 }
  const { lookup } = dns
  t.teardown(() => {
    dns.lookup = lookup
  })
  dns.lookup = ((host: string, options: { all?: boolean }, callback: (...args: unknown[]) => void) => {
    if (host === 'localhost' && options.all) return callback(null, [{ address: '127.0.0.1', family: 4 }, second])
    return lookup(host === 'localhost' ? '127.0.0.1' : host, options, callback as never)
  }) as typeof lookup
  return hasIpv6 ? '[::1]' : '127.0.0.2'
}

t.test('both addresses of localhost serve every transport, and no hook runs for their polls', async (t) => {
  const second = resolveTwice(t)
  let handshakes = 0
  const app = await build(t, { namespaces: echo }, (app) => {
    app.addHook('onRequest', async ({ method }) => void (method === 'GET' && handshakes++))
  })
  const port = await listen(app, 'localhost')
  t.equal(app.addresses().length, 2)
  await connects(t, `http://127.0.0.1:${port}`)
  await connects(t, `http://${second}:${port}`)
  t.equal(handshakes, 6)
  await app.close()
  t.equal(app.io.engine.clientsCount, 0, 'engine sessions of both servers are closed')
})

t.test("if Fastify's second server can't be found, polls to it go through the route and work", async (t) => {
  const second = resolveTwice(t)
  const { getOwnPropertySymbols } = Object
  t.teardown(() => {
    Object.getOwnPropertySymbols = getOwnPropertySymbols
  })
  Object.getOwnPropertySymbols = (object) =>
    getOwnPropertySymbols(object).filter(({ description }) => description !== 'fastify.serverBindings')
  let requests = 0
  const app = await build(t, { namespaces: echo }, (app) => {
    app.addHook('onRequest', async () => void requests++)
  })
  await connects(t, `http://${second}:${await listen(app, 'localhost')}`)
  t.ok(requests > 3)
})

t.test('every transport connects over HTTPS', async (t) => {
  const read = (name: string) => readFile(new URL(`../fixtures/${name}.pem`, import.meta.url))
  const https = { key: await read('key'), cert: await read('cert') }
  const app = await build(t, { namespaces: echo }, undefined, { https } as object)
  await connects(t, `https://localhost:${await listen(app, 'localhost')}`, '/chat', {
    ca: https.cert,
    rejectUnauthorized: true,
  })
})

t.test('every transport connects under a custom path, with or without a trailing slash', async (t) => {
  for (const path of ['/live', '/live/', '/a/b']) {
    const app = await build(t, { io: { path }, namespaces: echo })
    await connects(t, `http://127.0.0.1:${await listen(app)}`, '/chat', { path })
    t.equal((await app.inject(POLLING)).statusCode, 404)
  }
})

t.test('every transport connects with ignoreTrailingSlash', async (t) => {
  const app = await build(t, { namespaces: echo }, undefined, { routerOptions: { ignoreTrailingSlash: true } })
  await connects(t, `http://127.0.0.1:${await listen(app)}`)
})

t.test(
  "a prefix, of the context or of the plugin's options, applies to the engine's path and to the names",
  async (t) => {
    const inContext = Fastify()
    t.teardown(() => inContext.close())
    await inContext.register(async (scope) => void (await scope.register(namespaces, { namespaces: echo })), {
      prefix: '/v1',
    })
    const ofItsOwn = await build(t, { prefix: '/v1', namespaces: echo })
    for (const app of [inContext, ofItsOwn]) {
      await connects(t, `http://127.0.0.1:${await listen(app)}`, '/v1/chat', { path: '/v1/socket.io' })
      t.equal((await app.inject(POLLING)).statusCode, 404)
    }
  },
)

t.test('two servers in two contexts each have their own path', async (t) => {
  const app = Fastify()
  t.teardown(() => app.close())
  for (const prefix of ['/v1', '/v2']) {
    await app.register(async (scope) => void (await scope.register(namespaces, { namespaces: echo })), { prefix })
  }
  const url = `http://127.0.0.1:${await listen(app)}`
  await connects(t, url, '/v1/chat', { path: '/v1/socket.io' })
  await connects(t, url, '/v2/chat', { path: '/v2/socket.io' })
})

t.test('behind a trusted proxy the same origin is that of the proxy', async (t) => {
  const app = await build(t, undefined, undefined, { trustProxy: true })
  const port = await listen(app)
  const headers = { 'x-forwarded-host': 'app.example', 'x-forwarded-proto': 'https', origin: 'https://app.example' }
  t.equal((await fetch(`http://127.0.0.1:${port}${POLLING}`, { headers })).status, 200)
  t.equal((await shake(`ws://127.0.0.1:${port}${WEBSOCKET}`, { headers })).statusCode, 101)
  const plain = { ...headers, origin: 'http://app.example' }
  t.equal((await shake(`ws://127.0.0.1:${port}${WEBSOCKET}`, { headers: plain })).statusCode, 403)
  const connection = heard(app.io.of('/chat'), 'connection')
  await next(
    join(t, `http://127.0.0.1:${port}`, '/chat', { extraHeaders: { 'x-forwarded-for': '203.0.113.9' } }),
    'connect',
  )
  t.ok(await connection)
})

for (const order of ['before', 'after']) {
  t.test(`every transport connects beside @fastify/websocket, registered ${order} the plugin`, async (t) => {
    const addWebsocket = async (app: FastifyInstance) => {
      await app.register(websocket)
      app.register(async (scope) => {
        scope.get(
          '/raw',
          { websocket: true },
          (socket) => void socket.on('message', (data) => socket.send(`echo ${data}`)),
        )
      })
    }
    const app = await build(t, { namespaces: echo }, order === 'before' ? addWebsocket : undefined)
    if (order === 'after') await addWebsocket(app)
    const port = await listen(app)
    await connects(t, `http://127.0.0.1:${port}`)
    const raw = new WebSocket(`ws://127.0.0.1:${port}/raw`)
    t.teardown(() => raw.terminate())
    await heard(raw, 'open')
    raw.send('x')
    t.equal(String((await heard(raw, 'message'))[0]), 'echo x')
    t.equal((await shake(`ws://127.0.0.1:${port}/nowhere`)).statusCode, 404)
  })
}

t.test(
  'every transport connects beside @fastify/static, @fastify/cors and @fastify/helmet with their defaults',
  async (t) => {
    const app = await build(t, { namespaces: echo }, async (app) => {
      await app.register(cors)
      await app.register(helmet)
      await app.register(files, { root: new URL('../fixtures/', import.meta.url) })
    })
    const port = await listen(app)
    await connects(t, `http://127.0.0.1:${port}`)
    const response = await fetch(`http://127.0.0.1:${port}${POLLING}`)
    t.equal(response.headers.get('x-content-type-options'), 'nosniff')
    t.equal(response.headers.get('access-control-allow-origin'), '*')
    t.equal((await app.inject('/cert.pem')).statusCode, 200)
  },
)

t.test('Fastify answers an upgrade without a listener as a plain request', async (t) => {
  const app = await build(t, undefined, (app) => app.get('/plain', async () => 'plain'))
  const port = await listen(app)
  t.match(await shake(`ws://127.0.0.1:${port}/plain`), {
    statusCode: 200,
    body: 'plain',
    headers: { connection: 'keep-alive' },
  })
  t.match(await shake(`ws://127.0.0.1:${port}/socket.iox/?EIO=4&transport=websocket`), { statusCode: 404 })
})

t.test('HTTP/2 without HTTP/1.1 is refused at boot; with allowHTTP1 every transport connects', async (t) => {
  const read = (name: string) => readFile(new URL(`../fixtures/${name}.pem`, import.meta.url))
  const https = { key: await read('key'), cert: await read('cert') }
  await t.rejects(build(t, undefined, undefined, { http2: true, https } as object), { code: 'FST_NSP_HTTP2_ONLY' })
  await t.rejects(build(t, undefined, undefined, { http2: true } as object), { code: 'FST_NSP_HTTP2_ONLY' })
  const app = await build(t, { namespaces: echo }, undefined, {
    http2: true,
    https: { ...https, allowHTTP1: true },
  } as object)
  await connects(t, `https://localhost:${await listen(app, 'localhost')}`, '/chat', { ca: https.cert })
})

t.test('an engine session answers any method but GET and POST with 400, and stays open', async (t) => {
  const app = await build(t, {
    closeTimeoutMs: 10,
    io: { cors: { origin: 'https://app.example', preflightContinue: true } },
    namespaces: echo,
  })
  const url = `http://127.0.0.1:${await listen(app)}${POLLING}`
  const { sid } = JSON.parse((await (await fetch(url)).text()).slice(1))
  for (const method of ['PUT', 'DELETE', 'PATCH', 'OPTIONS']) {
    const response = await fetch(`${url}&sid=${sid}`, { method })
    t.equal(response.status, 400, method)
    t.strictSame(await response.json(), { code: 2, message: 'Bad handshake method' }, "the engine's own response")
    t.equal(response.headers.get('access-control-allow-origin'), 'https://app.example')
  }
  t.equal((await fetch(`${url}&sid=${sid}`, { method: 'HEAD' })).status, 400)
  t.equal((await app.inject({ method: 'OPTIONS', url: `${POLLING}&sid=${sid}` })).statusCode, 400)
  t.equal(await (await fetch(`${url}&sid=${sid}`, { method: 'POST', body: '40/chat,' })).text(), 'ok')
  t.match(await (await fetch(`${url}&sid=${sid}`)).text(), /^40\/chat,/)
})

t.test('a preflight request for an engine session is answered', async (t) => {
  const app = await build(t, { closeTimeoutMs: 10, io: { cors: { origin: 'https://app.example' } } })
  const url = `http://127.0.0.1:${await listen(app)}${POLLING}`
  const { sid } = JSON.parse((await (await fetch(url)).text()).slice(1))
  const headers = { origin: 'https://app.example', 'access-control-request-method': 'POST' }
  const response = await fetch(`${url}&sid=${sid}`, { method: 'OPTIONS', headers })
  t.equal(response.status, 204)
  t.equal(response.headers.get('access-control-allow-origin'), 'https://app.example')
})
