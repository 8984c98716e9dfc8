import t, { type Test } from 'tap'
import WebSocket from 'ws'
import type { NamespacesOptions } from '../../plugin/index.js'
import { build, heard, listen } from '../plugin/harness.js'

/*
 * Engine.IO's protocol, revision 4: the cases of its own test suite, written anew. They test the transport under the
 * namespaces; the server echoes each message.
 */

/** For the tests of pings. The timeout is long enough for a pong on a machine that is busy with other work. */
const PINGS = { pingInterval: 100, pingTimeout: 2_000 }
const ENGINE = '/socket.io/?EIO=4'

interface Echoing {
  removeAllListeners(event: string): void
  on(event: string, listener: (data: unknown) => void): void
  send(data: unknown): void
}

async function serve(t: Test, io: NamespacesOptions['io'] = {}): Promise<string> {
  const app = await build(t, { namespaces: {}, io: { maxHttpBufferSize: 1_000_000, ...io } })
  app.io.engine.on('connection', (connection: Echoing) => {
    connection.removeAllListeners('data')
    connection.on('data', (data) => connection.send(data))
  })
  return `127.0.0.1:${await listen(app)}`
}

function ask(host: string, query: string, init?: RequestInit): Promise<Response> {
  return fetch(`http://${host}/socket.io/?${query}`, init)
}

/** Opens an engine session by polling; returns how to poll and post. */
async function openSession(host: string) {
  const opened = await ask(host, 'EIO=4&transport=polling')
  const { sid } = JSON.parse((await opened.text()).slice(1))
  const query = `EIO=4&transport=polling&sid=${sid}`
  return {
    sid,
    poll: () => ask(host, query),
    push: (body: string) => ask(host, query, { method: 'POST', body }),
  }
}

/** Resolves when the WebSocket closes, also after an error. */
function closing(socket: WebSocket): Promise<true> {
  return new Promise((resolve) => socket.once('close', () => resolve(true)))
}

/** Opens a WebSocket; `next` returns its messages in order. */
function openSocket(t: Test, host: string, query = '') {
  const socket = new WebSocket(`ws://${host}${ENGINE}&transport=websocket${query}`)
  t.teardown(() => socket.terminate())
  socket.on('error', () => {})
  const messages: (string | Buffer)[] = []
  const waiting: ((message: string | Buffer) => void)[] = []
  socket.on('message', (data: Buffer, isBinary) => {
    const message = isBinary ? data : String(data)
    const wake = waiting.shift()
    if (wake) wake(message)
    else messages.push(message)
  })
  const closed = closing(socket)
  return {
    socket,
    closed,
    opened: heard(socket, 'open'),
    async next(): Promise<string | Buffer> {
      return messages.shift() ?? new Promise((resolve) => waiting.push(resolve))
    },
  }
}

const HANDSHAKE = ['maxPayload', 'pingInterval', 'pingTimeout', 'sid', 'upgrades']

function checkHandshake(t: Test, message: string, upgrades: string[]): void {
  t.equal(message[0], '0')
  const { sid, ...rest } = JSON.parse(message.slice(1))
  t.type(sid, 'string')
  t.strictSame(Object.keys({ sid, ...rest }).sort(), HANDSHAKE)
  t.match(rest, {
    upgrades,
    pingInterval: 25_000,
    pingTimeout: 20_000,
    maxPayload: 1_000_000,
  })
}

t.test('polling opens an engine session', async (t) => {
  const answer = await ask(await serve(t), 'EIO=4&transport=polling')
  t.equal(answer.status, 200)
  checkHandshake(t, await answer.text(), ['websocket'])
})

t.test('polling refuses a wrong revision, a wrong transport, and a wrong method', async (t) => {
  const host = await serve(t)
  const refusals: [query: string, method: string, code: number][] = [
    ['transport=polling', 'GET', 5],
    ['EIO=abc&transport=polling', 'GET', 5],
    ['EIO=4', 'GET', 0],
    ['EIO=4&transport=abc', 'GET', 0],
    ...['POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS'].map(
      (method) => ['EIO=4&transport=polling', method, 2] as [string, string, number],
    ),
  ]
  for (const [query, method, code] of refusals) {
    const answer = await ask(host, query, { method })
    t.equal(answer.status, 400, `${method} ${query}`)
    t.match(await answer.json(), { code })
  }
  t.equal((await ask(host, 'EIO=4&transport=polling', { method: 'HEAD' })).status, 400)
})

t.test('a WebSocket opens an engine session', async (t) => {
  const { next } = openSocket(t, await serve(t))
  checkHandshake(t, String(await next()), [])
})

t.test('a WebSocket with a wrong revision or a wrong transport is closed', async (t) => {
  const host = await serve(t)
  for (const query of ['transport=websocket', 'EIO=abc&transport=websocket', 'EIO=4', 'EIO=4&transport=abc']) {
    const socket = new WebSocket(`ws://${host}/socket.io/?${query}`)
    socket.on('error', () => {})
    t.ok(await closing(socket), query)
  }
})

