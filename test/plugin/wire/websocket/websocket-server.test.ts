import { once } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'
import { connect } from 'node:net'
import { Duplex } from 'node:stream'
import t, { type Test } from 'tap'
import StockClient, { WebSocketServer as StockServer } from 'ws'
import { WebSocket } from '../../../../plugin/wire/websocket/websocket.js'
import { WebSocketServer } from '../../../../plugin/wire/websocket/websocket-server.js'
import { request, TcpClient } from '../../../wire/wire.js'
import { until } from '../../harness.js'

type AnyServer = Pick<WebSocketServer, 'close' | 'on'> & {
  handleUpgrade(raw: IncomingMessage, connection: Duplex, head: Buffer, done: () => void): void
}

const OPTIONS = { noServer: true, clientTracking: false, perMessageDeflate: false, maxPayload: 1_000 } as const
const createOurs = () => new WebSocketServer(OPTIONS) as AnyServer
const createStock = () => new StockServer(OPTIONS) as unknown as AnyServer

/** An http server whose upgrades go to a WebSocket server; returns its port. */
async function serve(t: Test, server: AnyServer, opened: () => void = () => {}): Promise<number> {
  const http = createServer()
  http.on('upgrade', (raw, connection, head) => server.handleUpgrade(raw, connection, head, opened))
  http.listen(0, '127.0.0.1')
  await once(http, 'listening')
  t.teardown(() => void http.close())
  return (http.address() as { port: number }).port
}

/** Everything that a server answers to these bytes until it closes, or until its answer to a handshake is complete. */
async function answerTo(t: Test, server: AnyServer, bytes: string): Promise<string> {
  const tcp = new TcpClient(await serve(t, server))
  tcp.write(bytes)
  const head = await tcp.take((received) => {
    const isWhole = received.toString('latin1').startsWith('HTTP/1.1 101') && received.includes('\r\n\r\n')
    return isWhole ? [String(received), Buffer.alloc(0)] : undefined
  })
  const rest = head ?? (await tcp.take((received) => [String(received), Buffer.alloc(0)]))
  await tcp.end()
  return String(rest)
}

const VALID = {
  connection: 'Upgrade',
  upgrade: 'websocket',
  'sec-websocket-version': '13',
  'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
}

function without(name: keyof typeof VALID): Record<string, string> {
  return Object.fromEntries(Object.entries(VALID).filter(([key]) => key !== name))
}

const REFUSED: Record<string, readonly [headers: Record<string, string>, method?: string]> = {
  'another method': [VALID, 'POST'],
  'another protocol': [{ ...VALID, upgrade: 'h2c' }],
  'no key': [without('sec-websocket-key')],
  'a short key': [{ ...VALID, 'sec-websocket-key': 'AAAA' }],
  'a key that is not base64': [{ ...VALID, 'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZ*==' }],
  'no version': [without('sec-websocket-version')],
  'an old version': [{ ...VALID, 'sec-websocket-version': '7' }],
  'a version that is no number': [{ ...VALID, 'sec-websocket-version': 'thirteen' }],
  'an empty subprotocol': [{ ...VALID, 'sec-websocket-protocol': 'a,,b' }],
  'no subprotocol': [{ ...VALID, 'sec-websocket-protocol': '' }],
  'a subprotocol with a space': [{ ...VALID, 'sec-websocket-protocol': 'a b' }],
  'a subprotocol behind a blank of Unicode': [{ ...VALID, 'sec-websocket-protocol': 'a,\u00a0b' }],
  'a subprotocol twice': [{ ...VALID, 'sec-websocket-protocol': 'a, b, a' }],
}

for (const [what, [headers, method = 'GET']] of Object.entries(REFUSED)) {
  t.test(`a handshake with ${what} is refused with the response of ws, and the connection closes`, async (t) => {
    const bytes = request(method, '/', headers)
    const ours = await answerTo(t, createOurs(), bytes)
    t.match(ours, /^HTTP\/1\.1 40[05] /)
    t.equal(ours, await answerTo(t, createStock(), bytes))
  })
}

