import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { connect as connectTls } from 'node:tls'
import websocket from '@fastify/websocket'
import type { FastifyInstance } from 'fastify'
import t, { type Test } from 'tap'
import WebSocket from 'ws'
import { createReadUrl, secondaryServersOf } from '../../../plugin/engine/http/fastify-internals.js'
import { request, TcpClient, upgrade } from '../../wire/wire.js'
import { build, heard, join, listen, next, POLLING, until, WEBSOCKET } from '../harness.js'

/*
 * Requests with an Upgrade header: for the engine, for other listeners, and without a listener.
 */

const H2C = { connection: 'Upgrade, HTTP2-Settings', upgrade: 'h2c', 'http2-settings': 'AAMAAABkAAQCAAAAAAIAAAAA' }
const CHUNKED = 'POST /echo HTTP/1.1\r\nHost: here\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n'
const OFFER = 'Connection: keep-alive, Upgrade\r\nUpgrade: h2c\r\n\r\n'

/** Adds a route that replies with the body and the headers of the request. */
function addEcho(app: FastifyInstance): void {
  app.post('/echo', async ({ body, headers, raw }) => ({
    body,
    upgrade: headers.upgrade,
    connection: headers.connection,
    raw: raw.rawHeaders.filter((_, index) => /^upgrade$/i.test(raw.rawHeaders[index - 1] ?? '')),
  }))
  app.get('/plain', async ({ headers }) => ({ upgrade: headers.upgrade }))
}

function post(body: object, headers: object = H2C): string {
  return request('POST', '/echo', { 'content-type': 'application/json', ...headers }, JSON.stringify(body))
}

async function open(t: Test, port: number): Promise<TcpClient> {
  const tcp = new TcpClient(port)
  t.teardown(() => tcp.end())
  return tcp
}

function raise(): never {
  throw new Error('no')
}

/** Other listeners for upgrades. */
const NEIGHBOURS: Record<string, (app: FastifyInstance) => unknown> = {
  'no listener': () => {},
  '@fastify/websocket': (app) => app.register(websocket),
}

for (const [neighbour, prepare] of Object.entries(NEIGHBOURS)) {
  t.test(`beside ${neighbour}, a POST with an Upgrade header that no listener takes gets its response`, async (t) => {
    const app = await build(t, undefined, prepare)
    addEcho(app)
    const tcp = await open(t, await listen(app))
    // In one write, in two, chunked, and with the next request behind it.
    tcp.write(post({ n: 1 }))
    const first = await tcp.answer()
    t.equal(first?.status, 200)
    t.match(JSON.parse(first?.body ?? ''), { body: { n: 1 }, upgrade: 'h2c', raw: ['h2c'] })
    const whole = post({ n: 2 })
    tcp.write(whole.slice(0, -4))
    tcp.write(whole.slice(-4))
    t.match(JSON.parse((await tcp.answer())?.body ?? ''), { body: { n: 2 } })
    tcp.write(`${CHUNKED}${OFFER}7\r\n{"n":3}\r\n0\r\n\r\n${post({ n: 4 }, {})}`)
    t.match(JSON.parse((await tcp.answer())?.body ?? ''), { body: { n: 3 }, connection: 'keep-alive, Upgrade' })
    const last = JSON.parse((await tcp.answer())?.body ?? '')
    t.match(last, { body: { n: 4 } })
    t.notOk('upgrade' in last, 'the next request has no Upgrade header')
  })
}

/** Adds a route whose replies the test sends, one after another. */
function addSlow(app: FastifyInstance) {
  const waiting: (() => void)[] = []
  app.get('/slow', () => new Promise((respond) => waiting.push(() => respond({ n: 0 }))))
  return waiting
}

t.test('a request with an Upgrade header waits for the responses before it', async (t) => {
  const app = await build(t)
  addEcho(app)
  const waiting = addSlow(app)
  const tcp = await open(t, await listen(app))
  tcp.write(`${request('GET', '/slow')}${request('GET', '/slow')}${post({ n: 1 })}`)
  await until(() => waiting.length === 2)
  for (const answer of waiting) {
    answer()
    t.strictSame(JSON.parse((await tcp.answer())?.body ?? ''), { n: 0 })
  }
  t.match(JSON.parse((await tcp.answer())?.body ?? ''), { body: { n: 1 } })
})

