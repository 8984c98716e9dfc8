import { once } from 'node:events'
import { type AddressInfo, connect as openConnection } from 'node:net'
import { Writable } from 'node:stream'
import type { FastifyInstance } from 'fastify'
import { Manager, type Socket } from 'socket.io-client'
import t, { type Test } from 'tap'
import { type BuildOptions, buildServer } from '../../server.js'

/*
 * The example application of `server.ts`: its page, its four namespaces, its log.
 */

/** Starts the server on a free port of the loopback interface. Server and clients are closed when the test ends. */
async function start(t: Test, options?: BuildOptions) {
  const app = await buildServer(options)
  const managers: Manager[] = []
  t.teardown(async () => {
    for (const manager of managers) manager._close()
    await app.close()
  })
  await app.listen({ host: '127.0.0.1', port: 0 })
  const { port } = app.server.address() as AddressInfo
  const connect = () => {
    const manager = new Manager(`http://127.0.0.1:${port}`, { autoConnect: false, reconnection: false })
    managers.push(manager)
    return manager
  }
  return { app, connect }
}

/** Joins a namespace and resolves to the first `event`, which it listens for before it connects. */
async function join(manager: Manager, name: string, event = 'connect'): Promise<[socket: Socket, ...unknown[]]> {
  const socket = manager.socket(name)
  const received = once(socket as never, event)
  socket.connect()
  return [socket, ...(await received)]
}

/** Resolves to the first payload of an event that meets the condition. */
function waitFor<Payload>(socket: Socket, event: string, isWanted: (payload: Payload) => boolean): Promise<Payload> {
  return new Promise((resolve) => {
    socket.on(event, function listen(payload: Payload) {
      if (!isWanted(payload)) return
      socket.off(event, listen)
      resolve(payload)
    })
  })
}

interface Presence {
  readonly connections: number
  readonly sockets: Record<string, number>
}

interface Room {
  readonly room: string
  readonly count: number
  readonly members: string[]
}

t.test('the Content-Security-Policy of the page allows no inline code and no other origin', async (t) => {
  const app = await buildServer()
  t.teardown(() => app.close())
  const response = await app.inject('/')
  t.equal(response.statusCode, 200)
  t.match(response.headers['content-type'], 'text/html')
  const policy = String(response.headers['content-security-policy'])
  t.match(policy, "default-src 'self'")
  t.notMatch(policy, /unsafe|https?:|\*|upgrade-insecure-requests/)
  t.notOk(response.headers['strict-transport-security'], 'plain HTTP on localhost stays usable')
  t.notMatch(
    response.body,
    /<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=|https?:/,
    'the page complies with its policy',
  )
})

t.test('all files of the page are served, including the client of Socket.IO', async (t) => {
  const app = await buildServer()
  t.teardown(() => app.close())
  const urls = ['/style.css', '/favicon.svg', '/app.js', '/chat.js', '/connection.js', '/websockets.js']
  for (const url of [...urls, '/socket.io/socket.io.esm.min.js']) {
    const response = await app.inject(url)
    t.equal(response.statusCode, 200, url)
    if (url.endsWith('.js')) t.match(response.headers['content-type'], 'javascript', url)
  }
})

t.test('four namespaces are declared', async (t) => {
  const app = await buildServer()
  t.teardown(() => app.close())
  t.matchOnly(app.printNamespaces().split('\n'), [/^\/ /, /─ chat /, /─ clock /, /─ my-namespace \(emits hi\)/, ''])
})

t.test('/my-namespace emits "Hello everyone!" to all sockets when a client joins, and logs it', async (t) => {
  const lines: string[] = []
  const stream = new Writable({
    write: (chunk, _encoding, done) => {
      lines.push(String(chunk))
      done()
    },
  })
  const { connect } = await start(t, { logger: { level: 'info', stream } })
  const [first, message] = await join(connect(), '/my-namespace', 'hi')
  t.equal(message, 'Hello everyone!')

  const again = once(first as never, 'hi')
  const [, toSecond] = await join(connect(), '/my-namespace', 'hi')
  t.equal(toSecond, 'Hello everyone!')
  t.same(await again, ['Hello everyone!'], 'the first client receives it when the second joins')

  const entries = lines.map((line) => JSON.parse(line)).filter(({ msg }) => msg === 'someone connected')
  t.equal(entries.length, 2)
  t.match(entries[0], { level: 30, namespace: '/my-namespace', socketId: first.id })
})

