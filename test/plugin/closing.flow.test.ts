import { createConnection } from 'node:net'
import Fastify, { type FastifyInstance } from 'fastify'
import type { Socket } from 'socket.io-client'
import t from 'tap'
import WebSocket from 'ws'
import namespaces from '../../plugin/index.js'
import { build, heard, join, listen, next, POLLING, shake, until, WEBSOCKET, withResolvers } from './harness.js'
import { withholdTimers } from './withheld-timers.js'

const some = { '/': {}, '/chat': {}, '/clock': {} }

function left(socket: Socket): Promise<string> {
  return new Promise((resolve) => socket.once('disconnect', resolve))
}

t.test('close() waits for no timer with clients on several namespaces, which receive `transport close`', async (t) => {
  const app = await build(t, { namespaces: some })
  const port = await listen(app)
  const sockets: Socket[] = []
  for (const transports of [['polling'], ['websocket'], ['polling', 'websocket']]) {
    const first = join(t, `http://127.0.0.1:${port}`, '/', { transports })
    const both = [first, ...['/chat', '/clock'].map((name) => first.io.socket(name))]
    await Promise.all(both.map((socket) => next(socket, 'connect')))
    await until(() => first.io.engine.transport.name === transports.at(-1))
    sockets.push(...both)
  }
  const reasons = Promise.all(sockets.map(left))
  withholdTimers(t, 0)
  await app.close()
  t.strictSame(await reasons, Array(9).fill('transport close'))
  t.equal(app.io.engine.clientsCount, 0)
})

t.test('clients reconnect by themselves to a restarted server', async (t) => {
  const first = await build(t, { namespaces: some })
  const port = await listen(first)
  const sockets = ['polling', 'websocket'].map((transport) =>
    join(t, `http://127.0.0.1:${port}`, '/chat', {
      transports: [transport],
      reconnection: true,
      reconnectionDelay: 10,
    }),
  )
  await Promise.all(sockets.map((socket) => next(socket, 'connect')))
  const reasons = Promise.all(sockets.map(left))
  await first.close()
  t.strictSame(await reasons, ['transport close', 'transport close'])
  const second = await build(t, { namespaces: some })
  await second.listen({ port, host: '127.0.0.1' })
  await until(() => sockets.every((socket) => socket.connected))
  t.equal(second.io.of('/chat').sockets.size, 2)
  t.ok(
    sockets.every(({ io }) => io.randomizationFactor() > 0),
    'and not all in one moment',
  )
})

t.test('emits from before close() still arrive, also at a client between two polls', async (t) => {
  const app = await build(t, { namespaces: some })
  const port = await listen(app)
  const connection = heard(app.io.of('/chat'), 'connection')
  const socket = join(t, `http://127.0.0.1:${port}`, '/chat', { transports: ['polling'] })
  const last = next(socket, 'last')
  const [server] = await connection
  const gone = left(socket)
  // In the tick of the connection the client's first poll is answered, and its second has not arrived yet.
  ;(server as { emit(event: string): void }).emit('last')
  await app.close()
  t.strictSame(await last, [])
  t.equal(await gone, 'transport close')
})

t.test(
  'close() runs every onDisconnect to its end, with the reason and the rooms from before the disconnect',
  async (t) => {
    const seen: unknown[] = []
    const app = await build(t, {
      namespaces: {
        '/chat': {
          onConnect: ({ socket }) => void socket.join('members'),
          onDisconnect: async ({ reason, rooms, socket }) => {
            await new Promise((resolve) => setImmediate(resolve))
            seen.push([reason, rooms.has('members'), rooms.has(socket.id), socket.rooms.size])
          },
        },
      },
    })
    const port = await listen(app)
    for (const transports of [['polling'], ['websocket']]) {
      await next(join(t, `http://127.0.0.1:${port}`, '/chat', { transports }), 'connect')
    }
    await app.close()
    t.strictSame(seen, Array(2).fill(['server shutting down', true, true, 0]))
  },
)

