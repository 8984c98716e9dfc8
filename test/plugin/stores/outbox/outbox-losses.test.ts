import pg from 'pg'
import { createClient } from 'redis'
import t from 'tap'
import { ignoreError, type PgClient } from '../../../../plugin/adapters/postgres/postgres-pool.js'
import { namesOf } from '../../../../plugin/adapters/postgres/postgres-tables.js'
import type { OutboxDelivery } from '../../../../plugin/index.js'
import { outboxNamesOf } from '../../../../plugin/stores/outbox/outbox-tables.js'
import { runTurn } from '../../../../plugin/stores/outbox/outbox-turn.js'
import { createPostgresOutbox } from '../../../../plugin/stores.js'
import { hasPostgres } from '../../../cluster/postgres.js'
import { hasRedis } from '../../../cluster/redis.js'
import { startProxy as startPostgresProxy } from '../../adapters/postgres/postgres-harness.js'
import { startTestRedis } from '../../adapters/redis/redis-server.js'
import { until } from '../../harness.js'
import { idsOf, range, startDatabase, startNode } from './outbox-harness.js'

/*
 * What becomes of the outbox when PostgreSQL or the broker is lost, or a broker its data.
 */

t.setTimeout(180_000)

const RETRIED = 'the outbox could not be delivered, and is tried again'

