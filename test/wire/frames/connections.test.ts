import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { connect } from 'node:net'
import type { Duplex } from 'node:stream'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { connect as connectTls } from 'node:tls'
import t, { type Test } from 'tap'
import { closing, frame, OPCODE, parseFrame, TcpClient, upgrade } from '../wire.js'
import { echo, listening } from './listening.js'
import { SERVER_NAMES, type ServerName, type ServerSocket } from './servers.js'

/*
 * What becomes of a WebSocket when its connection ends, closes, breaks or is not read: over TCP and TLS, with our server and, so
 * that the expectations are right, with that of ws.
 */

t.setTimeout(120_000)

const read = (name: string) => readFile(new URL(`../../plugin/fixtures/${name}.pem`, import.meta.url), 'utf8')
const tls = { key: await read('key'), cert: await read('cert') }

/** Far more than the buffers of the operating system hold. */
const PARTS = 128
const PART = Buffer.alloc(256 * 1024, 7)
/** Ws ends a connection when the 61st pong waits to be written. */
const MOST_PONGS = 60
const CLOSE_TIMEOUT_MS = 30_000

/** Both ends of a WebSocket. */
interface Ends {
  readonly client: TcpClient
  readonly socket: ServerSocket
  /** The server's connection. */
  readonly connection: Duplex
  /** The code and the reason of the server's `close` event. */
  readonly closed: Promise<string>
}

interface Setup {
  readonly name: ServerName
  readonly isTls: boolean
}

/** Opens a WebSocket to a server that echoes. The bytes of `head` are sent in one write with the handshake. */
async function open(t: Test, { name, isTls }: Setup, head: Uint8Array = Buffer.alloc(0)): Promise<Ends> {
  let accept: (ends: Omit<Ends, 'client'>) => void
  const accepted = new Promise<Omit<Ends, 'client'>>((resolve) => {
    accept = resolve
  })
  const { port } = await listening(
    t,
    name,
    (socket, connection) => {
      echo(socket)
      const closed = once(socket, 'close').then(([code, reason]) => `${code} ${reason}`)
      accept({ socket, connection, closed })
    },
    isTls ? { tls } : {},
  )
  const to = { port, host: '127.0.0.1' }
  const client = new TcpClient(isTls ? connectTls({ ...to, ca: tls.cert, servername: 'localhost' }) : connect(to))
  t.teardown(() => client.end())
  client.write(Buffer.concat([Buffer.from(upgrade('/')), head]))
  const answer = await client.answer()
  t.equal(answer?.status, 101)
  return { client, ...(await accepted) }
}

/** The next frame of the server, as words; undefined at the end of the connection. */
async function next(client: TcpClient): Promise<string | undefined> {
  const part = await client.take(parseFrame)
  if (!part) return undefined
  const { opcode, payload } = part
  if (opcode === OPCODE.close) return `close ${payload.readUInt16BE()} ${payload.subarray(2)}`
  return payload.length > 100 ? `${payload.length} bytes` : String(payload)
}

/** Sends far more than the client reads; the callbacks write down their numbers. */
function sendTooMuch({ client, socket }: Ends): { done: number[]; all: Promise<void> } {
  client.socket.pause()
  const done: number[] = []
  const all = new Promise<void>((resolve) => {
    for (let nth = 0; nth < PARTS; nth++) {
      socket.send(PART, (error) => {
        done.push(error ? -1 : nth)
        if (done.length === PARTS) resolve()
      })
    }
  })
  return { done, all }
}

