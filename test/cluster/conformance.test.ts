import { fork } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createClient } from 'redis'
import t, { type Test } from 'tap'
import { startRedis } from '../../bench/chaos/redis.js'
import {
  type Ability,
  type ConformanceNode,
  type ConformanceSetup,
  connectNode,
  nodeEnvironment,
  testConformance,
} from '../../plugin/conformance.js'
import type { TestedAdapter } from './conformance-node.js'
import { execArgv } from './nodes.js'
import { hasRedis } from './redis.js'
import { type StallingProxy, startStallingProxy } from './stalling-proxy.js'

/*
 * The conformance suite over real brokers, each node a process.
 */

t.setTimeout(300_000)

const program = fileURLToPath(new URL('conformance-node.ts', import.meta.url))

/** What each adapter lacks: the rows of docs/scaling.md. */
const LACKS: Readonly<Record<TestedAdapter, readonly Ability[]>> = {
  redis: [],
  'stock streams': ['order', 'takeover', 'distant recovery', 'late nodes', 'restart', 'reset', 'partition'],
  'stock pub/sub': ['order', 'recovery', 'late nodes', 'restart', 'reset', 'partition'],
}

/** Entries of strangers, wherever one of the adapters reads. */
async function sendForeign(path: string): Promise<void> {
  const client = await createClient({ socket: { path, tls: false } }).connect()
  const texts = ['', 'x', '[]', '{}', 'null', '{"uid":"x","nsp":"/lobby","type":3}', '{"type":3,"uid":"y","data":null}']
  for (const key of await client.keys('*')) {
    if ((await client.type(key)) !== 'stream') continue
    for (const text of texts) {
      await client.xAdd(key, '*', { text })
      await client.xAdd(key, '*', { uid: 'stranger', nsp: '/lobby', type: '3', data: text })
      await client.xAdd(key, '*', { node: 'stranger', number: '1', body: text })
    }
  }
  const channels = await client.sendCommand(['PUBSUB', 'CHANNELS', '*'])
  for (const channel of channels as unknown as string[]) for (const text of texts) await client.publish(channel, text)
  client.destroy()
}

async function createSetup(t: Test, tested: TestedAdapter): Promise<ConformanceSetup> {
  const folder = await mkdtemp(join(tmpdir(), 'fastify-namespaces-conformance-'))
  const redis = await startRedis(folder)
  t.teardown(async () => {
    await redis.kill()
    await rm(folder, { recursive: true, force: true })
  })
  const proxies = new Map<ConformanceNode, StallingProxy>()
  let nodes = 0
  return {
    lacks: LACKS[tested],
    async startNode(settings) {
      const path = join(folder, `node-${nodes++}.sock`)
      const proxy = await startStallingProxy(path, redis.path)
      // tap puts its own loader into NODE_OPTIONS.
      const env = { ...process.env, NODE_OPTIONS: '', ...nodeEnvironment(settings) }
      const node = await connectNode(fork(program, [tested, path], { env, execArgv }))
      const whole: ConformanceNode = {
        ...node,
        async close() {
          await node.close()
          proxy.close()
        },
      }
      proxies.set(whole, proxy)
      return whole
    },
    broker: {
      stop: redis.kill,
      start: redis.start,
      async reset() {
        const client = await createClient({ socket: { path: redis.path, tls: false } }).connect()
        await client.flushAll()
        client.destroy()
      },
      isolate: async (node) => proxies.get(node)?.stall(),
      rejoin: async (node) => proxies.get(node)?.heal(),
      sendForeign: () => sendForeign(redis.path),
    },
  }
}

const isRedisThere = await hasRedis()

for (const tested of Object.keys(LACKS) as TestedAdapter[]) {
  t.test(tested, { skip: !isRedisThere && 'there is no redis-server' }, async (t) => {
    testConformance((name, run) => t.test(name, run), await createSetup(t, tested))
  })
}