t.test('close() waits no longer than closeTimeoutMs, for functions and for clients that do not answer', async (t) => {
  const app = await build(t, {
    closeTimeoutMs: 50,
    namespaces: { '/chat': { onDisconnect: () => new Promise(() => {}) } },
  })
  const port = await listen(app)
  await next(join(t, `http://127.0.0.1:${port}`, '/chat'), 'connect')
  // A client that reads nothing and answers no close frame.
  const dead = createConnection(port, '127.0.0.1')
  t.teardown(() => dead.destroy())
  dead.write(
    `GET ${WEBSOCKET} HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
      'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
  )
  await heard(dead, 'data')
  dead.pause()
  // A client that has polled once, and never polls again.
  const { sid } = JSON.parse((await (await fetch(`http://127.0.0.1:${port}${POLLING}`)).text()).slice(1))
  await fetch(`http://127.0.0.1:${port}${POLLING}&sid=${sid}`, { method: 'POST', body: '40/chat,' })
  withholdTimers(t, 50)
  await app.close()
  t.equal(app.io.engine.clientsCount, 0)
})

t.test('close() ends when it is called twice, before ready, and without listen', async (t) => {
  const twice = await build(t)
  await listen(twice)
  await Promise.all([twice.close(), twice.close()])
  await twice.close()

  const never = Fastify()
  never.register(namespaces, { namespaces: some })
  await never.close()

  const ready = await build(t)
  await ready.ready()
  await ready.inject(POLLING)
  await ready.close()
  t.equal(ready.io.engine.clientsCount, 0)
})

t.test('close() during a storm of connects ends, and leaves no engine session', async (t) => {
  const app = await build(t, { namespaces: some }, (app) => {
    app.addHook('onRequest', async () => new Promise((resolve) => setImmediate(resolve)))
  })
  const port = await listen(app)
  const storm = Array.from({ length: 100 }, (_, index) =>
    join(t, `http://127.0.0.1:${port}`, '/chat', { transports: [index % 2 ? 'polling' : 'websocket'] }),
  )
  const settled = storm.map(
    (socket) =>
      new Promise<void>((resolve) => {
        socket.once('disconnect', () => resolve())
        socket.once('connect_error', () => resolve())
      }),
  )
  await Promise.race(storm.map((socket) => next(socket, 'connect')))
  await app.close()
  await Promise.all(settled)
  t.equal(app.io.engine.clientsCount, 0)
})

t.test('a handshake whose hooks are running when the server starts closing is refused', async (t) => {
  let release: () => void = () => {}
  const waiting: string[] = []
  const app = await build(t, undefined, (app) => {
    const gate = new Promise<void>((resolve) => {
      release = resolve
    })
    app.addHook('onRequest', async (request) => {
      waiting.push(request.url)
      await gate
    })
  })
  const port = await listen(app)
  const polled = fetch(`http://127.0.0.1:${port}${POLLING}`)
  const shaken = shake(`ws://127.0.0.1:${port}${WEBSOCKET}`)
  await until(() => waiting.length === 2)
  const { close } = app.io
  app.io.close = (...args) => {
    release()
    return close.apply(app.io, args)
  }
  const closed = app.close()
  t.match(await (await polled).json(), { code: 'FST_NSP_CLOSING', statusCode: 503 })
  t.equal((await shaken).statusCode, 503)
  await closed
})

t.test('an engine session that opens after the server has started closing is closed at once', async (t) => {
  let answer: (() => void) | undefined
  const app = await build(t, {
    io: {
      allowRequest: (_raw, allow) => {
        answer = () => allow(null, true)
      },
    },
  })
  const port = await listen(app)
  const polled = fetch(`http://127.0.0.1:${port}${POLLING}`)
  await until(() => answer !== undefined)
  const { close } = app.io
  app.io.close = (...args) => {
    answer?.()
    return close.apply(app.io, args)
  }
  await app.close()
  t.equal((await polled).status, 200)
  t.equal(app.io.engine.clientsCount, 0)
})

t.test(
  'an engine session that Socket.IO closes between two polls of a client that never returns holds nothing',
  async (t) => {
    const app = await build(t, { closeTimeoutMs: 10, namespaces: some })
    const port = await listen(app)
    const { sid } = JSON.parse((await (await fetch(`http://127.0.0.1:${port}${POLLING}`)).text()).slice(1))
    const session = app.io.engine.clientsCount
    // An event for a namespace that was not joined: Socket.IO closes such a connection.
    await fetch(`http://127.0.0.1:${port}${POLLING}&sid=${sid}`, { method: 'POST', body: '42/chat,["e"]' })
    t.equal(session, 1)
    await app.close()
    t.equal(app.io.engine.clientsCount, 0)
    t.notOk(process.getActiveResourcesInfo().includes('Timeout'), 'no timer is left')
  },
)

t.test('an engine session that upgrades while it waits for a poll to close holds nothing either', async (t) => {
  const app = await build(t, { namespaces: some })
  const port = await listen(app)
  const { sid } = JSON.parse((await (await fetch(`http://127.0.0.1:${port}${POLLING}`)).text()).slice(1))
  await fetch(`http://127.0.0.1:${port}${POLLING}&sid=${sid}`, { method: 'POST', body: '42/chat,["e"]' })
  const upgrade = new WebSocket(`ws://127.0.0.1:${port}${WEBSOCKET}&sid=${sid}`)
  await heard(upgrade, 'open')
  upgrade.send('2probe')
  t.equal(String((await heard(upgrade, 'message'))[0]), '3probe')
  upgrade.send('5')
  await heard(upgrade, 'close')
  await app.close()
  t.notOk(process.getActiveResourcesInfo().includes('Timeout'), 'no timer is left')
})

t.test('close() closes dynamic namespaces, after each onDisconnect has ended', async (t) => {
  const seen: unknown[] = []
  const app = await build(t, {
    namespaces: {
      '/orgs/:orgId': {
        onDisconnect: async ({ namespace, reason }) => {
          await new Promise((resolve) => setImmediate(resolve))
          seen.push(`${namespace.name} ${reason}`)
        },
      },
    },
  })
  await listen(app)
  const client = await app.injectSocket('/orgs/1')
  await client.join('/orgs/2')
  await app.injectSocket('/orgs/2', { transport: 'polling' })
  await app.close()
  t.strictSame(
    seen.sort(),
    ['/orgs/1', '/orgs/2', '/orgs/2'].map((name) => `${name} server shutting down`),
  )
  t.strictSame([...app.io._nsps.keys()], ['/'])
})

t.test('no timer keeps the process alive after close(), whatever is still pending', async (t) => {
  const hanging: string[] = []
  const hang = (what: string) => (): Promise<never> => {
    hanging.push(what)
    return new Promise(() => {})
  }
  const app = await build(t, {
    closeTimeoutMs: 10,
    namespaces: {
      '/admission': { preHandler: hang('admission') },
      '/onConnect': { onConnect: hang('onConnect') },
      '/chat': {
        emits: { question: { payload: { type: 'integer' } } },
        events: {
          handler: { handler: hang('handler') },
          ask: {
            handler: (_payload, { ask }) => {
              hanging.push('ask')
              return ask('question', 1)
            },
          },
          // These can't be inspected: one is not an integer, the other is Socket.IO's own.
          'ask:wrongly': {
            handler: (_payload, { ask }) => Promise.any([ask('question', 'x'), ask('connect' as never)]),
          },
        },
        onDisconnect: hang('onDisconnect'),
      },
    },
  })
  const chat = await app.injectSocket('/chat')
  await chat.join('/onConnect')
  void chat.join('/admission').catch(() => {})
  for (const event of ['handler', 'ask']) chat.emit(event)
  t.match(await chat.emitWithAck('ask:wrongly'), { ok: false, error: { code: 'FST_NSP_INTERNAL' } })
  await until(() => hanging.length === 4)
  await app.close()
  t.strictSame(hanging.sort(), ['admission', 'ask', 'handler', 'onConnect', 'onDisconnect'])
  t.notOk(process.getActiveResourcesInfo().includes('Timeout'), 'no timer is left')
})

t.test('resources that onClose closes are available until the last handler and onDisconnect have ended', async (t) => {
  const order: string[] = []
  const turn = async () => {
    for (let rest = 50; rest > 0; rest--) await new Promise((resolve) => setImmediate(resolve))
  }
  const begun = withResolvers()
  const app = await build(t, {
    namespaces: {
      '/chat': {
        events: {
          save: {
            handler: async () => {
              begun.resolve()
              await turn()
              order.push('handler')
            },
          },
        },
        onDisconnect: async () => {
          await turn()
          order.push('onDisconnect')
        },
      },
    },
  })
  app.addHook('onClose', async () => void order.push('onClose'))
  const socket = await app.injectSocket('/chat')
  socket.emit('save')
  await begun.promise
  await app.close()
  t.strictSame(order, ['handler', 'onDisconnect', 'onClose'])
})

t.test('Fastify closes the HTTP server, once; it stays open if only the Socket.IO server is closed', async (t) => {
  const ended = await build(t, undefined, (app) => app.get('/plain', async () => 'plain'))
  const url = `http://127.0.0.1:${await listen(ended)}`
  await ended.io.close()
  t.equal(await (await fetch(`${url}/plain`)).text(), 'plain')
  t.ok(ended.server.listening)

  const seen: string[] = []
  const app: FastifyInstance = await build(t, {
    namespaces: {
      '/chat': { onDisconnect: () => void seen.push(app.server.listening ? 'left a server that listens' : 'left') },
    },
  })
  app.server.on('close', () => seen.push('closed'))
  await next(join(t, `http://127.0.0.1:${await listen(app)}`, '/chat'), 'connect')
  await app.close()
  t.notOk(app.server.listening)
  t.strictSame(seen, ['left a server that listens', 'closed'])
})
