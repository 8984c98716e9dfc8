import { createServer } from 'node:http'
import type { Socket as RawSocket } from 'node:net'
import { Server } from 'socket.io'
import { Manager } from 'socket.io-client'
import t, { type Test } from 'tap'
import { MemoryClient } from '../../../plugin/wire/fast/memory-client.js'
import { batchWrites } from '../../../plugin/wire/write-batch.js'
import { build, listen } from '../harness.js'

/** engine.io's socket. */
interface Connection {
  readonly readyState: string
  readonly transport: { once(event: 'ready', listener: () => void): void }
  write(data?: unknown, options?: unknown): unknown
  close(discard?: boolean): void
}

/** Notes of how many chunks each write of the server consists. */
class CountingClient extends MemoryClient {
  readonly writes: number[] = []

  override _write(chunk: Buffer, encoding: BufferEncoding, done: () => void): void {
    this.writes.push(1)
    super._write(chunk, encoding, done)
  }

  override _writev(chunks: readonly { readonly chunk: Buffer }[], done: () => void): void {
    this.writes.push(chunks.length)
    for (const { chunk } of chunks) super._write(chunk, 'latin1', () => {})
    done()
  }
}

/** A server that batches its writes, with stock ws; `connect` resolves to a client and its connection. */
function stage(t: Test, { bytesWaiting = 0 } = {}) {
  const io = new Server(createServer(), { transports: ['websocket'], serveClient: false })
  t.teardown(() => void io.close())
  const reported: unknown[] = []
  batchWrites(io.engine, bytesWaiting, (error) => reported.push((error as Error).message))
  async function connect() {
    const client = new CountingClient('/socket.io/?EIO=4&transport=websocket')
    t.teardown(() => void client.destroy())
    const opened = new Promise<Connection>((resolve) => io.engine.once('connection', resolve))
    io.engine.handleUpgrade(client.request, client as unknown as RawSocket, Buffer.alloc(0))
    const connection = await opened
    await client.hear()
    await settled()
    client.writes.length = 0
    return { client, connection }
  }
  return { io, connect, reported }
}

/** Resolves when the engine knows that its last packet is written. */
const settled = () => new Promise((resolve) => setImmediate(resolve))

t.test('what a connection is sent in one tick is one write, in its order', async (t) => {
  const { client, connection } = await stage(t).connect()
  connection.write('a')
  connection.write('ü', { compress: true })
  connection.write(Buffer.from('b'))
  t.strictSame(client.writes, [], 'not yet')
  t.equal(await client.hear(), '\x81\x024a')
  t.equal(await client.hear(), '\x81\x034\xc3\xbc')
  t.equal(await client.hear(), '\x82\x01b')
  // ws writes a head and a payload for each.
  t.strictSame(client.writes, [6])
  await settled()
  connection.write('c')
  t.equal(await client.hear(), '\x81\x024c')
})

t.test('a batch is not longer than `limits.bytesWaiting`', async (t) => {
  const { client, connection } = await stage(t, { bytesWaiting: 10 }).connect()
  connection.write('12345')
  connection.write('67890')
  t.strictSame(client.writes, [])
  connection.write('!')
  t.equal(client.writes.length, 1)
  for (const text of ['12345', '67890', '!'])
    t.equal(await client.hear(), `\x81${String.fromCharCode(text.length + 1)}4${text}`)
})

t.test('a write with a callback in the place of its options, and one without data, are batched', async (t) => {
  const { client, connection } = await stage(t).connect()
  await new Promise<void>((resolve) => {
    connection.write('a', () => resolve())
    connection.write()
  })
  t.equal(await client.hear(), '\x81\x024a')
  t.equal(await client.hear(), '\x81\x014')
})

t.test('a broadcast is written at once', async (t) => {
  const { io, connect } = stage(t)
  const members = [await connect(), await connect()]
  for (const { client } of members) {
    client.say(['40'])
    await client.hear()
    await settled()
    client.writes.length = 0
  }
  io.emit('news', 'ü')
  for (const { client } of members) {
    t.strictSame(client.writes, [2])
    t.equal(await client.hear(), '\x81\x0f42["news","\xc3\xbc"]')
  }
})

t.test('what is sent before close() is written, also if the connection discards what it has', async (t) => {
  for (const isDiscarding of [false, true]) {
    const { client, connection } = await stage(t).connect()
    connection.write('a')
    connection.write('b')
    connection.close(isDiscarding)
    connection.write('behind')
    t.equal(await client.hear(), '\x81\x024a')
    t.equal(await client.hear(), '\x81\x024b')
    t.equal(await client.hear(), '\x88\x00', 'a close frame')
  }
})

t.test('a write that throws ends its connection; the others are written', async (t) => {
  const { connect, reported } = stage(t)
  const [one, other] = [await connect(), await connect()]
  one.connection.transport.once('ready', () => {
    throw new Error('a fault')
  })
  one.connection.write('a')
  other.connection.write('b')
  t.equal(await other.client.hear(), '\x81\x024b')
  t.equal(one.connection.readyState, 'closed')
  t.strictSame(reported, ['a fault'])
  t.equal(other.connection.readyState, 'open')
})

t.test('a connection that polls is not batched', async (t) => {
  const app = await build(t, {
    fast: false,
    namespaces: { '/chat': { events: { echo: { handler: (payload: unknown) => payload } } } },
  })
  const manager = new Manager(`http://127.0.0.1:${await listen(app)}`, { transports: ['polling'], reconnection: false })
  const socket = manager.socket('/chat')
  t.teardown(() => socket.disconnect())
  t.strictSame(await socket.emitWithAck('echo', 1), { ok: true, data: 1 })
})
