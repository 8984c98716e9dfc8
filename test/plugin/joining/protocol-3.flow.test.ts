import { createRequire } from 'node:module'
import t, { type Test } from 'tap'
import { Type } from 'typebox'
import WebSocket from 'ws'
import { defineNamespaces, type NamespacesOptions } from '../../../plugin/index.js'
import { build, heard, listen, logLines, TRANSPORTS, until } from '../harness.js'

/*
 * Clients of Socket.IO 2 speak protocol 3, which `allowEIO3` permits. These tests use the original client.
 */

/** The parts of the client that are used here; it has no types. */
interface OldSocket {
  readonly connected: boolean
  emit(event: string, ...args: unknown[]): unknown
  on(event: string, listener: (...args: never[]) => unknown): unknown
  once(event: string, listener: (...args: never[]) => unknown): unknown
  close(): void
}

const require = createRequire(import.meta.url)
const connectOld: (url: string, options: object) => OldSocket = require('socket.io-client-2')

async function open(t: Test, options: NamespacesOptions, transports: readonly string[] = ['websocket']) {
  const { lines, logger } = logLines()
  const app = await build(t, { ...options, io: { ...options.io, allowEIO3: true } }, undefined, { logger })
  const url = `http://127.0.0.1:${await listen(app)}`
  /** A socket with its own connection, and what it receives. */
  function enter(name: string) {
    const errors: unknown[] = []
    const socket = connectOld(url + name, { transports, reconnection: false, forceNew: true })
    socket.on('error', (error) => void errors.push(error))
    t.teardown(() => socket.close())
    return { socket, errors }
  }
  const failures = () => lines.filter(({ level }) => Number(level) >= 40)
  return { app, url, enter, failures, lines }
}

const heardOf = (socket: OldSocket, event: string) =>
  new Promise<unknown>((resolve) => socket.once(event, (value?: unknown) => resolve(value)))
const ask = (socket: OldSocket, event: string, payload: unknown) =>
  new Promise<unknown>((resolve) => socket.emit(event, payload, resolve as never))

const NAMESPACES = defineNamespaces({
  '/chat': {
    schema: { auth: Type.Object({ token: Type.Optional(Type.String()) }) },
    events: {
      'message:send': {
        payload: Type.Object({ text: Type.String() }),
        handler: ({ text }, { request }) => ({ text, token: Object(request.body).token }),
      },
    },
    emits: { 'message:new': { payload: Type.Object({ text: Type.String() }) } },
  },
  '/orgs/:orgId': {
    events: { which: { handler: (_payload, { params }) => params } },
  },
  '/closed': {
    onRequest: async (_request, reply) => reply.code(401).send({ code: 'NO_PASS', message: 'Not without a pass' }),
  },
})

for (const transports of TRANSPORTS) {
  t.test(
    `a client of Socket.IO 2 joins, emits, receives acks and events, and leaves, over ${transports.join(' and ')} [protocol-3]`,
    async (t) => {
      const { app, enter, failures } = await open(t, { namespaces: NAMESPACES }, transports)
      app.io.of('/plain').on('connection', (socket) => socket.on('echo', (value, ack) => ack(value)))
      app.io.of(/^\/pattern-\d+$/).on('connection', (socket) => socket.on('echo', (value, ack) => ack(value)))
      const chat = enter('/chat?token=abc')
      t.strictSame(await ask(chat.socket, 'message:send', { text: 'hi' }), {
        ok: true,
        data: { text: 'hi', token: 'abc' },
      })
      t.match(await ask(chat.socket, 'message:send', {}), { ok: false, error: { code: 'FST_NSP_EVENT_INVALID' } })
      t.match(await ask(chat.socket, 'nope', {}), { ok: false, error: { code: 'FST_NSP_EVENT_UNKNOWN' } })
      const told = heardOf(chat.socket, 'message:new')
      app.namespaceOf('/chat').emit('message:new', { text: 'all' } as never)
      t.strictSame(await told, { text: 'all' })
      const org = enter('/orgs/42?as=admin')
      t.strictSame(await ask(org.socket, 'which', null), { ok: true, data: { orgId: '42' } }, 'it was empty')
      t.equal(await ask(enter('/plain').socket, 'echo', 7), 7)
      t.equal(await ask(enter('/pattern-1').socket, 'echo', 8), 8)
      const [here] = [...app.io.of('/orgs/42').sockets.values()]
      const gone = heard(here as never, 'disconnect')
      org.socket.close()
      t.match(await gone, ['client namespace disconnect'])
      await until(() => !app.io._nsps.has('/orgs/42'))
      const back = enter('/orgs/42')
      t.strictSame(await ask(back.socket, 'which', null), { ok: true, data: { orgId: '42' } }, 'one comes back')
      const dropped = heardOf(back.socket, 'disconnect')
      app.io.of('/orgs/42').disconnectSockets()
      t.equal(await dropped, 'io server disconnect')
      t.strictSame([...chat.errors, ...org.errors, ...back.errors], [], 'no error of `/`, which is not declared')
      t.strictSame(failures(), [])
    },
  )

  t.test(`a client of Socket.IO 2 receives the reason of a refusal, over ${transports.join(' and ')}`, async (t) => {
    const { enter } = await open(t, { namespaces: NAMESPACES }, transports)
    for (const [name, code, message] of [
      ['/closed', 'NO_PASS', 'Not without a pass'],
      ['/nowhere', 'FST_NSP_NAMESPACE_UNKNOWN', 'Invalid namespace'],
      ['/', 'FST_NSP_NAMESPACE_UNKNOWN', 'Invalid namespace'],
    ] as const) {
      const { socket, errors } = enter(name)
      await until(() => errors.length > 0)
      t.match(errors, [{ code, message }], name)
      t.equal(errors.length, 1)
      t.notOk(socket.connected)
    }
  })
}

