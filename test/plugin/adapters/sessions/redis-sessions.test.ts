import type { FastifyInstance } from 'fastify'
import type { Socket } from 'socket.io-client'
import t, { type Test } from 'tap'
import { hasRedis } from '../../../cluster/redis.js'
import { build, join, listen, next, until } from '../../harness.js'
import { createStallingProxy } from '../../stalling-proxy.js'
import { CLIENTS } from '../redis/broker-harness.js'
import { startTestRedis } from '../redis/redis-server.js'

const skip = (await hasRedis()) ? false : 'redis-server is not installed'

async function startTwo(t: Test) {
  const redis = await startTestRedis(t)
  const start = async () => {
    const app: FastifyInstance = await build(t, {
      adapter: { type: 'redis', client: CLIENTS.ioredis(redis) },
      io: { connectionStateRecovery: {} },
      namespaces: { '/chat': { onConnect: ({ socket }) => socket.join('members') } },
    })
    return { app, proxy: await createStallingProxy(t, await listen(app)) }
  }
  return { one: await start(), two: await start() }
}

async function hear(t: Test, url: string) {
  const socket: Socket = join(t, url, '/chat', { transports: ['websocket'], reconnection: true, reconnectionDelay: 5 })
  const events: unknown[] = []
  const ids: unknown[] = []
  socket.onAny((_event, ...args) => events.push(args[0]))
  socket.on('connect', () => ids.push(socket.id))
  await next(socket, 'connect')
  return { socket, events, ids }
}

t.test('over Redis a client is recovered on another node, whether its loss was noticed or not', { skip }, async (t) => {
  const { one, two } = await startTwo(t)
  const { socket, events, ids } = await hear(t, one.proxy.url)
  one.app.io.of('/chat').to('members').emit('news', 1)
  await until(() => events.length === 1)
  one.proxy.stall()
  one.app.io.of('/chat').to('members').emit('news', 2)
  Object.assign(socket.io, { uri: two.proxy.url })
  one.proxy.lose()
  two.app.io.of('/chat').emit('news', 3)
  await until(() => ids.length === 2)
  t.ok(socket.recovered)
  t.equal(one.app.io.of('/chat').sockets.size, 0)
  Object.assign(socket.io, { uri: one.proxy.url })
  socket.io.engine.close()
  await until(() => two.app.io.of('/chat').sockets.size === 0)
  two.app.io.of('/chat').to('members').emit('news', 4)
  await until(() => ids.length === 3)
  t.ok(socket.recovered)
  await until(() => events.length >= 4)
  t.strictSame(events, [1, 2, 3, 4])
  t.equal(new Set(ids).size, 1)
})

t.test('over Redis the clients of a node that closes are recovered elsewhere', { skip }, async (t) => {
  const { one, two } = await startTwo(t)
  const clients = await Promise.all(Array.from({ length: 20 }, () => hear(t, one.proxy.url)))
  for (const { socket } of clients) Object.assign(socket.io, { uri: two.proxy.url })
  await one.app.close()
  two.app.io.of('/chat').to('members').emit('news', 1)
  await until(() => clients.every(({ ids, events }) => ids.length === 2 && events.length > 0))
  for (const { socket, events } of clients) {
    t.ok(socket.recovered)
    t.strictSame(events, [1])
  }
})
