import { readFile } from 'node:fs/promises'
import pg from 'pg'
import t from 'tap'
import { createPostgresOutbox } from '../../../../plugin/stores.js'
import { hasPostgres } from '../../../cluster/postgres.js'
import { build, until } from '../../harness.js'
import { idsOf, range, startDatabase, startNode } from './outbox-harness.js'

/*
 * The outbox of one node.
 */

t.setTimeout(180_000)

const KEPT = 'an emit of the outbox can not be delivered'

t.test('PostgreSQL', { skip: !(await hasPostgres()) && 'not installed' }, async (t) => {
  const database = await startDatabase(t)
  const { pool, postgres, transaction, newPrefix } = database

  await t.test('an emit is delivered when its transaction commits, and never if it is rolled back', async (t) => {
    const { hear, reach } = await startNode(t, database, newPrefix())
    const heard = await hear()
    await transaction((client) => reach.emitIn(client, 'order:new', { id: 1 }), 'ROLLBACK')
    await transaction(async (client) => {
      await reach.emitIn(client, 'order:new', { id: 2 })
      await client.query('SAVEPOINT one')
      await reach.emitIn(client, 'order:new', { id: 3 })
      await client.query('ROLLBACK TO one')
      await reach.emitIn(client, 'order:new', { id: 4 })
      t.strictSame(heard, [])
    })
    await until(() => heard.length === 2)
    t.strictSame(idsOf(heard), [2, 4])
  })

  await t.test('emits arrive in the order of the commits, not in that of the calls', async (t) => {
    const { hear, reach } = await startNode(t, database, newPrefix())
    const heard = await hear()
    await transaction(async (first) => {
      await reach.emitIn(first, 'order:new', { id: 1 })
      await transaction((second) => reach.emitIn(second, 'order:new', { id: 2 }))
      await until(() => heard.length === 1)
    })
    await until(() => heard.length === 2)
    t.strictSame(idsOf(heard), [2, 1])
  })

  await t.test('transactions that emit to the same addresses in another order do not block each other', async (t) => {
    const { app, hear } = await startNode(t, database, newPrefix())
    const [one, two] = [app.namespaceOf('/orgs/:id', { id: 1 }), app.namespaceOf('/orgs/:id', { id: 2 })]
    const heard = await hear('/orgs/1')
    const run = (first: typeof one, second: typeof one) =>
      transaction(async (client) => {
        await first.emitIn(client, 'ping')
        await second.emitIn(client, 'ping')
      })
    await Promise.all(range(1, 40).map((n) => (n % 2 ? run(one, two) : run(two, one))))
    await until(() => heard.length === 40)
  })

  await t.test(
    'any language emits by the function; what does not fit is marked, told, and blocks nothing',
    async (t) => {
      const prefix = newPrefix()
      const { hear, said } = await startNode(t, database, prefix)
      const heard = await hear()
      const emit = (rest: string) => pool.query(`SELECT ${prefix}_emit(${rest})`)
      await emit(`'/shop', 'order:new', '{"id": 1, "secret": 2}'`)
      await emit(`'/shop', 'order:new', '{"id": "one"}'`)
      await emit(`'/nowhere', 'ping'`)
      await emit(`address => '/shop', event => 'ping', rooms => NULL, except_rooms => '{nobody}'`)
      await emit(`'/shop', 'order:new', jsonb_build_object('id', 3), '{nobody}'`)
      await emit(`'/shop', 'order:new', jsonb_build_object('id', 4))`.slice(0, -1))
      await t.rejects(emit(`'shop', 'ping'`), { code: '23514' })
      await t.rejects(emit(`'/shop', ''`), { code: '23514' })
      await until(() => heard.length === 3)
      t.strictSame(heard, [['order:new', { id: 1 }], ['ping'], ['order:new', { id: 4 }]])
      await until(() => said(KEPT).length === 2)
      t.match(said(KEPT), [
        { outboxId: '2', namespace: '/shop', emit: 'order:new', problem: /does not fit its schema/ },
        { outboxId: '3', namespace: '/nowhere', emit: 'ping', problem: 'no definition has this address' },
      ])
      const rows = async () => (await pool.query(`SELECT id::int, error FROM ${prefix}_outbox ORDER BY id`)).rows
      let left = await rows()
      while (left.length > 2) left = await rows()
      t.match(left, [
        { id: 2, error: /does not fit/ },
        { id: 3, error: 'no definition has this address' },
      ])
    },
  )

  await t.test('a problem with a character that PostgreSQL does not keep blocks nothing', async (t) => {
    const prefix = newPrefix()
    const odd = {
      '~standard': { version: 1, vendor: 'test', validate: () => ({ issues: [{ message: 'an odd\0 problem' }] }) },
    }
    const namespaces = { '/odd': { emits: { x: { payload: odd }, ping: {} } }, '/shop': {} } as never
    const { hear, said } = await startNode(t, database, prefix, { namespaces })
    const heard = await hear('/odd')
    await pool.query(`SELECT ${prefix}_emit('/odd', 'x', '1')`)
    await pool.query(`SELECT ${prefix}_emit('/odd', 'ping')`)
    await until(() => heard.length === 1 && said(KEPT).length === 1)
    t.match(said(KEPT), [{ problem: /an odd problem/ }])
  })

  await t.test('what was committed while no node was there is delivered in bites, also 20,000 emits', async (t) => {
    const prefix = newPrefix()
    const first = await startNode(t, database, prefix)
    await first.app.close()
    await pool.query(`SELECT ${prefix}_emit('/orgs/9', 'ping', to_jsonb(n)) FROM generate_series(1, 20000) AS n`)
    await pool.query(`SELECT ${prefix}_emit('/shop', 'order:new', '{"id": 1}')`)
    const { app, hear } = await startNode(t, database, prefix, { outbox: undefined })
    const heard = await hear()
    const second = createPostgresOutbox({ url: postgres.url(), prefix })
    let most = 0
    let before = performance.now()
    const timer = setInterval(() => {
      most = Math.max(most, performance.now() - before)
      before = performance.now()
    }, 5)
    const begun = performance.now()
    const turns: number[] = []
    const end = await second.open(
      {
        isReady: true,
        begin() {
          turns.push(0)
          return {
            isNew: false,
            isLost: false,
            mark: undefined,
            rewind() {},
            async deliver({ address, payload }) {
              turns[turns.length - 1] = Number(turns.at(-1)) + 1
              if (address === '/shop') app.namespaceOf('/shop').emit('order:new', JSON.parse(String(payload)))
              return undefined
            },
          }
        },
      },
      app.log,
    )
    await until(() => heard.length === 1)
    t.comment(`${Math.round(performance.now() - begun)} ms, the loop stood still for ${Math.round(most)} ms at most`)
    clearInterval(timer)
    t.ok(Math.max(...turns) <= 500)
    await end()
    const { rows } = await pool.query(`SELECT count(*)::int AS count FROM ${prefix}_outbox`)
    t.ok(rows[0].count <= 1_001, 'they are deleted, a bite behind')
  })

  await t.test('large emits are read a few at a time', async (t) => {
    const prefix = newPrefix()
    const { hear } = await startNode(t, database, prefix)
    const heard = await hear('/orgs/1')
    await pool.query(
      `SELECT ${prefix}_emit('/orgs/1', 'ping', to_jsonb(repeat('x', 700000))) FROM generate_series(1, 3) AS n`,
    )
    await until(() => heard.length === 3)
    t.equal(String(heard[2]?.[1]).length, 700_000)
  })

  await t.test('boot fails if PostgreSQL can not be reached; options are checked', async (t) => {
    const url = 'postgres://127.0.0.1:1/none'
    const app = await build(t, { outbox: createPostgresOutbox({ url, connectTimeoutMs: 500 }), namespaces: {} })
    await t.rejects(async () => void (await app.ready()), {
      code: 'FST_NSP_OUTBOX_UNREACHABLE',
      message: /can not be used \(.*\): start it, or correct url of createPostgresOutbox\(\)/,
    })
    const none = new pg.Pool({ connectionString: url })
    t.teardown(() => none.end())
    const lent = await build(t, { outbox: createPostgresOutbox({ pool: none }), namespaces: {} })
    await t.rejects(async () => void (await lent.ready()), { message: /correct pool of createPostgresOutbox/ })
    t.throws(() => createPostgresOutbox({}), {
      code: 'FST_NSP_OPTIONS_INVALID',
      message: /createPostgresOutbox must have one of url and pool: got neither/,
    })
    t.throws(() => createPostgresOutbox({ pool, batch: 1 } as never), { code: 'FST_NSP_OPTIONS_INVALID' })
  })

  await t.test(
    'a role that may not create is told so; with the tables of the page it needs no more rights',
    async (t) => {
      await pool.query("CREATE ROLE clerk LOGIN PASSWORD 'secret'")
      await pool.query('REVOKE CREATE ON SCHEMA public FROM PUBLIC')
      const prefix = newPrefix()
      const url = postgres.url('clerk', 'secret')
      const app = await build(t, { outbox: createPostgresOutbox({ url, prefix }), namespaces: {} })
      await t.rejects(async () => void (await app.ready()), {
        message: /may not create the tables .*docs\/outbox\.md has the statements/,
      })
      const page = await readFile(new URL('../../../../docs/outbox.md', import.meta.url), 'utf8')
      const [, made] = /```sql\n(CREATE TABLE.*?)```/s.exec(page) ?? []
      await pool.query(String(made))
      await pool.query('GRANT SELECT, INSERT, UPDATE, DELETE ON "fastify-namespaces_outbox" TO clerk')
      await pool.query('GRANT SELECT, UPDATE, DELETE ON "fastify-namespaces_outbox_reader" TO clerk')
      await pool.query('GRANT USAGE ON SEQUENCE "fastify-namespaces_outbox_places" TO clerk')
      // As a service may do.
      await pool.query('REVOKE EXECUTE ON FUNCTION pg_current_wal_lsn() FROM PUBLIC')
      const { hear, reach } = await startNode(t, database, 'fastify-namespaces', {}, { url })
      const heard = await hear()
      const clerk = new pg.Client(url)
      await clerk.connect()
      t.teardown(() => clerk.end())
      await reach.emitIn(clerk, 'order:new', { id: 1 })
      await until(() => heard.length === 1)
    },
  )
})
