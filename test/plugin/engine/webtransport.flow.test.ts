import type { AddressInfo } from 'node:net'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { Socket as ServerSocket } from 'socket.io'
import t, { type Test } from 'tap'
import { type NamespacesOptions, requestOf } from '../../../plugin/index.js'
import { build, heard, join, listen, logLines, next, until } from '../harness.js'

/*
 * WebTransport connections, which have no HTTP request. The transport is in memory, on streams of the platform; socket.io-client
 * and the engine use it as they would use a real one.
 */

interface Stream {
  readonly readable: ReadableStream<Uint8Array>
  readonly writable: WritableStream<Uint8Array>
}

/** Replaces the browser's WebTransport, which socket.io-client creates; its other end goes to an engine. */
class MemoryTransport {
  static engine: { onWebTransportSession(session: unknown): Promise<unknown> }
  readonly ready = Promise.resolve()
  readonly closed: Promise<void>
  close: () => void = () => {}
  #offer: (stream: Stream) => void = () => {}

  constructor() {
    this.closed = new Promise((resolve) => {
      this.close = resolve
    })
    const incomingBidirectionalStreams = new ReadableStream<Stream>({
      start: (controller) => {
        this.#offer = (stream) => controller.enqueue(stream)
      },
    })
    const { closed, close } = this
    void MemoryTransport.engine.onWebTransportSession({ incomingBidirectionalStreams, closed, close })
  }

  async createBidirectionalStream(): Promise<Stream> {
    const up = new TransformStream<Uint8Array, Uint8Array>()
    const down = new TransformStream<Uint8Array, Uint8Array>()
    this.#offer({ readable: up.readable, writable: down.writable })
    return { readable: down.readable, writable: up.writable }
  }
}

async function open(
  t: Test,
  options: NamespacesOptions,
  transports = ['webtransport'],
  prepare: (app: FastifyInstance) => unknown = () => {},
) {
  const { lines, logger } = logLines()
  const app = await build(t, options, prepare, { logger })
  const url = `http://127.0.0.1:${await listen(app)}`
  MemoryTransport.engine = app.io.engine as never
  Object.assign(globalThis, { WebTransport: MemoryTransport })
  const enter = (name: string, auth: object = {}) => join(t, url, name, { transports, auth } as object)
  const failures = () => lines.filter(({ level }) => Number(level) >= 50)
  return { app, enter, failures }
}

for (const connectionStateRecovery of [undefined, {}]) {
  t.test(
    `a WebTransport connection joins any namespace, ${connectionStateRecovery ? 'with' : 'without'} recovery [webtransport]`,
    async (t) => {
      const seen: unknown[] = []
      const reasons: unknown[] = []
      const look = (request: FastifyRequest) => {
        const { method, url, ip, protocol, headers, body, raw } = request
        seen.push({ method, url, ip, protocol, headers, body, version: raw.httpVersion })
      }
      const { app, enter, failures } = await open(t, {
        io: { ...(connectionStateRecovery && { connectionStateRecovery }) },
        namespaces: {
          '/chat': {
            events: { 'message:send': { handler: (payload: unknown) => payload } },
            onRequest: async (request) => look(request),
            onConnect: ({ request, socket }) => {
              seen.push(requestOf(socket as never) === request)
            },
            onDisconnect: ({ reason }) => void reasons.push(reason),
          },
          '/orgs/:orgId': { onConnect: ({ params, emit }) => void emit('params', params) },
          '/closed': {
            onRequest: async (_request, reply) => reply.code(401).send({ code: 'NO_PASS', message: 'No' }),
          },
        },
      })
      const plain: ServerSocket[] = []
      app.io.of('/plain').on('connection', (socket) => {
        plain.push(socket)
        socket.on('echo', (value, ack) => ack(value))
      })
      app.io.of(/^\/pattern-\d+$/).on('connection', (socket) => void socket.emit('hi'))

      const chat = enter('/chat', { token: 'abc' })
      t.strictSame(await chat.emitWithAck('message:send', { text: 'hi' }), { ok: true, data: { text: 'hi' } })
      t.match(seen, [
        {
          method: 'CONNECT',
          url: '/chat',
          ip: undefined,
          protocol: 'https',
          headers: { authorization: 'Bearer abc' },
          body: { token: 'abc' },
          version: '3.0',
        },
        true,
      ])
      const [params] = await next(enter('/orgs/42'), 'params')
      t.strictSame(params, { orgId: '42' })
      t.equal(await enter('/plain').emitWithAck('echo', 7), 7)
      t.throws(() => requestOf(plain[0] as ServerSocket), { code: 'FST_NSP_REQUEST_MISSING' })
      t.match(plain[0]?.handshake, { headers: {}, query: {}, secure: true, xdomain: false })
      t.equal(plain[0]?.request, null, 'as with Socket.IO alone')
      await next(enter('/pattern-1'), 'hi')
      t.match(await next(enter('/closed'), 'connect_error'), [{ data: { code: 'NO_PASS', statusCode: 401 } }])
      for (const name of ['/', '/nowhere']) {
        t.match(await next(enter(name), 'connect_error'), [{ data: { code: 'FST_NSP_NAMESPACE_UNKNOWN' } }])
      }
      plain[0]?.conn.close()
      await until(() => plain[0]?.connected === false)
      chat.io.engine.close()
      await until(() => reasons.length === 1)
      t.strictSame(failures(), [])
    },
  )
}