t.test('/ emits the number of sockets of each namespace when a client joins or leaves one', async (t) => {
  const { connect } = await start(t)
  const manager = connect()
  const [home, presence] = await join(manager, '/', 'presence:changed')
  t.match(presence, { connections: 1, sockets: { '/': 1, '/chat': 0, '/clock': 0, '/my-namespace': 0 } })

  const guest = connect()
  const joined = waitFor<Presence>(home, 'presence:changed', ({ sockets }) => sockets['/chat'] === 1)
  const [chat] = await join(guest, '/chat')
  t.match(await joined, { connections: 2 })
  const left = waitFor<Presence>(home, 'presence:changed', ({ sockets }) => sockets['/chat'] === 0)
  chat.disconnect()
  await left
})

t.test('/ acks latency:measure, and ignores one without an ack', async (t) => {
  const { connect } = await start(t)
  const [home] = await join(connect(), '/')
  home.emit('latency:measure')
  home.emit('latency:measure', 'no function')
  await home.emitWithAck('latency:measure')
})

t.test('/clock emits the time at once and then each second, with one timer for all sockets', async (t) => {
  const started = t.capture(globalThis, 'setInterval', globalThis.setInterval)
  const cleared = t.capture(globalThis, 'clearInterval', globalThis.clearInterval)
  const { app, connect } = await start(t)
  // The captured calls are removed when they are read.
  const clocks = () => started().filter(({ args }) => args[1] === 1000)
  t.equal(clocks().length, 0, 'no timer without a socket')

  const [first, tick] = await join(connect(), '/clock', 'clock:tick')
  t.ok(Math.abs(Date.now() - Date.parse(String(tick))) < 60_000, 'the time')
  const [second] = await join(connect(), '/clock', 'clock:tick')
  const ticks = await Promise.all([once(first as never, 'clock:tick'), once(second as never, 'clock:tick')])
  t.same(ticks[0], ticks[1], 'both receive the same tick')
  const timers = clocks().map((call) => ('returned' in call ? call.returned : undefined))
  t.equal(timers.length, 1)
  t.notOk((timers[0] as NodeJS.Timeout).hasRef(), 'the timer does not keep the process running')

  const isCleared = () => cleared().some(({ args }) => args[0] === timers[0])
  await disconnect(app, first)
  t.notOk(isCleared(), 'the timer runs while a socket is left')
  await disconnect(app, second)
  t.ok(isCleared(), 'the timer stops with the last socket')

  await join(connect(), '/clock', 'clock:tick')
  t.equal(clocks().length, 1, 'a new timer starts with the next socket')
})

/** Leaves /clock and waits until the server has called onDisconnect. */
async function disconnect(app: FastifyInstance, socket: Socket): Promise<void> {
  const atServer = app.io.of('/clock').sockets.get(String(socket.id))
  if (!atServer) throw new Error('the socket has not joined')
  const gone = once(atServer, 'disconnect')
  socket.disconnect()
  await gone
  await new Promise(setImmediate)
}

t.test('members of a room of /chat receive its messages, and other sockets do not', async (t) => {
  const { connect } = await start(t)
  const [ada] = await join(connect(), '/chat')
  const [bob] = await join(connect(), '/chat')
  const [eve] = await join(connect(), '/chat')
  t.same(await ada.emitWithAck('room:join', { room: ' kitchen ', name: 'Ada' }), {
    ok: true,
    data: { room: 'kitchen', count: 1, members: ['Ada'] },
  })
  const seen = waitFor<Room>(ada, 'room:changed', ({ count }) => count === 2)
  await bob.emitWithAck('room:join', { room: 'kitchen', name: 'Bob' })
  t.same((await seen).members, ['Ada', 'Bob'])
  await eve.emitWithAck('room:join', { room: 'garden', name: 'Eve' })

  const overheard: unknown[] = []
  eve.on('message:new', (message) => overheard.push(message))
  const heard = Promise.all([once(ada as never, 'message:new'), once(bob as never, 'message:new')])
  t.same(await bob.emitWithAck('message:send', { text: 'Tea?' }), { ok: true })
  for (const [message] of await heard) t.match(message, { room: 'kitchen', from: 'Bob', text: 'Tea?', at: String })
  await eve.emitWithAck('room:leave')
  t.same(overheard, [])
})

