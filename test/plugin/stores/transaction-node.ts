import Fastify from 'fastify'
import namespaces, { type ClaimTransaction, defineNamespace, type IdempotencyStore } from '../../../plugin/index.js'
import { createPostgresStore } from '../../../plugin/stores.js'

/*
 * A node in a process of its own, whose handler writes one row. It tells each point that it has reached, and goes on when it is told; or it
 * does not wait at all.
 */

const { url, leaseMs, waits, fast } = JSON.parse(String(process.env.TRANSACTION_NODE))

async function reach(point: string): Promise<void> {
  if (!waits) return
  process.send?.(point)
  await new Promise((resolve) => process.once('message', resolve))
}

/** Stops between the commit and the ack. */
function stopping(store: IdempotencyStore): IdempotencyStore {
  const { begin } = store as Required<IdempotencyStore>
  return {
    ...store,
    async begin(...given) {
      const transaction: ClaimTransaction = await begin(...given)
      return {
        sql: transaction.sql,
        rollback: () => transaction.rollback(),
        async commit(ack) {
          await transaction.commit(ack)
          await reach('committed')
        },
      }
    },
  }
}

const store = stopping(createPostgresStore({ url, prefix: 'test' }))
const orders = defineNamespace({
  events: {
    place: {
      handlerTimeoutMs: 0,
      idempotency: { key: (key) => key as string, leaseMs, store, transaction: true },
      handler: async (key, { sql }) => {
        await reach('begun')
        await sql.query('INSERT INTO orders (key, node) VALUES ($1, $2)', [key, process.pid])
        await reach('written')
        return { key, node: process.pid }
      },
    },
  },
})

const app = Fastify()
await app.register(namespaces, { namespaces: { '/orders': orders }, fast })
process.on('disconnect', () => process.exit())
process.send?.(await app.listen({ port: 0, host: '127.0.0.1' }))
