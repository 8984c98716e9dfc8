import Fastify, { type FastifyInstance } from 'fastify'
import namespaces, { defineNamespace } from 'fastify-namespaces'
import { createPostgresOutbox, createPostgresStore } from 'fastify-namespaces/stores'
import pg from 'pg'
import { Type } from 'typebox'

/*
 * Orders in one transaction: the stock, the order, the ack of an event and what the other clients are told are written together, or not at all.
 */

export const createOrders = (pool: pg.Pool) =>
  defineNamespace({
    emits: { 'stock:left': { payload: Type.Object({ item: Type.String(), left: Type.Integer() }) } },
    onConnect: ({ socket }) => socket.join('shop'),
    events: {
      'order:place': {
        payload: Type.Object({ key: Type.String({ minLength: 16 }), item: Type.String() }),
        reply: Type.Object({ id: Type.Integer() }),
        errors: { SOLD_OUT: Type.Object({ item: Type.String() }) },
        idempotency: { key: ({ key }) => key, store: createPostgresStore({ pool }), transaction: true },
        handler: async ({ item }, { sql, to, error }) => {
          const taken = await sql.query<{ left_over: number }>(
            'UPDATE stock SET left_over = left_over - 1 WHERE item = $1 AND left_over > 0 RETURNING left_over',
            [item],
          )
          if (taken.rowCount === 0) throw error('SOLD_OUT', { item })
          await to('shop').emitIn(sql, 'stock:left', { item, left: Number(taken.rows[0]?.left_over) })
          const { rows } = await sql.query<{ id: number }>('INSERT INTO orders (item) VALUES ($1) RETURNING id', [item])
          return { id: Number(rows[0]?.id) }
        },
      },
    },
  })

export async function buildServer(url = process.env.DATABASE_URL): Promise<FastifyInstance> {
  const app = Fastify()
  const pool = new pg.Pool({ connectionString: url })
  pool.on('error', (error) => app.log.error(error))
  app.addHook('onClose', () => pool.end())
  await pool.query('CREATE TABLE IF NOT EXISTS stock (item text PRIMARY KEY, left_over integer NOT NULL)')
  await pool.query('CREATE TABLE IF NOT EXISTS orders (id serial PRIMARY KEY, item text NOT NULL)')
  await app.register(namespaces, {
    namespaces: { '/orders': createOrders(pool) },
    outbox: createPostgresOutbox({ pool }),
  })
  return app
}
