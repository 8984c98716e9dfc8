import { once } from 'node:events'
import { setTimeout as wait } from 'node:timers/promises'
import pg from 'pg'
import { io, type Socket } from 'socket.io-client'
import t, { type Test } from 'tap'
import { bundle } from '../../../cluster/bundle.js'
import { hasPostgres, startPostgres } from '../../../cluster/postgres.js'
import { hasRedis } from '../../../cluster/redis.js'
import { startProxy, startTestRedis } from '../../adapters/redis/redis-server.js'
import { until } from '../../harness.js'
import { startNodeProcess } from '../node-process.js'

/*
 * Nodes in processes that are killed while they deliver the outbox: every committed emit arrives once, in the order of the commits, and none
 * that was rolled back.
 */

t.setTimeout(600_000)

const ADDRESSES = ['/orders', '/rooms/1', '/rooms/2'] as const
const program = await bundle('test/plugin/stores/outbox/outbox-node.ts')

/** One transaction: when its COMMIT was sent, and when it was answered, in the order of all these moments. */
interface Transaction {
  readonly addresses: readonly string[]
  sent: number
  answered: number
}

for (const broker of ['redis', 'postgres'] as const) {
  const isMissing = !(await hasPostgres()) || (broker === 'redis' && !(await hasRedis()))
  t.test(broker, { skip: isMissing && 'not installed' }, async (t) => {
    const postgres = await startPostgres(t)
    const url = postgres.url()
    const redis = broker === 'redis' ? await startTestRedis(t) : undefined
    const pool = new pg.Pool({ connectionString: url, max: 10 })
    pool.on('error', () => {})
    t.teardown(() => pool.end())
    const proxy = redis && (await startProxy(t, redis.path))
    const adapter = proxy ? { type: 'redis', url: `redis://127.0.0.1:${proxy.port}` } : { type: 'postgres', url }

    function start(t: Test, role: 'idle' | 'reading' | 'stopping') {
      const OUTBOX_NODE = JSON.stringify({ url, prefix: 'test', adapter, role, recovery: true })
      return startNodeProcess(t, program, { OUTBOX_NODE })
    }

    async function kill({ process }: Awaited<ReturnType<typeof start>>) {
      const ended = once(process, 'exit')
      process.kill('SIGKILL')
      await ended
    }

    /** Hears what comes to all addresses of a node. */
    async function hear(t: Test, { socket }: { socket: Socket }) {
      const heard = new Map<string, number[]>(ADDRESSES.map((address) => [address, []]))
      for (const address of ADDRESSES) {
        const own =
          address === '/orders'
            ? socket
            : io((socket.io as unknown as { uri: string }).uri.replace('/orders', address), {
                transports: ['websocket'],
              })
        t.teardown(() => own.disconnect())
        if (!own.connected) await once(own as never, 'connect')
        own.on('told', ({ tx }) => heard.get(address)?.push(tx))
      }
      return heard
    }

    await t.test('a node that is killed when the broker has its emits, and nothing is noted', async (t) => {
      const steady = await start(t, 'idle')
      const heard = await hear(t, steady)
      const stopping = await start(t, 'stopping')
      await pool.query(
        `SELECT test_emit('/orders', 'told', jsonb_build_object('tx', n)) FROM generate_series(1, 20) AS n`,
      )
      await until(() => heard.get('/orders')?.length === 20)
      await kill(stopping)
      // It has joined after the emits: what is delivered again is nothing to its client.
      const late = await start(t, 'idle')
      const lateHeard = await hear(t, late)
      const reading = await start(t, 'reading')
      await pool.query(`SELECT test_emit('/orders', 'told', '{"tx": 21}')`)
      await until(() => heard.get('/orders')?.includes(21) === true && lateHeard.get('/orders')?.includes(21) === true)
      t.strictSame(
        heard.get('/orders'),
        Array.from({ length: 21 }, (_, at) => at + 1),
      )
      t.strictSame(lateHeard.get('/orders'), [21])
      for (const node of [steady, late, reading]) await kill(node)
    })

    await t.test('kill -9 at any moment', async (t) => {
      const steady = await start(t, 'idle')
      const heard = await hear(t, steady)
      const transactions: Transaction[] = []
      let moment = 0
      let isWriting = true

      async function write(): Promise<void> {
        while (isWriting) {
          const client = await pool.connect()
          const addresses = ADDRESSES.filter(() => Math.random() < 0.6)
          const tx = transactions.length
          const isCommitted = Math.random() < 0.8
          const transaction: Transaction = { addresses: isCommitted ? addresses : [], sent: 0, answered: 0 }
          transactions.push(transaction)
          await client.query('BEGIN')
          for (const address of addresses) await client.query('SELECT test_emit($1, $2, $3)', [address, 'told', { tx }])
          await wait(1 + Math.random() * 9)
          transaction.sent = moment++
          await client.query(isCommitted ? 'COMMIT' : 'ROLLBACK')
          transaction.answered = moment++
          client.release()
        }
      }

      const writing = [write(), write(), write(), write()]
      let node = await start(t, 'reading')
      for (let round = 0; round < 5; round++) {
        const next = start(t, 'reading')
        const before = heard.get('/orders')?.length ?? 0
        await until(() => (heard.get('/orders')?.length ?? 0) > before + 20)
        await wait(Math.random() * 30)
        await kill(node)
        node = await next
      }
      isWriting = false
      await Promise.all(writing)
      for (const [address, told] of heard) {
        const committed = transactions.flatMap(({ addresses }, tx) => (addresses.includes(address) ? [tx] : []))
        await until(() => committed.every((tx) => told.includes(tx)))
        t.strictSame(
          [...told].sort((one, other) => one - other),
          committed,
          'each once, and none that was rolled back',
        )
        let lastSent = 0
        const early = told.filter((tx) => {
          const { sent, answered } = transactions[tx] as Transaction
          lastSent = Math.max(lastSent, sent)
          return answered < lastSent
        })
        t.strictSame(early, [], 'in the order of the commits')
      }
      t.comment(`${transactions.length} transactions`)
    })
  })
}
