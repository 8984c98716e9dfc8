import type { IncomingMessage } from 'node:http'
import t from 'tap'
import { frame, OPCODE, parseFrame } from '../wire.js'
import { MemoryConnection } from './connection.js'
import { SERVER_NAMES, SERVERS, type ServerName, type ServerSocket } from './servers.js'

/*
 * What engine.io may ask of a WebSocket, and the fuzzer does not reach: with our server and with that of ws.
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

/** A WebSocket in memory. */
function open(name: ServerName, maxPayload = 1_000): { connection: MemoryConnection; socket: ServerSocket } {
  const server = new SERVERS[name]({ noServer: true, clientTracking: false, perMessageDeflate: false, maxPayload })
  const connection = new MemoryConnection('now')
  const sockets: ServerSocket[] = []
  server.handleUpgrade(request, connection, Buffer.alloc(0), (socket) => sockets.push(socket))
  const [socket] = sockets
  return { connection, socket: socket as ServerSocket }
}

/** Waits until the next turn of the event loop: what is sent in this one is written. */
function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

for (const name of SERVER_NAMES) {
  const who = name === 'ours' ? 'our server' : "ws's server"

  t.test(`${who}: a limit of 0 is none`, async (t) => {
    const { connection, socket } = open(name, 0)
    const text = 'x'.repeat(2_000_000)
    const heard = new Promise((resolve) => socket.once('message', resolve))
    connection.push(frame(OPCODE.text, text))
    t.equal(String(await heard) === text, true)
  })

  t.test(`${who}: buffers, arrays and array buffers are sent as bytes`, async (t) => {
    const { connection, socket } = open(name)
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
    const { connection, socket } = open(name)
    connection.destroy()
    const error = await new Promise((resolve) => socket.send('late', resolve))
    t.type(error, Error)
  })
}
