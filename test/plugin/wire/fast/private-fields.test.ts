import t from 'tap'
import { hasPrivateFields, isPrivateEngine, type PrivateClient } from '../../../../plugin/wire/fast/private-fields.js'
import { stage } from '../../fast-path-harness.js'

t.test('a client lacks the private fields if any one is missing', async (t) => {
  const { socket } = await stage(t, {}, { fast: false })
  const client = socket.client as unknown as PrivateClient
  t.ok(hasPrivateFields(client))
  /** A copy without the value at that path. */
  const without = (target: object, [name = '', ...path]: string[]): object => {
    const inner = Reflect.get(target, name) as object
    const value = path.length > 0 ? without(inner, path) : undefined
    return new Proxy(target, { get: (own, key) => (key === name ? value : Reflect.get(own, key)) })
  }
  const paths = [
    'nsps',
    'decoder',
    'decoder.isWaiting',
    'conn.writeBuffer',
    'conn.cleanupFn',
    'conn.hasRefreshedPingTimeout',
    'conn._readyState',
    'conn.pingTimeoutTimer',
    'conn.write',
    'conn.emit',
    'conn.server',
    'conn.transport.name',
    'conn.transport.writable',
    'conn.transport.onData',
    'conn.transport.onError',
    'conn.transport.socket._extensions',
    'conn.transport.socket._readyState',
    'conn.transport.socket._socket',
    'conn.transport.socket._socket.writable',
    'conn.transport.socket._socket.write',
    'conn.transport.socket._socket._write',
    'conn.transport.socket._sender',
    'conn.transport.socket._sender._state',
    'conn.transport.socket._sender.sendFrame',
    'conn.transport.socket._receiver',
    'conn.transport.socket._receiver._state',
    'conn.transport.socket._receiver._bufferedBytes',
    'conn.transport.socket._receiver._fragmented',
    'conn.transport.socket._receiver._maxPayload',
    'conn.transport.socket._receiver._loop',
    'conn.transport.socket._receiver.writableLength',
    'conn.transport.socket._receiver.write',
    'conn.transport.socket._receiver.writableEnded',
    'conn.transport.socket._receiver.end',
  ]
  for (const path of paths) t.notOk(hasPrivateFields(without(client, path.split('.')) as PrivateClient), path)
})

t.test('an engine lacks the private fields if any one is missing', async (t) => {
  const { app } = await stage(t, {}, { fast: false })
  const { engine } = app.io
  t.ok(isPrivateEngine(engine))
  for (const name of ['middlewares', 'ws', 'prepare', 'verify', 'handleUpgrade', 'onWebSocket']) {
    t.notOk(
      isPrivateEngine(new Proxy(engine, { get: (own, key) => (key === name ? undefined : Reflect.get(own, key)) })),
      name,
    )
  }
})