t.test('PostgreSQL', { skip: !(await hasPostgres()) && 'not installed' }, async (t) => {
  const database = await startDatabase(t)
  const { pool, postgres, newPrefix } = database
  const emit = (prefix: string, id: number) =>
    pool.query(`SELECT ${prefix}_emit('/shop', 'order:new', jsonb_build_object('id', $1::int))`, [id])

  await t.test('a connection that is cut is made again, and what was committed meanwhile arrives', async (t) => {
    const prefix = newPrefix()
    const proxy = await startPostgresProxy(t, postgres)
    const { hear, said } = await startNode(t, database, prefix, {}, { url: proxy.url })
    const heard = await hear()
    await emit(prefix, 1)
    await until(() => heard.length === 1)
    proxy.cut()
    await emit(prefix, 2)
    await until(() => heard.length === 2)
    t.strictSame(idsOf(heard), [1, 2])
    t.equal(said('the outbox has lost PostgreSQL').length, 1)
  })

  await t.test('a server that is killed and restarts has lost nothing', async (t) => {
    const prefix = newPrefix()
    const adapter = { type: 'postgres', url: postgres.url(), prefix } as const
    const { hear } = await startNode(t, database, prefix, { adapter }, { url: postgres.url() })
    const heard = await hear()
    for (const id of range(1, 20)) {
      await emit(prefix, id)
      // It takes a number, too.
      await pool.query(`SELECT ${prefix}_emit('/nowhere', 'ping')`)
    }
    await postgres.kill()
    await postgres.restart()
    await emit(prefix, 21)
    await until(() => heard.length >= 21)
    t.strictSame(idsOf(heard), range(1, 21))
  })

  await t.test('tables that were dropped are made again', async (t) => {
    const prefix = newPrefix()
    const { hear, said } = await startNode(t, database, prefix)
    const heard = await hear()
    await emit(prefix, 1)
    await until(() => heard.length === 1)
    await pool.query(`ALTER TABLE ${prefix}_outbox_reader RENAME TO ${prefix}_gone`)
    await emit(prefix, 2)
    await until(() => heard.includes(heard.find((each) => idsOf([each])[0] === 2) ?? []))
    t.ok(said(RETRIED).length + said('the outbox has lost PostgreSQL').length > 0)
  })

  await t.test('one node at a time has the turn, and one that stands still delivers nothing', async (t) => {
    const prefix = newPrefix()
    const { app } = await startNode(t, database, prefix)
    await app.close()
    const { statements } = outboxNamesOf(prefix, namesOf(prefix))
    const clients = await Promise.all([pool.connect(), pool.connect()])
    t.teardown(() => {
      for (const client of clients) client.release(true)
    })
    const [one, two] = clients as unknown as [PgClient, PgClient]
    const delivered: string[] = []
    let now = 0
    let standsStill = false
    let hold = async () => {}
    const delivery: OutboxDelivery = {
      isReady: true,
      begin: () => ({
        isNew: false,
        isLost: false,
        mark: undefined,
        rewind() {},
        async deliver({ payload }) {
          delivered.push(String(payload))
          await hold()
          return undefined
        },
      }),
    }
    const run = (client: PgClient) =>
      runTurn(client, {
        statements,
        timeline: '',
        delivery,
        memory: { delivered: undefined, uncertain: 0n, lost: 0n, emitted: new Map(), timeline: 'before' },
        answerMs: 5_000,
        size: 10,
        settled: () => 0n,
        now() {
          if (standsStill) now += 6_000
          return now
        },
      })
    await emit(prefix, 1)
    hold = async () => {
      t.match(await run(two), { isTaken: true })
    }
    t.match(await run(one), { isTaken: false, count: 1, isMore: true })
    t.match(await run(two), { isTaken: false, count: 0, isMore: false })
    await emit(prefix, 2)
    standsStill = true
    await t.rejects(run(one), { message: 'this node has stood still' })
    standsStill = false
    await one.query({ text: 'ROLLBACK', query_timeout: 5_000 })
    hold = () => new Promise(() => {})
    await t.rejects(run(one), { message: /has not taken the emits within 5000 ms/ })
    t.equal(delivered.length, 2)
    one.off('error', ignoreError)
  })

  await t.test('what fails is delivered again, and an outbox that is closed meanwhile ends', async (t) => {
    const prefix = newPrefix()
    const { app, said } = await startNode(t, database, prefix, {})
    await app.close()
    const repeats: string[] = []
    let isReady = false
    let fails = 2
    const own = new pg.Pool({ connectionString: postgres.url() })
    t.teardown(() => own.end())
    await emit(prefix, 1)
    const end = await createPostgresOutbox({ pool: own, prefix }).open(
      {
        get isReady() {
          return isReady
        },
        begin: () => ({
          isNew: false,
          isLost: false,
          mark: 'm',
          rewind() {},
          async deliver(_emit, repeat) {
            repeats.push(repeat)
            if (fails-- > 0) throw new Error('no')
            return undefined
          },
        }),
      },
      app.log,
    )
    t.strictSame(repeats, [])
    isReady = true
    await until(() => repeats.length === 3)
    await emit(prefix, 2)
    await until(() => repeats.length === 4)
    t.strictSame(repeats, ['perhaps delivered', 'perhaps delivered', 'perhaps delivered', 'first'])
    t.ok(said(RETRIED).length >= 2)
    await end()
    await emit(prefix, 3)
    t.equal(repeats.length, 4)
  })

  await t.test(
    'a Redis that has lost its data: what it may have lost is delivered again, and read once',
    {
      skip: !(await hasRedis()) && 'not installed',
    },
    async (t) => {
      const redis = await startTestRedis(t)
      const prefix = newPrefix()
      const client = () => createClient({ socket: { path: redis.path, tls: false } })
      const start = () => startNode(t, database, prefix, { adapter: { type: 'redis', client: client(), prefix } })
      const [one, two] = [await start(), await start()]
      const [first, second] = [await one.hear(), await two.hear()]
      for (const id of range(1, 30)) await emit(prefix, id)
      await until(() => first.length === 30 && second.length === 30)
      const marks = async () => String((await pool.query(`SELECT mark FROM ${prefix}_outbox_reader`)).rows[0].mark)
      const epochOf = (mark: string) => JSON.parse(mark).epoch
      const before = epochOf(await marks())
      await redis.ask('FLUSHALL')
      let now = before
      while (now === before) now = epochOf(await marks())
      await emit(prefix, 31)
      await until(() => first.length >= 31 && second.length >= 31)
      t.strictSame(idsOf(first), range(1, 31))
      t.strictSame(idsOf(second), range(1, 31))
    },
  )
})
