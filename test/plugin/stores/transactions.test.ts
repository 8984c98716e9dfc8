import pg from 'pg'
import t, { type Test } from 'tap'
import { createMemoryStore, defineNamespace, type SqlClient } from '../../../plugin/index.js'
import { createPostgresStore } from '../../../plugin/stores.js'
import { hasPostgres, startPostgres } from '../../cluster/postgres.js'
import { build, join, listen, logLines, until, withResolvers } from '../harness.js'

/*
 * Events whose handler writes in one transaction with their ack.
 */

t.setTimeout(180_000)

const INTERNAL = { ok: false, error: { code: 'FST_NSP_INTERNAL', statusCode: 500 } }
const INSERT = 'INSERT INTO orders (id) VALUES ($1)'

interface Order {
  readonly id: string
}
type Handle = (sql: SqlClient, order: Order, signal: AbortSignal) => unknown

interface NodeOptions {
  readonly fast?: boolean
  readonly leaseMs?: number
  readonly handlerTimeoutMs?: number
  readonly max?: number
  readonly connectTimeoutMs?: number
  readonly reply?: object
  readonly key?: () => string | undefined
}

t.test('transactions', { skip: !(await hasPostgres()) && 'not installed' }, async (t) => {
  const postgres = await startPostgres(t)
  const admin = new pg.Pool({ connectionString: postgres.url(), max: 3 })
  admin.on('error', () => {})
  t.teardown(() => admin.end())
  await admin.query('CREATE TABLE orders (id text PRIMARY KEY, note text)')
  await admin.query('CREATE TABLE lines (of text REFERENCES orders DEFERRABLE INITIALLY DEFERRED)')
  const rows = async (table: string) => (await admin.query(`SELECT * FROM ${table}`)).rows.length
  const isWritten = async (id: string) =>
    ((await admin.query('SELECT 1 FROM orders WHERE id = $1', [id])).rowCount ?? 0) > 0

  /** A node with a pool of its own, whose handler is given. */
  async function startNode(t: Test, handle: Handle, options: NodeOptions = {}) {
    const { fast, leaseMs = 60_000, handlerTimeoutMs = 30_000, max = 8, connectTimeoutMs = 5_000, reply } = options
    const pool = new pg.Pool({ connectionString: postgres.url(), max })
    pool.on('error', () => {})
    const store = createPostgresStore({ pool, prefix: 'test', connectTimeoutMs, maxAckBytes: 1_000 })
    const orders = defineNamespace({
      events: {
        place: {
          handlerTimeoutMs,
          ...(reply && { reply }),
          idempotency: {
            key: options.key ?? ((order) => (order as Order).id),
            store,
            leaseMs,
            transaction: true,
          },
          handler: (order, { sql, signal }) => handle(sql, order as Order, signal),
        },
      },
    })
    const { lines, logger } = logLines()
    const app = await build(
      t,
      { namespaces: { '/orders': orders }, closeTimeoutMs: 200, ...(fast !== undefined && { fast }) },
      undefined,
      { logger },
    )
    const url = `http://127.0.0.1:${await listen(app)}`
    t.teardown(async () => {
      await app.close()
      await pool.end()
    })
    const connect = () => join(t, url, '/orders', { transports: ['websocket'] })
    const socket = connect()
    await until(() => socket.connected)
    const place = (id: string, more: object = {}) => socket.emitWithAck('place', { id, ...more })
    /** The one connection that is still in use is the listening one. */
    const isFree = () => until(() => pool.totalCount - pool.idleCount === 1 && pool.waitingCount === 0)
    return { app, pool, store, socket, connect, place, lines, isFree }
  }

  const write: Handle = async (sql, { id }) => {
    await sql.query(INSERT, [id])
    return id
  }

  for (const fast of [true, false]) {
    await t.test(`a row and its ack are kept together, with fast: ${fast}`, async (t) => {
      let calls = 0
      const { place, isFree } = await startNode(
        t,
        async (sql, { id }) => {
          calls++
          t.notOk(await isWritten(id))
          const { rows, rowCount } = await sql.query<Order>({ text: `${INSERT} RETURNING id`, values: [id] })
          t.strictSame([rows, rowCount], [[{ id }], 1])
          t.notOk(await isWritten(id), 'not before the commit')
          return id
        },
        { fast },
      )
      const id = `together ${fast}`
      const ack = await place(id)
      t.strictSame(ack, { ok: true, data: id })
      t.ok(await isWritten(id), 'when the ack is there')
      t.strictSame(await place(id), ack)
      t.match(await place(id, { other: true }), { ok: false, error: { code: 'FST_NSP_KEY_REUSED' } })
      t.equal(calls, 1)
      await isFree()
    })
  }

  await t.test('two nodes get the same event: one runs it, and both send its ack', async (t) => {
    let calls = 0
    const release = withResolvers()
    const handle: Handle = async (sql, { id }) => {
      await sql.query(INSERT, [id])
      await release.promise
      return ++calls
    }
    const nodes = [await startNode(t, handle), await startNode(t, handle)]
    const acks = [...nodes, ...nodes].map(({ place }) => place('both'))
    while ((await admin.query('SELECT 1 FROM test_claims WHERE is_awaited')).rowCount !== 1);
    release.resolve()
    for (const ack of await Promise.all(acks)) t.strictSame(ack, { ok: true, data: 1 })
    for (const { isFree } of nodes) await isFree()
  })

  await t.test('what a handler has written before it fails is rolled back, and the key is free', async (t) => {
    let error: unknown = new Error('secret')
    const { place, isFree } = await startNode(t, async (sql, { id }) => {
      await sql.query(INSERT, [id])
      if (error) throw error
      return id
    })
    t.match(await place('fails'), INTERNAL)
    await isFree()
    t.notOk(await isWritten('fails'))
    error = undefined
    t.strictSame(await place('fails'), { ok: true, data: 'fails' })
    error = Object.assign(new Error('sold out'), { statusCode: 409, code: 'SOLD_OUT', expose: true })
    const refused = await place('refused')
    t.match(refused, { ok: false, error: { code: 'SOLD_OUT' } })
    t.notOk(await isWritten('refused'))
    error = undefined
    t.strictSame(await place('refused'), refused, 'a refusal is an answer: it is kept')
    await isFree()
  })

  await t.test('a statement that fails fails the event, also if the handler has caught its error', async (t) => {
    const { place, lines, isFree } = await startNode(t, async (sql, { id }) => {
      await sql.query(INSERT, [id])
      await sql.query('SELECT 1 / 0').catch(() => {})
      return id
    })
    t.match(await place('caught'), INTERNAL)
    t.notOk(await isWritten('caught'))
    t.match(
      lines.find(({ err }) => (err as { code?: string })?.code === 'FST_NSP_TRANSACTION_INVALID'),
      { err: { message: /one of its statements has failed/ } },
    )
    await isFree()
  })

  await t.test('a savepoint may be rolled back', async (t) => {
    const { place } = await startNode(t, async (sql, { id }) => {
      await sql.query(INSERT, [id])
      await sql.query('SAVEPOINT here')
      await sql.query('SELECT 1 / 0').catch(() => sql.query('ROLLBACK TO SAVEPOINT here'))
      return id
    })
    t.strictSame(await place('savepoint'), { ok: true, data: 'savepoint' })
    t.ok(await isWritten('savepoint'))
  })

  await t.test('a reply that does not fit, or that can not be encoded, rolls back', async (t) => {
    let reply: unknown = 'no number'
    const { place, isFree } = await startNode(
      t,
      async (sql, { id }) => {
        await sql.query(INSERT, [id])
        return reply
      },
      { reply: { type: 'integer' } },
    )
    t.match(await place('unfit'), { ok: false, error: { code: 'FST_NSP_REPLY_INVALID' } })
    await isFree()
    t.notOk(await isWritten('unfit'))
    reply = 1
    t.strictSame(await place('unfit'), { ok: true, data: 1 })
    const free = await startNode(t, async (sql, { id }) => {
      await sql.query(INSERT, [id])
      return { n: 1n }
    })
    t.match(await free.place('bigint'), { ok: false, error: { code: 'FST_NSP_REPLY_INVALID' } })
    await free.isFree()
    t.notOk(await isWritten('bigint'))
  })

  await t.test('an ack too large to be kept is sent, and a retry receives an error', async (t) => {
    const { place } = await startNode(t, async (sql, { id }) => {
      await sql.query(INSERT, [id])
      return 'x'.repeat(2_000)
    })
    t.match(await place('large'), { ok: true })
    t.ok(await isWritten('large'))
    t.match(await place('large'), { ok: false, error: { code: 'FST_NSP_ACK_TOO_LARGE' } })
  })

  await t.test('a constraint that is checked by the commit rolls back', async (t) => {
    const { place, lines, isFree } = await startNode(t, async (sql, { id }) => {
      await sql.query(INSERT, [id])
      await sql.query("INSERT INTO lines (of) VALUES ('nothing')")
    })
    t.match(await place('deferred'), INTERNAL)
    t.notOk(await isWritten('deferred'))
    t.equal(await rows('lines'), 0)
    t.match(
      lines.find(({ err }) => (err as { code?: string })?.code === 'FST_NSP_STORE_FAILED'),
      { err: { stack: /foreign key/ } },
    )
    await isFree()
    t.equal((await admin.query('SELECT 1 FROM test_claims WHERE ack IS NULL')).rowCount, 0, 'the key is free')
  })

  await t.test('a timeout rolls back at once, and the handler can not write any more', async (t) => {
    const late: unknown[] = []
    const end = withResolvers()
    let calls = 0
    const { place, isFree } = await startNode(
      t,
      async (sql, { id }) => {
        await sql.query(INSERT, [id])
        if (++calls > 1) return id
        await end.promise
        await sql.query(INSERT, [`${id} later`]).catch((error) => late.push(error))
        return id
      },
      { handlerTimeoutMs: 300 },
    )
    t.match(await place('slow'), { ok: false, error: { code: 'FST_NSP_HANDLER_TIMEOUT' } })
    await isFree()
    t.notOk(await isWritten('slow'))
    end.resolve()
    await until(() => late.length > 0)
    t.match(late, [{ code: 'FST_NSP_TRANSACTION_INVALID', message: /has ended/ }])
    t.strictSame(await place('slow'), { ok: true, data: 'slow' }, 'the key is free')
    t.notOk(await isWritten('slow later'))
  })

  await t.test('a statement may take no longer than its event', async (t) => {
    const { place, isFree } = await startNode(
      t,
      async (sql, { id }) => {
        await sql.query(INSERT, [id])
        await sql.query('SELECT pg_sleep(60)')
      },
      { handlerTimeoutMs: 300 },
    )
    t.match(await place('sleeps'), { ok: false, error: { code: 'FST_NSP_HANDLER_TIMEOUT' } })
    await isFree()
    t.notOk(await isWritten('sleeps'))
    const { rowCount } = await admin.query(
      "SELECT 1 FROM pg_stat_activity WHERE query LIKE '%pg_sleep(60)' AND state = 'active'",
    )
    t.equal(rowCount, 0)
  })

  await t.test('after a disconnect the handler ends, and its row and ack are kept', async (t) => {
    const begun = withResolvers()
    const { app, connect, isFree, place } = await startNode(t, async (sql, { id }, signal) => {
      await sql.query(INSERT, [id])
      begun.resolve()
      if (!signal.aborted) await new Promise((resolve) => signal.addEventListener('abort', resolve))
      if (id === 'gives up') signal.throwIfAborted()
      return id
    })
    for (const id of ['gone', 'gives up']) {
      const socket = connect()
      socket.emit('place', { id })
      await begun.promise
      await until(() => app.io.of('/orders').sockets.size === 2)
      socket.disconnect()
      await until(() => app.io.of('/orders').sockets.size === 1)
      await isFree()
    }
    t.ok(await isWritten('gone'))
    t.strictSame(await place('gone'), { ok: true, data: 'gone' })
    t.notOk(await isWritten('gives up'))
  })

  await t.test('the transaction is begun and ended by the plugin', async (t) => {
    const problems: unknown[] = []
    const { place } = await startNode(t, async (sql, { id }) => {
      for (const text of ['COMMIT', ' rollback', 'BEGIN', 'start transaction', 'END;', 'PREPARE TRANSACTION $$x$$'])
        await sql.query(text).catch((error) => problems.push(error.code))
      await sql.query({ text: 'ABORT' }).catch((error) => problems.push(error.code))
      return write(sql, { id }, undefined as never)
    })
    t.strictSame(await place('ours'), { ok: true, data: 'ours' })
    t.strictSame(problems, Array(7).fill('FST_NSP_TRANSACTION_INVALID'))
  })

  await t.test('a handler that ends it all the same is found out', async (t) => {
    const { place, lines, isFree } = await startNode(t, async (sql, { id }) => {
      await sql.query(`INSERT INTO orders (id) VALUES ('${id}'); COMMIT`)
    })
    t.match(await place('by hand'), INTERNAL)
    t.match(
      lines.find(({ err }) => (err as { code?: string })?.code === 'FST_NSP_TRANSACTION_INVALID'),
      { err: { message: /was ended by a statement of its handler/ } },
    )
    await isFree()
  })

  await t.test('statements that are not awaited are part of the transaction', async (t) => {
    const { place } = await startNode(t, (sql, { id }) => {
      void sql.query(INSERT, [id])
      void sql.query(INSERT, [`${id} too`])
    })
    t.match(await place('floating'), { ok: true })
    t.ok(await isWritten('floating too'))
  })

  await t.test('an event without a key has a transaction, too', async (t) => {
    const { place, isFree } = await startNode(t, write, { key: () => undefined })
    t.strictSame(await place('keyless'), { ok: true, data: 'keyless' })
    t.ok(await isWritten('keyless'))
    t.match(await place('keyless'), INTERNAL, 'it runs again')
    await isFree()
  })

  await t.test(
    'without a free connection the event fails, its handler does not run, and its key is free',
    async (t) => {
      const release = withResolvers()
      let calls = 0
      const { place, lines, isFree } = await startNode(
        t,
        async (sql, order) => {
          if (++calls === 1) await release.promise
          return write(sql, order, undefined as never)
        },
        // One listens, one is for the claims, and one for a transaction.
        { max: 3, connectTimeoutMs: 700 },
      )
      const first = place('has it')
      await until(() => calls === 1)
      const other = place('has the other')
      void other.catch(() => {})
      t.strictSame(await other, { ok: true, data: 'has the other' })
      release.resolve()
      t.match(await first, { ok: true })
      await isFree()
      const hold = withResolvers()
      const holding = await startNode(
        t,
        async (sql, order) => {
          await hold.promise
          return write(sql, order, undefined as never)
        },
        { max: 3, connectTimeoutMs: 700 },
      )
      const held = [holding.place('one'), holding.place('two')]
      await until(() => holding.pool.totalCount - holding.pool.idleCount === 3)
      // Claims wait for a connection as long as the pool lets them.
      const waiting = holding.place('three')
      await until(() => holding.pool.waitingCount > 0)
      hold.resolve()
      for (const ack of await Promise.all([...held, waiting])) t.match(ack, { ok: true })
      t.equal(lines.filter(({ level }) => Number(level) >= 50).length, 0)
      const none = await startNode(t, write, { max: 2, connectTimeoutMs: 300 })
      const client = withResolvers<pg.PoolClient>()
      // Takes the connection between the claim and the transaction.
      none.pool.once('release', () => none.pool.connect().then(client.resolve))
      t.match(await none.place('none'), INTERNAL)
      t.match(
        none.lines.find(({ err }) => (err as { code?: string })?.code === 'FST_NSP_STORE_FAILED'),
        { err: { stack: /no connection within 300 ms/ } },
      )
      ;(await client.promise).release()
      t.strictSame(await none.place('none'), { ok: true, data: 'none' })
    },
  )

  await t.test('a lease is renewed while transactions hold every connection of the pool', async (t) => {
    const end = withResolvers()
    let calls = 0
    const { place } = await startNode(
      t,
      async (sql, order) => {
        calls++
        const beat = setInterval(() => sql.query('SELECT 1').catch(() => {}), 100)
        await end.promise
        clearInterval(beat)
        return write(sql, order, undefined as never)
      },
      { max: 2, leaseMs: 900 },
    )
    const other = await startNode(t, write)
    const ack = place('renewed')
    await until(() => calls === 1)
    const retry = other.place('renewed')
    const from = performance.now()
    while (performance.now() - from < 2_000) {
      const { rowCount } = await admin.query('SELECT 1 FROM test_claims WHERE ack IS NULL AND expires > now()')
      if (rowCount !== 1) t.fail('the lease has ended')
    }
    end.resolve()
    for (const one of await Promise.all([ack, retry])) t.strictSame(one, { ok: true, data: 'renewed' })
  })

  await t.test('a claim that is lost rolls back: the ack of the other event is sent', async (t) => {
    const end = withResolvers()
    let calls = 0
    const handle: Handle = async (sql, { id }) => {
      await sql.query(INSERT, [`${id} by ${++calls}`])
      if (calls === 1) await end.promise
      return calls
    }
    const [one, other] = [await startNode(t, handle), await startNode(t, handle)]
    const first = one.place('lost')
    await until(() => calls === 1)
    await admin.query("UPDATE test_claims SET expires = now() - interval '1 s' WHERE ack IS NULL")
    t.strictSame(await other.place('lost'), { ok: true, data: 2 })
    end.resolve()
    t.strictSame(await first, { ok: true, data: 2 })
    t.notOk(await isWritten('lost by 1'))
    t.ok(await isWritten('lost by 2'))
    t.match(
      one.lines.find(({ code }) => code === 'FST_NSP_CLAIM_LOST'),
      { msg: /rolled back/ },
    )
    for (const { isFree } of [one, other]) await isFree()
  })

  await t.test('a claim that is gone rolls back, and its key is free', async (t) => {
    let gone = false
    const { place, isFree } = await startNode(t, async (sql, { id }) => {
      await sql.query(INSERT, [id])
      if (!gone) await admin.query('DELETE FROM test_claims WHERE ack IS NULL')
      gone = true
      return id
    })
    t.match(await place('deleted'), INTERNAL)
    t.notOk(await isWritten('deleted'))
    await isFree()
    t.strictSame(await place('deleted'), { ok: true, data: 'deleted' })
  })

  await t.test('a connection that is lost in the handler fails the event', async (t) => {
    let kills = 0
    const { place, isFree } = await startNode(t, async (sql, { id }) => {
      await sql.query(INSERT, [id])
      const { rows } = await sql.query<{ pid: number }>('SELECT pg_backend_pid() AS pid')
      if (++kills === 1) await admin.query('SELECT pg_terminate_backend($1)', [rows[0]?.pid])
      return id
    })
    t.match(await place('killed'), INTERNAL)
    t.notOk(await isWritten('killed'))
    t.strictSame(await place('killed'), { ok: true, data: 'killed' })
    await isFree()
  })

  await t.test('a transaction that can not begin on its connection begins on another', async (t) => {
    const { pool, place, isFree } = await startNode(t, write)
    let failures = 0
    pool.on('acquire', (client) => {
      const query = client.query.bind(client) as (...given: unknown[]) => Promise<unknown>
      client.query = ((...given: unknown[]) => {
        client.query = query as never
        const isFirst = String((given[0] as { text?: string }).text).startsWith('BEGIN') && ++failures === 1
        return isFirst ? Promise.reject(new Error('the connection has ended')) : query(...given)
      }) as never
    })
    t.strictSame(await place('another'), { ok: true, data: 'another' })
    t.ok(failures > 1)
    await isFree()
  })

  await t.test('the answer to a commit is lost: what PostgreSQL has done is what the client is told', async (t) => {
    const { pool, place, isFree } = await startNode(t, write)
    let doCommit = true
    pool.on('acquire', (client) => {
      const query = client.query.bind(client) as (...given: unknown[]) => Promise<unknown>
      client.query = ((...given: unknown[]) => {
        if ((given[0] as { text?: string }).text !== 'COMMIT') return query(...given)
        const done = doCommit ? query(...given) : Promise.resolve()
        return done.then(() => {
          client.query = query as never
          throw new Error('no answer')
        })
      }) as never
    })
    t.strictSame(await place('heard'), { ok: true, data: 'heard' })
    t.ok(await isWritten('heard'))
    doCommit = false
    t.match(await place('unheard'), INTERNAL)
    t.notOk(await isWritten('unheard'))
    doCommit = true
    t.strictSame(await place('unheard'), { ok: true, data: 'unheard' }, 'its key is free')
    await isFree()
  })

  await t.test('a transaction that was rolled back can not be committed', async (t) => {
    const { store, isFree } = await startNode(t, write)
    const { claim, begin } = store as Required<typeof store>
    const claimed = await claim('by itself', { leaseMs: 60_000, ttlMs: 60_000, fingerprint: 'one' })
    const { token } = claimed as { token: string }
    const transaction = await begin(token, { leaseMs: 60_000, statementMs: 0 })
    await Promise.all([transaction.rollback(), transaction.rollback()])
    await t.rejects(transaction.commit('{"ok":true}'), { code: 'FST_NSP_TRANSACTION_INVALID' })
    await store.release(token)
    await isFree()
  })

  await t.test('close() gives the connections of handlers back that do not end', async (t) => {
    const { app, pool, place, socket } = await startNode(t, async (sql, { id }) => {
      await sql.query(INSERT, [id])
      await new Promise(() => {})
    })
    void place('never').catch(() => {})
    await until(() => pool.totalCount - pool.idleCount === 2)
    socket.disconnect()
    await app.close()
    await until(() => pool.totalCount === pool.idleCount)
    t.notOk(await isWritten('never'))
  })
})

t.test('transaction: true is refused at boot, with its path, for a store that can begin none', async (t) => {
  for (const [idempotency, message] of [
    [{ transaction: true }, /events\["place"\]\.idempotency\.transaction needs a store that can begin a transaction/],
    [{ transaction: true, store: createMemoryStore() }, /idempotency\.transaction needs a store/],
    [{ transaction: 'yes' }, /idempotency\.transaction must be a boolean/],
    [{ store: { ...createMemoryStore(), begin: 1 } }, /idempotency\.store\.begin must be a function/],
  ] as const) {
    const place = { idempotency: { key: () => 'k', ...idempotency }, handler: () => 1 }
    const app = build(t, { namespaces: { '/orders': { events: { place } } } } as never).then((app) => app.ready())
    await t.rejects(app, { code: 'FST_NSP_DEFINITION_INVALID', message })
  }
})
