import type { Namespace } from 'socket.io'
import { Socket } from 'socket.io'
import t from 'tap'
import { createSocketClass, setSocketClass } from '../../../plugin/sockets/socket-class.js'
import { build, join, listen, next, TRANSPORTS } from '../harness.js'

t.test("a socket of the class has Socket.IO's handshake", async (t) => {
  const app = await build(t)
  const url = `http://127.0.0.1:${await listen(app)}`
  for (const transports of TRANSPORTS) {
    const client = join(t, url, '/chat', { transports: [...transports], auth: { token: 'abc' }, query: { own: 'ä b' } })
    await next(client, 'connect')
    const socket = app.io.of('/chat').sockets.get(client.id as string) as Socket
    t.not(Object.getPrototypeOf(socket), Socket.prototype)
    t.equal(socket.handshake.query.own, 'ä b')
    t.equal(socket.handshake.auth.token, 'abc')
    client.disconnect()
  }
})

t.test("a new socket has Socket.IO's listener for `error`", async (t) => {
  const app = await build(t)
  const client = await app.injectSocket('/chat')
  const namespace = app.io.of('/chat')
  const socket = namespace.sockets.get(client.id as string) as Socket
  const OwnSocket = createSocketClass(() => {})
  for (const each of [socket, new OwnSocket(namespace, socket.client, {}, undefined as never)]) {
    const [listener, ...others] = each.rawListeners('error')
    t.equal(listener?.name, 'noop')
    t.strictSame(others, [])
  }
})

t.test('a namespace that creates its sockets in another way is left unchanged', async (t) => {
  const namespace = {} as Namespace
  setSocketClass(
    namespace,
    createSocketClass(() => {}),
  )
  t.strictSame(namespace, {})
})
