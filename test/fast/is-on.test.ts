import type { Socket as RawConnection } from 'node:net'
import t, { type Test } from 'tap'
import { defineNamespace } from '../../plugin/index.js'
import { build, listen, logLines } from '../plugin/harness.js'
import { frame, OPCODE, WireSocket } from '../wire/wire.js'

/*
 * Whether the fast path is on, seen from outside: what a server sends in one tick is at most one write of the connection, where
 * Socket.IO alone needs at least one for each packet. It holds on any version and in any bundle.
 */

const WARNING = 40

/** A server, a client of `/chat`, what the server has written to it since, and the log. */
async function serve(t: Test) {
  const { lines, logger } = logLines()
  const chat = defineNamespace({
    events: { echo: { payload: { type: 'string' }, reply: { type: 'string' }, handler: (text) => text as string } },
    emits: { news: { payload: { type: 'integer' } } },
  })
  const app = await build(t, { namespaces: { '/chat': chat } }, undefined, { logger })
  const writes: unknown[] = []
  app.server.on('connection', (connection: RawConnection) => {
    const write = connection.write as (...args: unknown[]) => boolean
    connection.write = (...args: unknown[]) => {
      writes.push(args[0])
      return write.apply(connection, args)
    }
  })
  const client = await WireSocket.open(await listen(app))
  t.teardown(() => client.end())
  await client.join('/chat')
  writes.length = 0
  return { app, client, writes, lines }
}

/** Reads that many messages. */
async function read(client: WireSocket, count: number): Promise<unknown[]> {
  const messages: unknown[] = []
  while (messages.length < count) messages.push(await client.next())
  return messages
}

t.test('the acks of events that arrive together are one write', async (t) => {
  const { client, writes } = await serve(t)
  const ids = [1, 2, 3, 4]
  client.tcp.write(Buffer.concat(ids.map((id) => frame(OPCODE.text, `42/chat,${id}["echo","hello"]`))))
  t.strictSame(
    await read(client, ids.length),
    ids.map((id) => `43/chat,${id}[{"ok":true,"data":"hello"}]`),
  )
  t.ok(writes.length <= 1, `${writes.length} writes`)
})

t.test('the emits of one tick are one write', async (t) => {
  const { app, client, writes } = await serve(t)
  for (const n of [1, 2, 3]) app.io.of('/chat').emit('news', n)
  t.strictSame(
    await read(client, 3),
    [1, 2, 3].map((n) => `42/chat,["news",${n}]`),
  )
  t.ok(writes.length <= 1, `${writes.length} writes`)
})

t.test('no log line says that the fast path is off', async (t) => {
  const { lines } = await serve(t)
  t.strictSame(
    lines.filter(({ level, msg }) => Number(level) >= WARNING || /\bfast\b/.test(String(msg))),
    [],
  )
})
