import { once } from 'node:events'
import t, { type Test } from 'tap'
import { bundle } from '../../cluster/bundle.js'
import { hasPostgres, startPostgres } from '../../cluster/postgres.js'
import { hasRedis } from '../../cluster/redis.js'
import { startProxy, startTestRedis } from '../adapters/redis/redis-server.js'
import { type NodeProcess, startNodeProcess } from './node-process.js'

/*
 * Two nodes in two processes, one of which is killed, or stands still, while its handler runs.
 */

t.setTimeout(120_000)

const LEASE_MS = 1_500
const program = await bundle('test/plugin/stores/store-node.ts')

interface Node extends NodeProcess {
  /** Resolves when its handler has begun. */
  begun(): Promise<unknown>
}

async function startNode(t: Test, kind: string, url: string): Promise<Node> {
  const NODE_WITH_STORE = JSON.stringify({ kind, url, leaseMs: LEASE_MS })
  const node = await startNodeProcess(t, program, { NODE_WITH_STORE })
  return { ...node, begun: () => once(node.process, 'message') }
}

const SERVERS = {
  async redis(t: Test) {
    const { path } = await startTestRedis(t)
    // A url has no Unix socket.
    return `redis://127.0.0.1:${(await startProxy(t, path)).port}`
  },
  postgres: async (t: Test) => (await startPostgres(t)).url(),
}

for (const kind of ['redis', 'postgres'] as const) {
  const isThere = await (kind === 'redis' ? hasRedis() : hasPostgres())
  t.test(kind, { skip: !isThere && 'not installed' }, async (t) => {
    const url = await SERVERS[kind](t)
    const [one, other] = await Promise.all([startNode(t, kind, url), startNode(t, kind, url)])

    await t.test(
      'a node stands still for longer than its lease: the retry runs, and its ack answers both',
      async (t) => {
        const first = one.socket.emitWithAck('place', 'a')
        await one.begun()
        one.process.kill('SIGSTOP')
        const begun = other.begun()
        const retry = other.socket.emitWithAck('place', 'a')
        await begun
        other.process.send('end')
        t.strictSame(await retry, { ok: true, data: other.process.pid })
        one.process.kill('SIGCONT')
        one.process.send('end')
        t.strictSame(await first, { ok: true, data: other.process.pid }, 'the late ack of the first is not sent')
      },
    )

    await t.test('kill -9: the retry on another node runs after leaseMs, and not before', async (t) => {
      const from = performance.now()
      void one.socket.emitWithAck('place', 'b').catch(() => {})
      await one.begun()
      one.process.kill('SIGKILL')
      const begun = other.begun()
      const retry = other.socket.emitWithAck('place', 'b')
      // If it had to wait for the ack's ttl, it would not begin within this test.
      await begun
      const ms = performance.now() - from
      // The clocks of the server and of this process may differ by a moment.
      t.ok(ms > LEASE_MS - 50, `${Math.round(ms)} ms after a moment before the lease has begun`)
      other.process.send('end')
      t.strictSame(await retry, { ok: true, data: other.process.pid })
    })
  })
}