t.test('a room of /chat is told when a member leaves, changes rooms or disconnects', async (t) => {
  const { connect } = await start(t)
  const [ada] = await join(connect(), '/chat')
  const [bob] = await join(connect(), '/chat')
  await ada.emitWithAck('room:join', { room: 'kitchen', name: 'Ada' })
  const departures = [
    () => bob.emit('room:leave'),
    () => bob.emit('room:join', { room: 'garden', name: 'Bob' }),
    () => bob.disconnect(),
  ]
  for (const depart of departures) {
    await bob.emitWithAck('room:join', { room: 'kitchen', name: 'Bob' })
    const missed = waitFor<Room>(ada, 'room:changed', ({ room, count }) => room === 'kitchen' && count === 1)
    depart()
    t.same((await missed).members, ['Ada'])
  }
})

t.test('/chat acks invalid input with an error, and keeps working', async (t) => {
  const { connect } = await start(t)
  const [socket] = await join(connect(), '/chat')
  const bad = [undefined, null, 7, 'kitchen', [], {}, { room: '', name: 'A' }, { room: ' ', name: 'A' }]
  for (const input of [...bad, { room: 'k' }, { room: 'k'.repeat(25), name: 'A' }]) {
    t.match(await socket.emitWithAck('room:join', input), {
      ok: false,
      error: { code: 'FST_NSP_EVENT_INVALID', statusCode: 400 },
    })
  }
  t.match(await socket.emitWithAck('message:send', { text: 'a' }), {
    ok: false,
    error: { code: 'NOT_IN_ROOM' },
  })
  t.match(await socket.emitWithAck('room:join', { room: 'k'.repeat(24), name: 'A' }), { ok: true })
  t.match(await socket.emitWithAck('message:send', { text: 'a'.repeat(501) }), { ok: false })
  t.match(await socket.emitWithAck('message:send', { text: '' }), { ok: false })
  for (const event of ['room:join', 'message:send', 'room:leave']) socket.emit(event, 'no ack')
  t.match(await socket.emitWithAck('room:join', { room: 'k', name: 'A' }), { ok: true })
  t.match(await socket.emitWithAck('message:send', { text: 'a'.repeat(500) }), { ok: true })
})

t.test("a client that joins a room named like another socket's id does not receive its messages", async (t) => {
  const { app, connect } = await start(t)
  const [victim] = await join(connect(), '/chat')
  const [spy] = await join(connect(), '/chat')
  const heard: unknown[] = []
  spy.on('message:new', (message) => heard.push(message))
  await spy.emitWithAck('room:join', { room: victim.id, name: 'Eve' })
  const told = once(victim as never, 'message:new')
  const message = { room: '', from: 'Ada', text: 'for you only', at: new Date().toISOString() }
  app.io.of('/chat').to(String(victim.id)).emit('message:new', message)
  await told
  await spy.emitWithAck('room:leave')
  t.same(heard, [])
})

t.test('a preconnected connection of a browser does not keep the server from closing', async (t) => {
  const { app } = await start(t)
  const { port } = app.server.address() as AddressInfo
  const connection = openConnection(port, '127.0.0.1').on('error', () => {})
  t.teardown(() => connection.destroy())
  await Promise.all([once(connection, 'connect'), once(app.server, 'connection')])
  await app.close()
})

t.test('a page of an origin in CORS_ORIGIN may join, and a page of another origin may not', async (t) => {
  const app = await buildServer({ corsOrigin: ['https://app.example'] })
  t.teardown(() => app.close())
  const ask = (origin: string) => app.inject({ url: '/socket.io/?EIO=4&transport=polling', headers: { origin } })
  const allowed = await ask('https://app.example')
  t.equal(allowed.statusCode, 200)
  t.equal(allowed.headers['access-control-allow-origin'], 'https://app.example')
  t.equal((await ask('https://evil.example')).statusCode, 403)
})

t.test('queries are not logged: neither of a handshake, a connect or a page, nor of an unknown URL', async (t) => {
  const lines: string[] = []
  const logger = { level: 'trace', stream: { write: (line: string) => void lines.push(line) } }
  const { app, connect } = await start(t, { logger })
  const manager = connect()
  Object.assign(manager.opts, { query: { token: 'T0P-SECRET' } })
  const [socket] = await join(manager, '/my-namespace')
  t.ok(socket.connected)
  for (const url of ['/?token=T0P-SECRET', '/nowhere?token=T0P-SECRET', '/socket.io2/?token=T0P-SECRET'])
    await app.inject(url)
  t.match((await app.inject('/nowhere?token=T0P-SECRET')).json(), {
    statusCode: 404,
    message: 'There is no such page',
  })
  t.match(lines.join(), '"url":"/socket.io/"')
  t.match(lines.join(), '"url":"/nowhere"')
  t.notMatch(lines.join(), 'T0P-SECRET')
})