for (const setup of SERVER_NAMES.flatMap((name) => [false, true].map((isTls) => ({ name, isTls })))) {
  const where = `${setup.name === 'ours' ? 'our server' : "ws's server"} over ${setup.isTls ? 'TLS' : 'TCP'}`
  const test = (title: string, run: (t: Test) => Promise<void>) => t.test(`${where}: ${title}`, run)

  test('frames that come with the handshake are read, a part of one, too', async (t) => {
    const bytes = Buffer.concat([frame(OPCODE.text, 'one'), frame(OPCODE.text, 'two')])
    const { client } = await open(t, setup, bytes.subarray(0, -2))
    t.equal(await next(client), 'one')
    client.write(bytes.subarray(-2))
    t.equal(await next(client), 'two')
  })

  test('a close frame of the client is answered with its code and reason, and the connection ends', async (t) => {
    const { client, closed } = await open(t, setup)
    client.write(frame(OPCODE.close, closing(4001, 'enough')))
    t.equal(await next(client), 'close 4001 enough')
    t.equal(await next(client), undefined)
    t.equal(await closed, '4001 enough')
  })

  test('a close frame of the server is answered by the client, whose messages are read until then', async (t) => {
    const { client, socket, closed } = await open(t, setup)
    socket.close(1001, 'going')
    t.equal(socket.readyState, 2)
    t.equal(await next(client), 'close 1001 going')
    const heard = once(socket, 'message')
    client.write(Buffer.concat([frame(OPCODE.text, 'last'), frame(OPCODE.close, closing(1001, 'gone'))]))
    t.equal(String((await heard)[0]), 'last')
    t.equal(await next(client), undefined, 'no echo')
    t.equal(await closed, '1001 gone')
    t.equal(socket.readyState, 3)
  })

  test('a client that ends its side gets the answers to what it sent before, and then the end', async (t) => {
    const { client, closed } = await open(t, setup)
    client.socket.end(frame(OPCODE.text, 'last'))
    t.equal(await next(client), 'last')
    t.equal(await next(client), undefined)
    t.equal(await closed, '1006 ')
  })

  test('a client that ends within a frame closes with 1006, and no message', async (t) => {
    const { client, socket, closed } = await open(t, setup)
    socket.on('message', () => t.fail('a message'))
    client.socket.end(frame(OPCODE.text, 'last').subarray(0, -1))
    t.equal(await closed, '1006 ')
  })

  test('a connection that breaks closes with 1006, and fails what is sent then', async (t) => {
    const { client, socket, closed } = await open(t, setup)
    client.socket.destroy()
    t.equal(await closed, '1006 ')
    const error = await new Promise((resolve) => socket.send('late', resolve))
    t.match(error, { message: /^WebSocket is not open: readyState 3/ })
    socket.close()
    socket.terminate()
  })

  test('terminate() ends the connection without a close frame', async (t) => {
    const { client, socket, closed } = await open(t, setup)
    socket.terminate()
    t.equal(await next(client), undefined)
    t.equal(await closed, '1006 ')
  })

  test('the callback of a send is called when its bytes are written, in order', async (t) => {
    const ends = await open(t, setup)
    const { done, all } = sendTooMuch(ends)
    for (let rest = 20; rest > 0; rest--) await nextTurn()
    t.ok(done.length < PARTS, `${done.length} of ${PARTS} are written while the client does not read`)
    t.ok(ends.connection.writableLength > 0)
    ends.client.socket.resume()
    for (let nth = 0; nth < PARTS; nth++) {
      const got = await next(ends.client)
      if (got !== `${PART.length} bytes`) t.fail(`${nth}: ${got}`)
    }
    await all
    t.strictSame(
      done,
      Array.from({ length: PARTS }, (_, nth) => nth),
    )
  })

  test('what waits to be written is written before the close frame', async (t) => {
    const ends = await open(t, setup)
    const { done } = sendTooMuch(ends)
    ends.socket.send('last')
    ends.socket.close(1000, 'bye')
    for (let rest = 20; rest > 0; rest--) await nextTurn()
    t.ok(done.length < PARTS)
    ends.client.socket.resume()
    for (let nth = 0; nth < PARTS; nth++) await next(ends.client)
    t.equal(await next(ends.client), 'last')
    t.equal(await next(ends.client), 'close 1000 bye')
    ends.client.write(frame(OPCODE.close, closing(1000, 'bye, too')))
    t.equal(await next(ends.client), undefined)
    t.equal(await ends.closed, '1000 bye, too')
  })

  test('a client that pings and does not read is disconnected with the 61st pong that waits', async (t) => {
    const ends = await open(t, setup)
    sendTooMuch(ends)
    for (let rest = 20; rest > 0; rest--) await nextTurn()
    for (let rest = MOST_PONGS; rest > 0; rest--) ends.client.write(frame(OPCODE.ping))
    const heard = once(ends.socket, 'message')
    ends.client.write(frame(OPCODE.text, 'still open'))
    await heard
    t.equal(ends.socket.readyState, 1)
    ends.client.write(frame(OPCODE.ping))
    t.equal(await ends.closed, '1006 ')
  })

  test('a client that does not answer a close frame is disconnected after 30 s', async (t) => {
    const { client, socket, closed } = await open(t, setup)
    const timers: (() => void)[] = []
    const { setTimeout } = globalThis
    const value = (callback: () => void, ms: number) => {
      if (ms === CLOSE_TIMEOUT_MS) timers.push(callback)
      return setTimeout(callback, ms)
    }
    const restore = t.intercept(globalThis, 'setTimeout', { value }).restore
    socket.close(1000)
    restore()
    t.equal(timers.length, 1)
    t.equal(await next(client), 'close 1000 ')
    client.write(frame(OPCODE.text, 'not an answer'))
    await once(socket, 'message')
    for (const callback of timers) callback()
    t.equal(await closed, '1006 ')
  })
}
