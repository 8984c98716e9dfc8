import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as wait } from 'node:timers/promises'
import pg from 'pg'
import { io, type Socket } from 'socket.io-client'
import t, { type Test } from 'tap'
import { bundle } from '../../cluster/bundle.js'
import { hasPostgres, startPostgres } from '../../cluster/postgres.js'

/*
 * Nodes in processes that are killed, or stand still, at every point of a transaction: there is never a row without a kept ack, nor an ack
 * without a row.
 */

t.setTimeout(300_000)

const LEASE_MS = 1_500
const program = await bundle('test/plugin/stores/transaction-node.ts')

/** A node, and a client of it. */
interface Node {
  readonly process: ChildProcess
  readonly socket: Socket
  /** Lets its handler go on until it has reached a point. */
  reach(point: 'begun' | 'written' | 'committed'): Promise<void>
  go(): void
}

async function startNode(t: Test, settings: object): Promise<Node> {
  // tap puts its own loader into NODE_OPTIONS.
  const TRANSACTION_NODE = JSON.stringify({ leaseMs: LEASE_MS, waits: true, fast: true, ...settings })
  const child = fork(program, { env: { ...process.env, NODE_OPTIONS: '', TRANSACTION_NODE }, execArgv: [] })
  t.teardown(async () => {
    if (child.exitCode !== null || child.signalCode !== null) return
    const ended = once(child, 'exit')
    child.kill('SIGCONT')
    child.kill('SIGKILL')
    await ended
  })
  const [address] = await once(child, 'message')
  const socket = io(`${address}/orders`, { transports: ['websocket'], reconnection: false, forceNew: true })
  t.teardown(() => socket.disconnect())
  await once(socket as never, 'connect')
  const points: string[] = []
  let told = () => {}
  child.on('message', (point) => {
    points.push(String(point))
    told()
  })
  return {
    process: child,
    socket,
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

  let keys = 0
  for (const fast of [true, false]) {
    for (const point of ['begun', 'written', 'committed'] as const) {
      await t.test(`kill -9 of a node that has ${point}, with fast: ${fast}`, async (t) => {
        const [one, other] = await Promise.all([startNode(t, { url, fast }), startNode(t, { url, fast })])
        const key = `${point} ${fast}`
        void one.socket.emitWithAck('place', key).catch(() => {})
        await one.reach(point)
        const retry = other.socket.emitWithAck('place', key)
        const ended = once(one.process, 'exit')
        one.process.kill('SIGKILL')
        await ended
        const data = { key, node: point === 'committed' ? one.process.pid : other.process.pid }
        if (point !== 'committed') {
          await other.reach('committed')
          other.go()
        }
        t.strictSame(await retry, { ok: true, data })
        await check(t, ++keys)
      })
    }
  }

  for (const point of ['begun', 'written'] as const) {
    await t.test(
      `a node that has ${point} stands still for longer than its lease: what it writes is rolled back`,
      async (t) => {
        const [one, other] = await Promise.all([startNode(t, { url }), startNode(t, { url })])
        const key = `still ${point}`
        const first = one.socket.emitWithAck('place', key)
        await one.reach(point)
        one.process.kill('SIGSTOP')
        const retry = other.socket.emitWithAck('place', key)
        await other.reach('committed')
        other.go()
        t.strictSame(await retry, { ok: true, data: { key, node: other.process.pid } })
        one.process.kill('SIGCONT')
        // PostgreSQL may have ended its transaction meanwhile.
        one.go()
        if (point === 'begun') void one.reach('committed')
        const ack = await first
        const isOther = ack.ok && ack.data.node === other.process.pid
        t.ok(isOther || ack.error?.code === 'FST_NSP_INTERNAL', JSON.stringify(ack))
        await check(t, ++keys)
        t.strictSame(
          await one.socket.emitWithAck('place', key),
          { ok: true, data: { key, node: other.process.pid } },
          'a retry receives the ack of the other',
        )
      },
    )
  }

  await t.test('kill -9 at any moment', async (t) => {
    const steady = await startNode(t, { url, waits: false })
    const ACKED = new Map<string, unknown>()
    let sent = 0
    for (let round = 0; round < 8; round++) {
      const node = await startNode(t, { url, waits: false })
      const names: string[] = []
      const timer = setInterval(() => {
        const key = `random ${sent++}`
        names.push(key)
        node.socket.timeout(60_000).emit('place', key, (error: unknown, ack: unknown) => {
          if (!error) ACKED.set(key, ack)
        })
      }, 1)
      await wait(60 + 25 * round + Math.random() * 40)
      const ended = once(node.process, 'exit')
      node.process.kill('SIGKILL')
      await ended
      clearInterval(timer)
      for (const key of names) {
        const acked = ACKED.get(key)
        const ack = await steady.socket.emitWithAck('place', key)
        if (acked !== undefined) t.strictSame(ack, acked)
        else t.match(ack, { ok: true, data: { key } })
      }
    }
    t.ok(ACKED.size > 0, `${ACKED.size} of ${sent} acked before their node was killed`)
    keys += sent
    await check(t, keys)
  })
})
