import type { Server } from 'socket.io'
import t, { type Test } from 'tap'
import { noteWebSockets, webSocketOf } from '../../../../plugin/wire/websocket/engine-transports.js'
import { WebSocket } from '../../../../plugin/wire/websocket/websocket.js'
import { build, join, listen, next } from '../../harness.js'

/** The transport below the socket of a client of that transport. */
async function transportBelow(t: Test, transports: string[], fast: boolean): Promise<object> {
  const app = await build(t, { fast, namespaces: { '/chat': {} } })
  const client = join(t, `http://127.0.0.1:${await listen(app)}`, '/chat', { transports })
  await next(client, 'connect')
  const [socket] = app.io.of('/chat').sockets.values() as Iterable<{ conn: unknown }>
  const { transport } = Object(socket?.conn) as { transport: object }
  return transport
}

t.test('a WebSocket transport of engine.io leads to our WebSocket', async (t) => {
  t.type(webSocketOf(await transportBelow(t, ['websocket'], true)), WebSocket)
})

t.test('a polling transport, and one with a WebSocket of ws, lead to none', async (t) => {
  t.equal(webSocketOf(await transportBelow(t, ['polling'], true)), undefined)
  t.equal(webSocketOf(await transportBelow(t, ['websocket'], false)), undefined)
})

t.test('what the engine creates is passed on, with its arguments', async (t) => {
  const made = {}
  const calls: unknown[] = []
  const engine = {
    createTransport(...args: unknown[]) {
      calls.push([this === engine, ...args])
      return made
    },
  }
  noteWebSockets(engine as unknown as Server['engine'])
  const request = { websocket: {}, socket: {} }
  t.equal(engine.createTransport('websocket', request), made)
  t.strictSame(calls, [[true, 'websocket', request]])
  t.equal(webSocketOf(made), undefined)
})
