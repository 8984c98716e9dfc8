import { setImmediate as nextLoop, setTimeout as wait } from 'node:timers/promises'
import { createAdapter, createShardedAdapter } from '@socket.io/redis-adapter'
import { createAdapter as createStreamsAdapter } from '@socket.io/redis-streams-adapter'
import type { FastifyInstance } from 'fastify'
import { Redis } from 'ioredis'
import { createClient } from 'redis'
import t, { type Test } from 'tap'
import { hasRedis, startRedis } from '../../../cluster/redis.js'
import { build, logLines, until } from '../../harness.js'

/*
 * The adapters of Socket.IO for Redis, each with two nodes in this process and a real Redis that delivers what no node has sent.
 */

const skip = !(await hasRedis()) && 'there is no redis-server'

/** Uncaught errors: each of them would have ended the process. */
const uncaught: unknown[] = []
process.on('uncaughtException', (error) => uncaught.push(error))
process.on('unhandledRejection', (error) => uncaught.push(error))

/** A client of `redis`, which is destroyed with its test. */
async function connect(t: Test, path: string) {
  const client = createClient({ socket: { path, tls: false } })
  client.on('error', () => {})
  await client.connect()
  t.teardown(() => client.isOpen && client.destroy())
  return client
}

async function connectTwo(t: Test, path: string) {
  return [await connect(t, path), await connect(t, path)] as const
}

const KINDS: Record<string, (t: Test, path: string) => Promise<unknown>> = {
  redis: async (t, path) => createAdapter(...(await connectTwo(t, path))),
  async ioredis(t, path) {
    const clients = [new Redis(path), new Redis(path)] as const
    t.teardown(() => {
      for (const client of clients) client.disconnect()
    })
    return createAdapter(...clients)
  },
  sharded: async (t, path) => createShardedAdapter(...(await connectTwo(t, path))),
  streams: async (t, path) => createStreamsAdapter(await connect(t, path), { blockTimeInMs: 50 }),
}

async function serve(t: Test, adapter: unknown) {
  const { lines, logger } = logLines()
  const app = await build(
    t,
    { io: { adapter: adapter as never }, namespaces: { '/room': { emits: { news: {} } } } },
    undefined,
    { logger },
  )
  const socket = await app.injectSocket('/room')
  const heard: unknown[] = []
  socket.on('news', (news) => heard.push(news))
  return { app, heard, errors: () => lines.filter(({ level }) => Number(level) >= 50) }
}

/** Emits until the other node hears it: its subscription may take a while. */
async function settle(app: FastifyInstance, heard: unknown[]): Promise<void> {
  while (heard.length === 0) {
    app.io.of('/room').emit('news', 'first')
    await wait(10)
  }
}

const TEXTS = [
  '',
  'x',
  '{',
  '{}',
  '[]',
  'null',
  '"x"',
  '{"uid":"x","nsp":"/room","type":3}',
  '{"uid":"x","nsp":"/room","type":3,"data":null}',
  '{"uid":"x","nsp":"/room","type":5,"opts":7}',
  '{"uid":"x","requestId":"y","type":6,"data":null}',
  '{"uid":"x","requestId":"y","type":0,"rooms":7}',
  '{"uid":"x","requestId":"y","type":7}',
]
// MessagePack: nil, an array of three, an array whose packet is of this namespace but has no options, one that is cut off.
const BYTES = [
  'c0',
  '93a17801c0',
  '9301820ac081a36e7370a52f726f6f6d',
  '93a17882a36e7370a52f726f6f6da47479706502c0',
  'dc',
]

for (const [kind, createAdapterOf] of Object.entries(KINDS)) {
  t.test(
    `${kind}: what no node has sent is logged, a line a kind, and ends, stops and slows nothing`,
    { skip },
    async (t) => {
      const path = await startRedis(t)
      const one = await serve(t, await createAdapterOf(t, path))
      const two = await serve(t, await createAdapterOf(t, path))
      await settle(one.app, two.heard)
      const stranger = await connect(t, path)
      for (let round = 0; round < 3; round++) {
        for (const bytes of [
          ...TEXTS.map((text) => Buffer.from(text)),
          ...BYTES.map((hex) => Buffer.from(hex, 'hex')),
        ]) {
          for (const name of ['socket.io', 'socket.io-request', 'socket.io-response']) {
            await stranger.publish(`${name}#/room#`, bytes)
            await stranger.sPublish(`${name}#/room#`, bytes)
          }
        }
        for (const type of ['3', '4', '5', '7', '8', '9', '42', 'x']) {
          for (const data of [
            '{}',
            '{"packet":null,"opts":{}}',
            '{"opts":{"rooms":7},"packet":{}}',
            'no base64',
            '{',
          ]) {
            await stranger.xAdd('socket.io', '*', { uid: 'stranger', nsp: '/room', type, data })
          }
        }
      }
      one.app.io.of('/room').emit('news', 'last')
      await until(() => two.heard.includes('last') && one.heard.includes('last'))
      // No reader spins: it would use all that it gets of the CPU, in each third of a second.
      for (let ms = 300; ms >= 100; ) {
        const before = process.cpuUsage()
        await wait(300)
        const { user, system } = process.cpuUsage(before)
        ms = (user + system) / 1_000
      }
      t.strictSame(uncaught.splice(0), [])
      const errors = two.errors()
      t.ok(
        errors.every(({ msg }) => /^(a packet from another node was dropped|a socket was left out)/.test(String(msg))),
      )
      t.ok(errors.length > 0 && errors.length < 12, `${errors.length} lines`)
    },
  )
}

t.test('an adapter whose Redis is gone reports it, and ends nothing', { skip }, async (t) => {
  const path = await startRedis(t)
  const clients = await connectTwo(t, path)
  const { app, errors } = await serve(t, createAdapter(...clients))
  for (const client of clients) client.destroy()
  const room = app.io.of('/room')
  room.emit('news', 'nobody hears it elsewhere')
  room.socketsJoin('a')
  room.serverSideEmit('x')
  await room.fetchSockets().catch(() => {})
  await until(() => errors().length > 0)
  // What was not caught in this turn is known in the next.
  await nextLoop()
  t.match(errors(), [{ msg: 'an adapter has failed' }])
  t.strictSame(uncaught.splice(0), [])
})
