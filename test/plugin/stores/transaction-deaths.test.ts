import { once } from 'node:events'
import { setTimeout as wait } from 'node:timers/promises'
import pg from 'pg'
import t, { type Test } from 'tap'
import { bundle } from '../../cluster/bundle.js'
import { hasPostgres, startPostgres } from '../../cluster/postgres.js'
import { until } from '../harness.js'
import { type NodeProcess, startNodeProcess } from './node-process.js'

/*
 * Nodes in processes that are killed, or stand still, at every point of a transaction: there is never a row without a kept ack, nor an ack
 * without a row.
 */

t.setTimeout(600_000)

const LEASE_MS = 1_500
const program = await bundle('test/plugin/stores/transaction-node.ts')

interface Node extends NodeProcess {
  /** Lets its handler go on until it has reached a point. */
  reach(point: 'begun' | 'written' | 'committed'): Promise<void>
  go(): void
}

async function startNode(t: Test, settings: object): Promise<Node> {
  const TRANSACTION_NODE = JSON.stringify({ leaseMs: LEASE_MS, waits: true, fast: true, ...settings })
  const node = await startNodeProcess(t, program, { TRANSACTION_NODE })
  const child = node.process
  const points: string[] = []
  let told = () => {}
  child.on('message', (point) => {
    points.push(String(point))
    told()
  })
  return {
    ...node,
    go: () => void child.send('go'),
    async reach(wanted) {
      for (;;) {
        while (points.length === 0) {
          await new Promise<void>((resolve) => {
            told = resolve
          })
        }
        if (points.shift() === wanted) return
        child.send('go')
      }
    },
  }
}

t.test('deaths', { skip: !(await hasPostgres()) && 'not installed' }, async (t) => {
  const postgres = await startPostgres(t)
  const url = postgres.url()
  const admin = new pg.Pool({ connectionString: url, max: 2 })
  admin.on('error', () => {})
  t.teardown(() => admin.end())
  await admin.query('CREATE TABLE orders (key text, node integer)')

  /** Each row has its ack, and each ack its row. */
  async function check(t: Test, keys: number): Promise<void> {
    const { rows } = await admin.query(`
      SELECT o.key AS row, a.key AS ack FROM orders o
      FULL JOIN (SELECT ack::json->'data'->>'key' AS key, (ack::json->'data'->>'node')::integer AS node
        FROM test_claims WHERE ack IS NOT NULL) a ON o.key = a.key AND o.node = a.node`)
    t.strictSame(
      rows.filter(({ row, ack }) => row === null || ack === null),
      [],
    )
    t.equal(rows.length, keys)
    t.equal(new Set(rows.map(({ row }) => row)).size, keys, 'no row is there twice')
  }

  /** Takes over from the nodes that end. */
  const other = await startNode(t, { url })
  let keys = 0
  for (const [point, fast] of [
    ['begun', true],
    ['written', true],
    ['written', false],
    ['committed', true],
    ['committed', false],
  ] as const) {
    await t.test(`kill -9 of a node that has ${point}, with fast: ${fast}`, async (t) => {
      const one = await startNode(t, { url, fast })
      const key = `${point} ${fast}`
      void one.socket.emitWithAck('place', key).catch(() => {})
      await one.reach(point)
      const retry = other.socket.emitWithAck('place', key)
      const ended = once(one.process, 'exit')
      one.process.kill('SIGKILL')
      await ended
      if (point !== 'committed') {
        await other.reach('committed')
        other.go()
      }
      const node = point === 'committed' ? one.process.pid : other.process.pid
      t.strictSame(await retry, { ok: true, data: { key, node } })
      await check(t, ++keys)
    })
  }

  for (const point of ['begun', 'written'] as const) {
    await t.test(`a node that has ${point} stands still for longer than its lease: it writes nothing`, async (t) => {
      const one = await startNode(t, { url })
      const key = `still ${point}`
      const first = one.socket.emitWithAck('place', key)
      await one.reach(point)
      one.process.kill('SIGSTOP')
      const retry = other.socket.emitWithAck('place', key)
      await other.reach('committed')
      other.go()
      const others = { ok: true, data: { key, node: other.process.pid } }
      t.strictSame(await retry, others)
      one.process.kill('SIGCONT')
      one.go()
      // PostgreSQL has ended its transaction, or the claim is lost.
      if (point === 'begun') void one.reach('committed')
      const ack = await first
      t.ok(ack.error?.code === 'FST_NSP_INTERNAL' || ack.data.node === other.process.pid, JSON.stringify(ack))
      await check(t, ++keys)
      t.strictSame(await one.socket.emitWithAck('place', key), others, 'a retry receives the ack of the other')
    })
  }

  await t.test('kill -9 at any moment', async (t) => {
    const steady = await startNode(t, { url, waits: false })
    for (let round = 0; round < 4; round++) {
      const node = await startNode(t, { url, waits: false, fast: round % 2 === 0 })
      const sent: string[] = []
      const acked = new Map<string, unknown>()
      const timer = setInterval(() => {
        const key = `random ${keys++}`
        sent.push(key)
        node.socket.emit('place', key, (ack: { ok: boolean }) => ack.ok && acked.set(key, ack))
      }, 2)
      await until(() => acked.size > 10 * round)
      await wait(Math.random() * 20)
      const ended = once(node.process, 'exit')
      node.process.kill('SIGKILL')
      await ended
      clearInterval(timer)
      await until(() => !node.socket.connected)
      t.comment(`${sent.length} sent, ${acked.size} acked`)
      // Not all at once: the events in flight of a socket are limited.
      for (const key of sent) {
        const ack = await steady.socket.emitWithAck('place', key)
        t.match(ack, acked.get(key) ?? { ok: true, data: { key } })
      }
    }
    await check(t, keys)
  })
})