t.test('a socket over WebTransport has a user, who can be changed and disconnected', async (t) => {
  const { app, enter, failures } = await open(t, {
    userIdOf: (request) => Object(request.body).user,
    namespaces: {
      '/chat': {
        events: {
          'user:change': { handler: async (user, { reauthenticate }) => reauthenticate({ user }) },
        },
      },
    },
  })
  app.io.of('/plain').on('connection', () => {})
  app.disconnectUser('somebody')
  const chat = enter('/chat', { user: 'ada' })
  const plain = enter('/plain')
  await next(chat, 'connect')
  if (!plain.connected) await next(plain, 'connect')
  t.strictSame(await chat.emitWithAck('user:change', 'bob'), { ok: true })
  t.equal(app.disconnectUser('ada'), 0)
  const gone = next(chat, 'disconnect')
  t.equal(app.disconnectUser('bob'), 1)
  await gone
  t.ok(plain.connected, 'a socket without a user stays connected')
  t.strictSame(failures(), [])
})

t.test('polling is upgraded to WebTransport, and keeps the request of its handshake', async (t) => {
  const { app, enter, failures } = await open(
    t,
    {
      io: { transports: ['polling', 'webtransport'] },
      namespaces: {
        '/chat': { events: { hi: { handler: (_payload, { request }) => request.headers['user-agent'] } } },
      },
    },
    ['polling', 'webtransport'],
  )
  const chat = enter('/chat')
  await next(chat, 'connect')
  const [socket] = [...app.io.of('/chat').sockets.values()]
  await until(() => socket?.conn.transport.name === 'webtransport')
  t.match(await chat.emitWithAck('hi', 1), { ok: true })
  t.ok(socket?.request.headers)
  t.strictSame(failures(), [])
})

t.test('a connection without a Fastify request that is not a WebTransport connection is refused', async (t) => {
  const { app, enter } = await open(t, { namespaces: { '/chat': {} } })
  app.io.engine.on('connection', (connection: { request: unknown }) => {
    connection.request = { headers: {}, url: '/', socket: {} }
  })
  t.match(await next(enter('/chat'), 'connect_error'), [{ data: { code: 'FST_NSP_INTERNAL' } }])
  t.equal(app.io.of('/chat').sockets.size, 0)
})

t.test('a poll with the id of a WebTransport connection is refused, and the connection stays open', async (t) => {
  const { app, enter } = await open(t, { namespaces: { '/chat': { events: { echo: { handler: () => 1 } } } } })
  const socket = enter('/chat')
  await next(socket, 'connect')
  const [sid] = Object.keys((app.io.engine as unknown as { clients: object }).clients)
  const { port } = app.server.address() as AddressInfo
  const polled = await fetch(`http://127.0.0.1:${port}/socket.io/?EIO=4&transport=polling&sid=${sid}`, {
    headers: { origin: 'http://evil.example' },
  })
  t.equal(polled.status, 400)
  t.strictSame(await socket.emitWithAck('echo'), { ok: true, data: 1 })
})

t.test('a server with open WebTransport connections closes', async (t) => {
  const { app, enter } = await open(t, { namespaces: { '/chat': {} } })
  const chat = enter('/chat')
  await next(chat, 'connect')
  const gone = heard(chat as never, 'disconnect')
  await app.close()
  t.match(await gone, ['transport close'])
})