t.test('behind a response that closes the connection, a request with an Upgrade header is not answered', async (t) => {
  const app = await build(t)
  addEcho(app)
  const waiting: (() => void)[] = []
  app.get('/last', (_request, reply) => {
    waiting.push(() => void reply.header('connection', 'close').send({ n: 0 }))
  })
  const tcp = await open(t, await listen(app))
  tcp.write(`${request('GET', '/last')}${post({ n: 1 })}`)
  await until(() => waiting.length === 1)
  waiting[0]?.()
  t.strictSame(JSON.parse((await tcp.answer())?.body ?? ''), { n: 0 })
  t.equal(await tcp.answer(), undefined)
})

t.test('a connection that closes before its upgrade request is handled does not affect the server', async (t) => {
  const app = await build(t)
  const waiting = addSlow(app)
  const connected = once(app.server, 'connection')
  const tcp = await open(t, await listen(app))
  tcp.write(`${request('GET', '/slow')}${post({ n: 1 })}`)
  await until(() => waiting.length === 1)
  const [connection] = (await connected) as [Duplex]
  const closed = new Promise((resolve) => connection.once('close', resolve))
  await tcp.end()
  waiting[0]?.()
  await closed
  t.equal((await app.inject('/none')).statusCode, 404)
})

t.test(
  'a connection with repeated Upgrade headers keeps no extra listener, and is closed after the eighth response',
  async (t) => {
    const app = await build(t)
    addEcho(app)
    const connected = once(app.server, 'connection')
    const tcp = await open(t, await listen(app))
    for (let n = 1; n <= 8; n++) {
      tcp.write(post({ n }))
      t.match(JSON.parse((await tcp.answer())?.body ?? ''), { body: { n } })
      const [connection] = (await connected) as [Duplex]
      if (n < 8)
        t.strictSame(
          ['pause', 'resume', 'data'].map((name) => connection.listenerCount(name)),
          [1, 1, 1],
        )
    }
    await tcp.ended
  },
)

t.test('a request with an Upgrade header that no listener takes gets its response over TLS, too', async (t) => {
  const read = (name: string) => readFile(new URL(`../fixtures/${name}.pem`, import.meta.url))
  const https = { key: await read('key'), cert: await read('cert') }
  for (const server of [{ https }, { http2: true, https: { ...https, allowHTTP1: true } }]) {
    const app = await build(t, undefined, undefined, server as object)
    addEcho(app)
    const connection = connectTls({
      port: await listen(app),
      host: '127.0.0.1',
      ca: https.cert,
      servername: 'localhost',
    })
    t.teardown(() => connection.destroy())
    connection.write(post({ n: 1 }))
    let answered = ''
    connection.on('data', (chunk) => {
      answered += chunk
    })
    await until(() => answered.includes('}'))
    t.match(answered, /^HTTP\/1\.1 200[\s\S]*"body":\{"n":1\}/)
  }
})