for (const [what, payload] of [
  ['one packet of text', '4hello'],
  ['several packets of text', '4test1\x1e4test2\x1e4test3'],
  ['text and binary packets', '4hello\x1ebAQIDBA=='],
] as const) {
  t.test(`polling carries ${what} in both directions`, async (t) => {
    const { poll, push } = await openSession(await serve(t))
    const pushed = await push(payload)
    t.equal(pushed.status, 200)
    t.equal(await pushed.text(), 'ok')
    const polled = await poll()
    t.equal(polled.status, 200)
    t.equal(await polled.text(), payload)
  })
}

t.test('an invalid packet closes an engine session over polling', async (t) => {
  const { poll, push } = await openSession(await serve(t))
  await push('abc')
  t.equal((await poll()).status, 400)
})

t.test('a second poll beside an open one closes the engine session', async (t) => {
  const app = await build(t, { namespaces: {} })
  const polling = new Promise<void>((resolve) => {
    app.io.engine.on('connection', ({ transport }: { transport: NodeJS.EventEmitter }) =>
      transport.once('ready', resolve),
    )
  })
  const { poll } = await openSession(`127.0.0.1:${await listen(app)}`)
  const first = poll()
  await polling
  const second = await poll()
  t.ok([400, 500].includes(second.status))
  t.equal((await first).status, 200)
  t.equal(await (await first).text(), '1')
  t.equal((await poll()).status, 400)
})

t.test('a WebSocket carries text and binary packets in both directions', async (t) => {
  const { socket, next } = openSocket(t, await serve(t))
  await next()
  socket.send('4hello')
  t.equal(await next(), '4hello')
  socket.send(Buffer.from([1, 2, 3, 4]))
  t.strictSame(await next(), Buffer.from([1, 2, 3, 4]))
})

t.test('an invalid packet closes an engine session over a WebSocket', async (t) => {
  const { socket, next, closed } = openSocket(t, await serve(t))
  await next()
  socket.send('abc')
  t.ok(await closed)
})

t.test('an engine session over polling stays open while it sends pongs, and is closed without them', async (t) => {
  const { poll, push } = await openSession(await serve(t, PINGS))
  for (let round = 0; round < 3; round++) {
    t.equal(await (await poll()).text(), '2')
    t.equal((await push('3')).status, 200)
  }
  // This ping gets no pong.
  t.equal(await (await poll()).text(), '2')
  const last = await poll()
  t.ok(last.status === 400 || (await last.text()) === '1')
  t.equal((await push('3')).status, 400)
})

t.test('an engine session over a WebSocket stays open while it sends pongs, and is closed without them', async (t) => {
  const { socket, next, closed } = openSocket(t, await serve(t, PINGS))
  await next()
  for (let round = 0; round < 3; round++) {
    t.equal(await next(), '2')
    socket.send('3')
  }
  t.ok(await closed)
})

t.test('a client that closes its engine session over polling gets a noop for the open poll', async (t) => {
  const { poll, push } = await openSession(await serve(t))
  const [polled] = await Promise.all([poll(), push('1')])
  t.equal(polled.status, 200)
  t.equal(await polled.text(), '6')
  t.equal((await poll()).status, 400)
})

t.test('a client that closes its engine session over a WebSocket is disconnected', async (t) => {
  // engine.io ignores this packet of a WebSocket, and closes the session at the next ping.
  const { socket, next, closed } = openSocket(t, await serve(t, PINGS))
  await next()
  socket.send('1')
  t.ok(await closed)
})

/** Opens an engine session by polling and upgrades it to a WebSocket, except for the last step. */
async function probe(t: Test) {
  const host = await serve(t)
  const session = await openSession(host)
  const upgraded = openSocket(t, host, `&sid=${session.sid}`)
  await upgraded.opened
  upgraded.socket.send('2probe')
  t.equal(await upgraded.next(), '3probe')
  return { host, ...session, ...upgraded }
}

t.test('an engine session is upgraded from polling to a WebSocket', async (t) => {
  const { poll, socket, next } = await probe(t)
  const polled = await poll()
  t.equal(polled.status, 200)
  t.equal(await polled.text(), '6', 'the open poll ends with a noop')
  socket.send('5')
  socket.send('4hello')
  t.equal(await next(), '4hello')
})

t.test('after an upgrade the engine session accepts no poll and no second WebSocket', async (t) => {
  const { host, sid, poll, socket, next } = await probe(t)
  socket.send('5')
  t.equal((await poll()).status, 400)
  const { closed, socket: second } = openSocket(t, host, `&sid=${sid}`)
  second.on('open', () => second.send('2probe'))
  t.ok(await closed)
  socket.send('4hello')
  t.equal(await next(), '4hello')
})
