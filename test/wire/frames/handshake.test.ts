import type { IncomingMessage } from 'node:http'
import t from 'tap'
import { frame, OPCODE, parseFrame } from '../wire.js'
import { MemoryConnection } from './connection.js'
import { SERVER_NAMES, SERVERS, type ServerName, type ServerSocket, type SocketServer } from './servers.js'

/*
 * What engine.io uses of its `wsEngine`, and the fuzzer does not reach: with our server and with that of ws.
 */

const request = {
  method: 'GET',
  url: '/',
  headers: {
    upgrade: 'websocket',
    'sec-websocket-version': '13',
    'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
  },
} as unknown as IncomingMessage

function createServer(name: ServerName, maxPayload = 1_000): SocketServer {
  return new SERVERS[name]({ noServer: true, clientTracking: false, perMessageDeflate: false, maxPayload })
}

function open(server: SocketServer) {
  const connection = new MemoryConnection('now')
  const sockets: ServerSocket[] = []
  server.handleUpgrade(request, connection, Buffer.alloc(0), (socket) => sockets.push(socket))
  const [socket] = sockets
  return {
    connection,
    socket: socket as ServerSocket,
    answer: () => Buffer.concat(connection.written).toString('latin1'),
  }
}

/** Waits until the next turn of the event loop: what is sent in this one is written. */
function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

for (const name of SERVER_NAMES) {
  const who = name === 'ours' ? 'our server' : "ws's server"

  t.test(`${who}: a listener for headers adds lines to the response`, async (t) => {
    const server = createServer(name)
    server.on('headers', (lines: string[], asked: unknown) => {
      t.equal(asked, request)
      lines.push('Set-Cookie: a=1')
    })
    t.match(open(server).answer(), /^HTTP\/1\.1 101 Switching Protocols\r\n.*\r\nSet-Cookie: a=1\r\n\r\n$/s)
  })

  t.test(`${who}: a closed server refuses handshakes with 503, and its WebSockets stay open`, async (t) => {
    const server = createServer(name)
    const { connection, socket } = open(server)
    server.close()
    const refused = open(server)
    t.equal(refused.socket, undefined)
    t.match(refused.answer(), /^HTTP\/1\.1 503 Service Unavailable\r\n/)
    socket.send('still open')
    await turn()
    t.match(String(connection.written.at(-1)), 'still open')
  })

  t.test(`${who}: a limit of 0 is none`, async (t) => {
    const { connection, socket } = open(createServer(name, 0))
    const text = 'x'.repeat(2_000_000)
    const heard = new Promise((resolve) => socket.once('message', resolve))
    connection.push(frame(OPCODE.text, text))
    t.equal(String(await heard) === text, true)
  })

  t.test(`${who}: buffers, arrays and array buffers are sent as bytes`, async (t) => {
    const { connection, socket } = open(createServer(name))
    connection.written.length = 0
    const bytes = Uint8Array.of(0, 1, 2, 3)
    for (const data of [Buffer.from(bytes), bytes.subarray(1), bytes.buffer]) socket.send(data as Buffer)
    await turn()
    let rest: Buffer = Buffer.concat(connection.written)
    for (const payload of [
      [0, 1, 2, 3],
      [1, 2, 3],
      [0, 1, 2, 3],
    ]) {
      const parsed = parseFrame(rest)
      t.strictSame(parsed?.[0], { opcode: OPCODE.binary, payload: Buffer.from(payload) })
      rest = parsed?.[1] ?? rest
    }
  })

  t.test(`${who}: a send right after its connection was destroyed fails`, async (t) => {
    const { connection, socket } = open(createServer(name))
    connection.destroy()
    const error = await new Promise((resolve) => socket.send('late', resolve))
    t.type(error, Error)
  })
}