t.test(
  'a poll with an Upgrade header is a poll, and a WebSocket request for a route is answered by that route',
  async (t) => {
    const app = await build(t)
    addEcho(app)
    const port = await listen(app)
    const tcp = await open(t, port)
    tcp.write(request('GET', '/socket.io/?EIO=4&transport=polling', H2C))
    const { sid } = JSON.parse((await tcp.answer())?.body.slice(1) ?? '')
    tcp.write(request('POST', `/socket.io/?EIO=4&transport=polling&sid=${sid}`, H2C, '40/chat,'))
    t.equal((await tcp.answer())?.body, 'ok')
    tcp.write(request('GET', `/socket.io/?EIO=4&transport=polling&sid=${sid}`, H2C))
    t.match((await tcp.answer())?.body, /^40\/chat,\{"sid"/)
    tcp.write(upgrade('/plain'))
    t.strictSame(JSON.parse((await tcp.answer())?.body ?? ''), { upgrade: 'websocket' })
    const client = join(t, `http://127.0.0.1:${port}`, '/chat', { transports: ['websocket'] })
    await next(client, 'connect')
  },
)

t.test('an upgrade goes to the listener of the application, also to one that was added after ready', async (t) => {
  const app = await build(t)
  addEcho(app)
  const port = await listen(app)
  const heardOf: (string | undefined)[] = []
  app.server.on('upgrade', (raw: IncomingMessage, connection: Duplex) => {
    heardOf.push(raw.url)
    if (raw.url === '/hmr') connection.end('HTTP/1.1 101 Switching Protocols\r\nContent-Length: 0\r\n\r\n')
  })
  const tcp = await open(t, port)
  tcp.write(upgrade('/hmr'))
  t.equal((await tcp.answer())?.status, 101)
  const other = await open(t, port)
  other.write(post({ n: 1 }))
  t.match(
    JSON.parse((await other.answer())?.body ?? ''),
    { body: { n: 1 } },
    'an upgrade to HTTP/2 is answered as a plain request',
  )
  const client = join(t, `http://127.0.0.1:${port}`, '/chat', { transports: ['websocket'] })
  await next(client, 'connect')
  t.equal(heardOf[0], '/hmr')
})

t.test("the engine's path is compared after rewriteUrl, and hooks run once for an engine session", async (t) => {
  const seen: (string | undefined)[] = []
  let handshakes = 0
  const app = await build(
    t,
    undefined,
    (app) =>
      void app.addHook('onRequest', async ({ method }) => {
        if (method === 'GET' || method === 'POST') handshakes++
      }),
    {
      rewriteUrl(this: unknown, { url = '' }) {
        seen.push((this as FastifyInstance).version)
        return url.replace(/^\/api(?=\/)/, '')
      },
    } as object,
  )
  const port = await listen(app)
  for (const transports of [['websocket'], ['polling'], ['polling', 'websocket']]) {
    handshakes = 0
    const client = join(t, `http://127.0.0.1:${port}`, '/chat', { path: '/api/socket.io/', transports })
    await next(client, 'connect')
    await until(() => client.io.engine.transport.name === transports.at(-1))
    t.equal(handshakes, 1, transports.join(' -> '))
    client.disconnect()
  }
  t.equal(new Set(seen).size, 1, 'rewriteUrl has the `this` that Fastify gives it')
})

t.test('a rewriteUrl that throws, or returns no string, is ignored here: Fastify reports it', async (t) => {
  const raw = { url: '/socket.io/' } as IncomingMessage
  for (const rewriteUrl of [() => raise(), () => 1]) {
    const app = await build(t, undefined, undefined, { rewriteUrl } as object)
    t.equal(createReadUrl(app)(raw), '/socket.io/')
  }
})

t.test(
  'if Fastify lacks the private fields, urls are read as they were sent, and there is no second server',
  async (t) => {
    const bare = {} as FastifyInstance
    t.equal(createReadUrl(bare)({ url: '/api/socket.io/' } as IncomingMessage), '/api/socket.io/')
    t.strictSame(secondaryServersOf(bare), [])
  },
)

t.test(
  'a request of a foreign origin for an open engine session is refused, on every transport and method',
  async (t) => {
    const app = await build(t, { io: { cors: { origin: 'https://app.example' } }, namespaces: { '/chat': {} } })
    const port = await listen(app)
    const tcp = await open(t, port)
    tcp.write(request('GET', POLLING))
    const { sid } = JSON.parse((await tcp.answer())?.body.slice(1) ?? '')
    const target = `${POLLING}&sid=${sid}`
    for (const method of ['POST', 'GET', 'OPTIONS', 'PUT']) {
      tcp.write(request(method, target, { origin: 'https://evil.example' }, method === 'POST' ? '40/chat,' : ''))
      const answer = await tcp.answer()
      t.equal(answer?.status, 403, method)
      t.match(JSON.parse(answer?.body ?? ''), { code: 'FST_NSP_ORIGIN_FORBIDDEN', statusCode: 403, error: 'Forbidden' })
    }
    const socket = new WebSocket(`ws://127.0.0.1:${port}${WEBSOCKET}&sid=${sid}`, { origin: 'https://evil.example' })
    t.match(await heard(socket, 'error'), [{ message: 'Unexpected server response: 403' }])
    for (const origin of ['https://app.example', 'http://localhost']) {
      const other = await open(t, port)
      other.write(request('POST', target, { origin }, '40/chat,'))
      t.equal((await other.answer())?.body, 'ok', origin)
    }
  },
)

t.test('after a response by node itself the next request of the connection has its own headers', async (t) => {
  const app = await build(t)
  app.get('/me', async ({ headers }) => ({ cookie: headers.cookie, host: headers.host }))
  const port = await listen(app)
  for (const expect of ['foo', '100-continue']) {
    const tcp = await open(t, port)
    let answered = ''
    tcp.socket.on('data', (chunk) => {
      answered += chunk
    })
    tcp.write(request('GET', '/me', { ...H2C, expect, cookie: 'user=first', host: 'first' }))
    await until(() => answered.includes(expect === 'foo' ? ' 417 ' : '{"cookie":"user=first","host":"first"}'))
    tcp.write(request('GET', '/me', { cookie: 'user=second', host: 'second' }))
    await until(() => answered.includes('second'))
    t.match(answered, /\{"cookie":"user=second","host":"second"\}$/)
  }
})

t.test('a client can not get the headers of another request by guessing the marker', async (t) => {
  const app = await build(t)
  app.get('/me', async ({ headers }) => ({ cookie: headers.cookie }))
  const tcp = await open(t, await listen(app))
  tcp.write(request('GET', '/me', { ...H2C, cookie: 'user=first' }))
  await tcp.answer()
  tcp.write(request('GET', '/me', { 'x-fastify-namespaces-returned': 'guess', cookie: 'user=second' }))
  t.strictSame(JSON.parse((await tcp.answer())?.body ?? ''), { cookie: 'user=second' })
})

t.test('upgrade listeners can be listed, removed and added, and those of `once` are called once', async (t) => {
  const heardBy: string[] = []
  const answer = (name: string) => (raw: IncomingMessage, connection: Duplex) => {
    if (raw.url !== '/hmr') return
    heardBy.push(name)
    connection.end('HTTP/1.1 101 Switching Protocols\r\nContent-Length: 0\r\n\r\n')
  }
  const [old, once, fresh, late] = ['old', 'once', 'new', 'late'].map(answer) as [ReturnType<typeof answer>, ...never[]]
  const app = await build(t, undefined, (app) => void app.server.on('upgrade', old).once('upgrade', once as never))
  const port = await listen(app)
  const ask = async () => {
    const tcp = await open(t, port)
    tcp.write(upgrade('/hmr'))
    return (await tcp.answer())?.status
  }
  t.strictSame(app.server.listeners('upgrade').slice(1), [old, once])
  t.equal(await ask(), 101)
  app.server.off('upgrade', old)
  app.server.on('upgrade', fresh as never)
  t.equal(await ask(), 101)
  app.server.off('upgrade', fresh as never)
  app.server.prependOnceListener('upgrade', late as never)
  t.equal(await ask(), 101)
  t.strictSame(heardBy, ['old', 'once', 'new', 'late'])
  const client = join(t, `http://127.0.0.1:${port}`, '/chat', { transports: ['websocket'] })
  await next(client, 'connect')
})

t.test('a rewriteUrl that also sets raw.url, and is not idempotent, does not affect other routes', async (t) => {
  const rewriteUrl = (raw: { url?: string }) => {
    raw.url = String(raw.url).replace(/^\/\w+(?=\/)/, '')
    return raw.url
  }
  const app = await build(t, undefined, (app) => void app.get('/x/y', async () => 'y'), { rewriteUrl } as object)
  const port = await listen(app)
  for (const transports of [['websocket'], ['polling']]) {
    const client = join(t, `http://127.0.0.1:${port}`, '/chat', { path: '/api/socket.io/', transports })
    await next(client, 'connect')
    t.equal(await (await fetch(`http://127.0.0.1:${port}/a/x/y`)).text(), 'y')
  }
})

t.test(
  'an io.cors function that never calls back, or fails, refuses a later request and does not delay closing',
  async (t) => {
    const answers: ((error: Error | null, isAllowed?: boolean) => void)[] = []
    const origin = (origin: unknown, answer: (typeof answers)[number]) =>
      origin === undefined ? answer(null, true) : void answers.push(answer)
    const app = await build(t, { io: { cors: { origin: origin as never } }, namespaces: { '/chat': {} } })
    const port = await listen(app)
    const tcp = await open(t, port)
    tcp.write(request('GET', POLLING))
    const { sid } = JSON.parse((await tcp.answer())?.body.slice(1) ?? '')
    tcp.write(request('POST', `${POLLING}&sid=${sid}`, { origin: 'https://app.example' }, '3'))
    await until(() => answers.length === 1)
    answers[0]?.(new Error('the list is gone'))
    t.equal((await tcp.answer())?.status, 403)
    tcp.write(request('POST', `${POLLING}&sid=${sid}`, { origin: 'https://app.example' }, '3'))
    t.equal((await tcp.answer())?.status, 403, 'after the time limit')
  },
)
