import type { FastifyInstance } from 'fastify'
import t, { type Test } from 'tap'
import type { LimitsOfAllNodes } from '../../../../plugin/shared/limits.js'
import { hasRedis } from '../../../cluster/redis.js'
import { build, until } from '../../harness.js'
import { CLIENTS } from '../redis/broker-harness.js'
import { startTestRedis, type TestRedis } from '../redis/redis-server.js'

/*
 * Limits of all nodes together, over a real Redis.
 */

t.setTimeout(120_000)

const skip = (await hasRedis()) ? false : 'redis-server is not installed'

async function startNode(t: Test, redis: TestRedis, allNodes: LimitsOfAllNodes = {}) {
  const app = await build(t, {
    adapter: { type: 'redis', client: CLIENTS.ioredis(redis) },
    namespaces: { '/lobby': {}, '/orgs/:id': {} },
    limits: { allNodes },
  })
  await app.ready()
  return app
}

/** The code or the status of a refusal; undefined if the client has joined, and has left again. */
async function triedBy(app: FastifyInstance, address: string): Promise<unknown> {
  return app.injectSocket(address).then(
    async (socket) => {
      const before = app.io.engine.clientsCount
      socket.disconnect()
      await until(() => app.io.engine.clientsCount < before)
    },
    ({ data }) => data.code ?? data.statusCode,
  )
}

/** Waits until a node answers so. What it lets in before leaves. `address` is written anew for each try. */
async function untilTried(app: FastifyInstance, address: () => string, answer: unknown): Promise<void> {
  while ((await triedBy(app, address())) !== answer) await new Promise(setImmediate)
}

let addresses = 0
const newAddress = () => `/orgs/new-${++addresses}`
const lobby = () => '/lobby'

t.test('connections of all nodes are limited; a node that closes gives its share back', { skip }, async (t) => {
  const redis = await startTestRedis(t)
  const one = await startNode(t, redis, { connections: 3 })
  const two = await startNode(t, redis, { connections: 3 })
  for (const app of [one, one, two]) await app.injectSocket('/lobby')
  await untilTried(one, lobby, 503)
  await untilTried(two, lobby, 503)
  // A third learns it from the others.
  const three = await startNode(t, redis, { connections: 3 })
  await untilTried(three, lobby, 503)
  await one.close()
  await untilTried(two, lobby, undefined)
  await untilTried(three, lobby, undefined)
})

t.test('dynamic namespaces of all nodes are limited, each once for each node', { skip }, async (t) => {
  const redis = await startTestRedis(t)
  const one = await startNode(t, redis, { dynamicNamespaces: 2 })
  const two = await startNode(t, redis, { dynamicNamespaces: 2 })
  const free = await startNode(t, redis)
  await free.injectSocket('/orgs/1')
  const first = await one.injectSocket('/orgs/1')
  // What is open on other nodes is not open here.
  await untilTried(two, newAddress, 'FST_NSP_CHILDREN_LIMIT')
  t.equal(await triedBy(two, '/orgs/1'), 'FST_NSP_CHILDREN_LIMIT')
  t.equal(await triedBy(two, '/lobby'), undefined)
  await untilTried(one, newAddress, 'FST_NSP_CHILDREN_LIMIT')
  t.equal(await triedBy(one, '/orgs/1'), undefined)
  t.equal(await triedBy(free, '/orgs/2'), undefined, 'a node without such a limit refuses nothing')
  // A namespace of this node that nobody is in is closed to make room, and the others leave none.
  first.disconnect()
  await until(() => one.io.of('/orgs/1').sockets.size === 0)
  await untilTried(one, newAddress, 'FST_NSP_CHILDREN_LIMIT')
  t.strictSame([...one.io._nsps.keys()].sort(), ['/', '/lobby'])
  await free.close()
  await untilTried(one, newAddress, undefined)
})

t.test('without an adapter, the one node is all of them', async (t) => {
  const app = await build(t, {
    namespaces: { '/orgs/:id': {} },
    limits: { allNodes: { connections: 2, dynamicNamespaces: 1 } },
  })
  const socket = await app.injectSocket('/orgs/1')
  t.equal(await triedBy(app, '/orgs/2'), 'FST_NSP_CHILDREN_LIMIT')
  await app.injectSocket('/orgs/1')
  t.equal(await triedBy(app, '/orgs/1'), 503)
  socket.disconnect()
})
