import { createAdapter, createShardedAdapter } from '@socket.io/redis-adapter'
import { createAdapter as createStreamsAdapter } from '@socket.io/redis-streams-adapter'
import { createClient } from 'redis'
import type { Test } from 'tap'
import type { NamespacesOptions } from '../../../../plugin/index.js'
import { hasRedis } from '../../../cluster/redis.js'
import { build, logLines } from '../../harness.js'

/*
 * Nodes in this process, over a real Redis.
 */

export const skip = !(await hasRedis()) && 'there is no redis-server'

/** A client of `redis`, which is destroyed with its test. */
export async function connectRedis(t: Test, path: string) {
  const client = createClient({ socket: { path, tls: false } })
  client.on('error', () => {})
  await client.connect()
  t.teardown(() => client.isOpen && client.destroy())
  return client
}

type CreateRedisAdapter = (t: Test, path: string) => Promise<unknown>

/** Adapters of Socket.IO. */
export const ADAPTERS = {
  redis: async (t, path) => createAdapter(await connectRedis(t, path), await connectRedis(t, path)),
  sharded: async (t, path) => createShardedAdapter(await connectRedis(t, path), await connectRedis(t, path)),
  streams: async (t, path) => createStreamsAdapter(await connectRedis(t, path), { blockTimeInMs: 50 }),
} satisfies Record<string, CreateRedisAdapter>

const ROOM = {
  emits: {
    news: { payload: { type: 'object', properties: { text: {} }, required: ['text'] } },
    question: { payload: { type: 'integer' }, reply: { type: 'string' } },
    any: {},
  },
}

/** A node with the namespaces `/room` and `/orgs/:id`. */
export async function startNode(t: Test, adapter: unknown, io: NamespacesOptions['io'] = {}) {
  const { lines, logger } = logLines()
  const app = await build(
    t,
    {
      io: { ...(adapter !== undefined && { adapter: adapter as never }), ...io },
      namespaces: { '/room': ROOM, '/orgs/:id': ROOM },
    },
    undefined,
    { logger },
  )
  await app.ready()
  /** A client, and what it hears. */
  const hear = async (address: string) => {
    const socket = await app.injectSocket(address)
    const heard: unknown[] = []
    socket.on('news', ({ text }) => heard.push(text))
    socket.on('question', (number, ack) => ack(`heard ${number}`))
    return { socket, heard }
  }
  return { app, lines, hear }
}