const ACCEPTED: Record<string, Record<string, string>> = {
  'version 13': VALID,
  'version 8': { ...VALID, 'sec-websocket-version': '8' },
  'capitals in Upgrade': { ...VALID, upgrade: 'WebSocket' },
  'one subprotocol': { ...VALID, 'sec-websocket-protocol': 'chat' },
  'several subprotocols': { ...VALID, 'sec-websocket-protocol': "b ,\ta,it's-1" },
  'an extension': { ...VALID, 'sec-websocket-extensions': 'permessage-deflate; client_max_window_bits' },
}

for (const [what, headers] of Object.entries(ACCEPTED)) {
  t.test(`a handshake with ${what} is accepted with the response of ws`, async (t) => {
    const bytes = request('GET', '/', headers)
    const ours = await answerTo(t, createOurs(), bytes)
    t.match(ours, 'HTTP/1.1 101 Switching Protocols\r\n')
    t.equal(ours, await answerTo(t, createStock(), bytes))
  })
}

t.test('a listener of `headers` receives the lines and the request, and may add to them', async (t) => {
  const server = createOurs()
  server.on('headers', (lines: string[], { url }: IncomingMessage) => lines.push(`x-url: ${url}`))
  t.match(await answerTo(t, server, request('GET', '/here', VALID)), '\r\nx-url: /here\r\n\r\n')
})

t.test('a closed server refuses handshakes with 503, as ws does; its open WebSockets stay open', async (t) => {
  const [ours, stock] = [createOurs(), createStock()]
  let opened = 0
  const client = new StockClient(`ws://127.0.0.1:${await serve(t, ours, () => void opened++)}`)
  t.teardown(() => client.terminate())
  await once(client, 'open')
  t.equal(opened, 1)
  for (const server of [ours, stock]) server.close()
  const bytes = request('GET', '/', VALID)
  const answer = await answerTo(t, ours, bytes)
  t.match(answer, 'HTTP/1.1 503 Service Unavailable\r\n')
  t.equal(answer, await answerTo(t, stock, bytes))
  client.ping()
  await once(client, 'pong')
  t.equal(client.readyState, StockClient.OPEN)
})

/** A connection that keeps what is written to it, and has ended its side, or not. */
function createConnection(isEnded: boolean) {
  const written: string[] = []
  const connection = new Duplex({
    read() {},
    write(chunk, _encoding, done) {
      written.push(String(chunk))
      done()
    },
  })
  if (isEnded) connection.push(null)
  return { written, connection }
}

const RAW = { method: 'GET', headers: VALID } as unknown as IncomingMessage

t.test('a connection that its client has closed already is destroyed without a response', async (t) => {
  for (const server of [createOurs(), createStock()]) {
    const { written, connection } = createConnection(true)
    connection.resume()
    await once(connection, 'end')
    server.handleUpgrade(RAW, connection, Buffer.alloc(0), () => t.fail('a WebSocket was made'))
    t.ok(connection.destroyed)
    t.strictSame(written, [])
  }
})

t.test('an error of a connection whose handshake is being refused destroys it, and reaches nobody else', async (t) => {
  const { connection } = createConnection(false)
  createOurs().handleUpgrade({ ...RAW, method: 'PUT' } as IncomingMessage, connection, Buffer.alloc(0), () => {})
  connection.emit('error', new Error('reset'))
  t.ok(connection.destroyed)
})

t.test('done() receives the WebSocket and the request before handleUpgrade() returns', async (t) => {
  const { connection, written } = createConnection(false)
  const received: unknown[] = []
  new WebSocketServer().handleUpgrade(RAW, connection, Buffer.alloc(0), (...args) => void received.push(...args))
  t.type(received[0], WebSocket)
  t.equal(received[1], RAW)
  t.match(written.join(''), 'Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n')
  connection.destroy()
})

t.test('a client that resets its connection after the handshake closes its WebSocket, and no more', async (t) => {
  const server = new WebSocketServer()
  const closed: unknown[] = []
  const http = createServer().on('upgrade', (raw, connection, head) =>
    server.handleUpgrade(raw, connection, head, (webSocket) => {
      webSocket.on('close', (code) => closed.push(code))
    }),
  )
  http.listen(0, '127.0.0.1')
  await once(http, 'listening')
  t.teardown(() => void http.close())
  const client = connect((http.address() as { port: number }).port, '127.0.0.1')
  client.write(request('GET', '/', VALID))
  await once(client, 'data')
  client.resetAndDestroy()
  await until(() => closed.length > 0)
  t.strictSame(closed, [1006])
})