t.test(
  'a refusal of / reaches no namespace of a client of protocol 3 that has asked for another [protocol-3-root]',
  async (t) => {
    const asked: string[] = []
    const { url, enter, lines } = await open(t, {
      admissionTimeoutMs: 50,
      namespaces: {
        ...NAMESPACES,
        '/': {
          onRequest: async (request, reply) => {
            asked.push(request.url)
            // It never settles: the join ends at its time limit.
            if (request.url.includes('slow')) return new Promise(() => {})
            return reply.code(401).send({ code: 'NO_PASS', message: 'No' })
          },
        },
      },
    })
    const chat = enter('/chat')
    await heardOf(chat.socket, 'connect')
    const root = enter('/')
    await until(() => root.errors.length > 0)
    t.match(root.errors, [{ code: 'NO_PASS' }], 'the client that wants / receives the refusal')
    t.strictSame(chat.errors, [], 'no other client does, although it joined before')
    // The first asks after its refusal is ready, the second before that, the third asks for nothing.
    for (const [query, isAsking] of [
      ['', true],
      ['&slow=1', true],
      ['&slow=1', false],
    ] as const) {
      const late = () => lines.filter(({ code }) => code === 'FST_NSP_ADMISSION_TIMEOUT').length
      const before = late()
      const socket = new WebSocket(`${url.replace('http', 'ws')}/socket.io/?EIO=3&transport=websocket${query}`)
      t.teardown(() => socket.terminate())
      const frames: string[] = []
      socket.on('message', (data) => frames.push(String(data)))
      await until(() => frames.length === 1)
      if (isAsking) socket.send('40/chat,')
      if (query) await until(() => late() > before)
      await until(() => frames.length === 2)
      t.match(frames[1], isAsking ? '40/chat,' : /^44{.*FST_NSP_ADMISSION_TIMEOUT/)
    }
    t.ok(asked.length >= 5)
  },
)

t.test('a connection of protocol 3 that closes before its refusal is sent receives nothing', async (t) => {
  const { app, url } = await open(t, { namespaces: NAMESPACES })
  const socket = new WebSocket(`${url.replace('http', 'ws')}/socket.io/?EIO=3&transport=websocket`)
  const lines: string[] = []
  socket.on('message', (data) => lines.push(String(data)))
  await heard(socket, 'message')
  socket.terminate()
  await until(() => app.io.engine.clientsCount === 0)
  // Longer than the delay of the refusal.
  const root = new WebSocket(`${url.replace('http', 'ws')}/socket.io/?EIO=3&transport=websocket`)
  t.teardown(() => root.terminate())
  const told: string[] = []
  root.on('message', (data) => told.push(String(data)))
  await until(() => told.length === 2)
  t.equal(lines.length, 1)
})

t.test('a connection of protocol 3 that is lost in a hook of / joins nothing, whatever the hook decides', async (t) => {
  for (const statusCode of [200, 401]) {
    let goOn: (() => void) | undefined
    let isOver = false
    const { app, url, failures } = await open(t, {
      namespaces: {
        '/': {
          preHandler: async () => {
            await new Promise<void>((resolve) => {
              goOn = resolve
            })
            setImmediate(() => {
              isOver = true
            })
            if (statusCode !== 200) throw Object.assign(new Error('No'), { statusCode })
          },
        },
      },
    })
    const socket = new WebSocket(`${url.replace('http', 'ws')}/socket.io/?EIO=3&transport=websocket`)
    await heard(socket, 'message')
    await until(() => goOn !== undefined)
    socket.terminate()
    await until(() => app.io.engine.clientsCount === 0)
    goOn?.()
    await until(() => isOver)
    t.equal(app.io.of('/').sockets.size, 0)
    t.strictSame(failures(), [])
  }
})
