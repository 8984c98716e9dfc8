import type pg from 'pg'
import t, { type Test } from 'tap'
import { startCleaning } from '../../../../plugin/adapters/postgres/postgres-cleaning.js'
import { namesOf } from '../../../../plugin/adapters/postgres/postgres-tables.js'
import { hasPostgres, startPostgres } from '../../../cluster/postgres.js'
import { until } from '../../harness.js'
import { connectClient, eventually, openBroker, startProxy } from './postgres-harness.js'

/*
 * What is deleted from a real PostgreSQL, and what stays.
 */

t.setTimeout(120_000)

if (!(await hasPostgres())) {
  t.comment('PostgreSQL is not installed: apt-get install postgresql')
  process.exit()
}
const postgres = await startPostgres(t)
const url = postgres.url()

/** Deletes what is older than a minute, until the end of the test. */
function clean(t: Test, client: pg.Client, prefix: string): void {
  const query = async (text: string, values: readonly unknown[]) => (await client.query(text, [...values])).rows
  t.teardown(startCleaning({ isConnected: true, query }, namesOf(prefix), { windowMs: 60_000, everyMs: 10 }))
}

t.test(
  'entries older than the window and sessions whose time is up are deleted, but for the last of a log',
  async (t) => {
    const { broker, node } = await openBroker(t, url, { prefix: 'clean', windowMs: 100 })
    await openBroker(t, url, { prefix: 'clean', windowMs: 100 })
    for (const number of [1, 2, 3]) await broker.append(0, { node, number, body: '' })
    await broker.putSession('gone', '{}', 1, '')
    await broker.putSession('here', '{}', 60_000, '')
    const client = await connectClient(t, postgres)
    await client.query(
      "INSERT INTO clean_sessions SELECT n, '', now() - interval '1 s' FROM generate_series(1, 1500) AS n",
    )
    const count = async (table: string) => (await client.query(`SELECT 1 FROM clean_${table}`)).rows.length
    await eventually(async () => (await count('entries')) === 1 && (await count('sessions')) === 1)
    t.match(await broker.read(0, '2', 10), { entries: [{ position: '3' }], hasGap: false })
  },
)

t.test('what is within the window stays, and so does the newest entry of what is older', async (t) => {
  const { broker, node } = await openBroker(t, url, { prefix: 'stay' })
  for (const log of [0, 1]) for (const number of [1, 2, 3, 4]) await broker.append(log, { node, number, body: '' })
  const client = await connectClient(t, postgres)
  await client.query("UPDATE stay_entries SET at = at - interval '1 day' WHERE log = 1 AND position < 4")
  const kept = async () => {
    const { rows } = await client.query('SELECT log, position::int FROM stay_entries ORDER BY log, position')
    return rows.map(({ log, position }) => `${log}:${position}`)
  }
  clean(t, client, 'stay')
  await eventually(async () => (await kept()).length < 8)
  t.strictSame(await kept(), ['0:1', '0:2', '0:3', '0:4', '1:3', '1:4'])
})

t.test('a node that is away while old entries are deleted has missed nothing', async (t) => {
  const proxy = await startProxy(t, postgres)
  const near = await openBroker(t, url, { prefix: 'away' })
  const far = await openBroker(t, proxy.url, { prefix: 'away' })
  const append = (number: number) => near.broker.append(0, { node: near.node, number, body: `${number}` })
  for (const number of [1, 2]) await append(number)
  await far.broker.follow(0)
  const client = await connectClient(t, postgres)
  await client.query("UPDATE away_entries SET at = at - interval '1 day'")
  proxy.stall()
  proxy.cut()
  await until(() => far.told.losses.length === 1)
  await append(3)
  clean(t, client, 'away')
  const count = async () => (await client.query('SELECT 1 FROM away_entries')).rowCount
  await eventually(async () => Number(await count()) < 3)
  proxy.pass()
  await until(() => far.told.entries.length === 1)
  t.strictSame(far.told.resumed, ['0 continuous'])
  t.strictSame(far.told.bodies, ['3'])
})
