import { LogController } from 'fastify'
import { io } from 'socket.io-client'
import t from 'tap'
import WebSocket from 'ws'
import { build, heard, join, listen, logLines, next, until, WEBSOCKET, withResolvers } from '../harness.js'

t.test('two simultaneous connects to the same namespace are one join', async (t) => {
  let letIn = () => {}
  const admitted = new Promise<void>((resolve) => {
    letIn = resolve
  })
  const app = await build(t, {
    namespaces: {
      '/chat': { onRequest: () => admitted },
      '/no': { onRequest: async (_request, reply) => reply.code(401).send() },
    },
  })
  app.io.of('/plain')
  const port = await listen(app)
  const socket = new WebSocket(`ws://127.0.0.1:${port}${WEBSOCKET}`)
  t.teardown(() => socket.terminate())
  const lines: string[] = []
  socket.on('message', (data) => lines.push(String(data)))
  await until(() => lines.length === 1)
  socket.send('40/chat,')
  socket.send('40/chat,')
  socket.send('40/no,')
  socket.send('40/plain,')
  socket.send('40/plain,')
  socket.send('40/nowhere,')
  await until(() => lines.length === 4)
  letIn()
  await until(() => lines.length === 5)
  t.equal(app.io.of('/chat').sockets.size, 1)
  t.equal(app.io.of('/plain').sockets.size, 1)
  socket.send('40/no,')
  await until(() => lines.length === 6)
  t.match(lines.at(-1), /^44\/no,/, 'a refused client may try again')
})

t.test('an error that a listener of the application throws during a join refuses the join', async (t) => {
  const lines: string[] = []
  const logger = { stream: { write: (line: string) => void lines.push(line) } }
  const app = await build(t, { namespaces: { '/orgs/:orgId': {} } }, undefined, { logger })
  app.io.on('new_namespace', () => {
    throw new Error('the listener broke')
  })
  const socket = join(t, `http://127.0.0.1:${await listen(app)}`, '/orgs/42')
  await t.rejects(next(socket, 'connect'), { message: 'Internal error', data: { code: 'FST_NSP_INTERNAL' } })
  t.ok(lines.some((line) => line.includes('the listener broke')))
})

t.test('a client that confuses the namespace of a URL with the path of the server receives a hint', async (t) => {
  const app = await build(t, { namespaces: { '/': {} } })
  const port = await listen(app)
  const socket = io(`http://127.0.0.1:${port}/api`, { reconnection: false, forceNew: true })
  t.teardown(() => socket.disconnect())
  await t.rejects(next(socket, 'connect'), {
    message: 'Invalid namespace',
    data: { code: 'FST_NSP_NAMESPACE_UNKNOWN', statusCode: 404, details: { hint: /address of a namespace/ } },
  })
})

t.test('events that a client emits while it is being admitted are handled in order after it has joined', async (t) => {
  let letIn = () => {}
  let isAsked = false
  const admitted = new Promise<void>((resolve) => {
    letIn = resolve
  })
  const seen: unknown[] = []
  const app = await build(t, {
    namespaces: {
      '/chat': {
        preHandler: () => {
          isAsked = true
          return admitted
        },
        events: { say: { handler: (payload) => seen.push(payload) } },
      },
    },
  })
  const socket = join(t, `http://127.0.0.1:${await listen(app)}`, '/chat')
  const acks = [1, 2, 3].map((number) => socket.emitWithAck('say', number))
  await until(() => isAsked)
  t.strictSame(seen, [])
  letIn()
  await Promise.all(acks)
  t.strictSame(seen, [1, 2, 3])
})

t.test('a client of protocol 3, which joins / without a CONNECT packet, is admitted like any other', async (t) => {
  const admitted: unknown[] = []
  const app = await build(t, {
    io: { allowEIO3: true },
    limits: { namespacesPerConnection: 2 },
    namespaces: {
      '/': {
        onRequest: async (request, reply) => {
          if (request.headers['x-pass'] !== 'yes') return reply.code(401).send({ code: 'NO_PASS', message: 'No' })
        },
        onConnect: ({ request }) => void admitted.push(request.method),
      },
      '/chat': { preHandler: async ({ body }) => void admitted.push(body) },
    },
  })
  app.io.of('/plain')
  const url = `ws://127.0.0.1:${await listen(app)}/socket.io/?EIO=3&transport=websocket`
  const talk = (headers: Record<string, string>) => {
    const socket = new WebSocket(url, { headers })
    const lines: string[] = []
    socket.on('message', (data) => lines.push(String(data)))
    t.teardown(() => socket.terminate())
    return { socket, lines }
  }
  const stranger = talk({})
  await until(() => stranger.lines.length === 2)
  t.match(stranger.lines[1], /^44.*NO_PASS/)
  t.strictSame(admitted, [])
  const friend = talk({ 'x-pass': 'yes' })
  await until(() => friend.lines.length === 2)
  t.equal(friend.lines[1], '40')
  friend.socket.send('40/chat?token=abc,')
  await until(() => friend.lines.length === 3)
  t.match(friend.lines[2], /^40\/chat/)
  t.strictSame(admitted, ['CONNECT', { token: 'abc' }])
  friend.socket.send('40/plain,')
  await until(() => friend.lines.length === 4)
  t.match(friend.lines[3], /^44\/plain.*FST_NSP_NAMESPACES_LIMIT/)
})

t.test(
  'an event that arrives before its admission has ended reaches no handler and closes the connection',
  async (t) => {
    for (const isLetIn of [true, false]) {
      const asked = withResolvers()
      const decision = withResolvers()
      const seen: unknown[] = []
      const app = await build(t, {
        namespaces: {
          '/chat': {
            preHandler: async (_request, reply) => {
              asked.resolve()
              await decision.promise
              if (!isLetIn) return reply.code(401).send()
            },
            onConnect: () => void seen.push('connected'),
            events: { say: { handler: (payload) => void seen.push(payload) } },
          },
        },
      })
      app.io.of('/chat').on('connection', (socket) => socket.onAny((event) => seen.push(event)))
      const socket = new WebSocket(`ws://127.0.0.1:${await listen(app)}${WEBSOCKET}`)
      t.teardown(() => socket.terminate())
      await heard(socket, 'open')
      socket.send('40/chat,')
      await asked.promise
      const gone = heard(socket, 'close')
      socket.send('42/chat,1["say",1]')
      await gone
      decision.resolve()
      for (let turn = 0; turn < 10; turn++) await new Promise((resolve) => setImmediate(resolve))
      t.strictSame(seen, [], isLetIn ? 'let in' : 'refused')
      t.equal(app.io.of('/chat').sockets.size, 0)
    }
  },
)

t.test("a join is logged as a request, unless Fastify's `disableRequestLogging` turns that off", async (t) => {
  const lengths: number[] = []
  for (const disableRequestLogging of [false, ({ method }: { method: string }) => method === 'CONNECT']) {
    const { lines, logger } = logLines()
    const logController = new LogController({ disableRequestLogging })
    const app = await build(t, undefined, undefined, { logger, logController })
    await app.injectSocket('/chat')
    const isJoining = ({ req }: Record<string, unknown>) => (req as { method?: string })?.method === 'CONNECT'
    await until(() => lines.filter(({ msg }) => msg === 'request completed').length > (disableRequestLogging ? 0 : 1))
    lengths.push(lines.filter(isJoining).length)
  }
  t.strictSame(lengths, [1, 0])
})
