import { readFile } from 'node:fs/promises'
import t from 'tap'
import type { RetainedChange } from '../../../../plugin/adapters/broker.js'
import { namesOf } from '../../../../plugin/adapters/postgres/postgres-tables.js'
import { retainedDefinitionsOf } from '../../../../plugin/adapters/postgres/retained-definitions.js'
import { hasPostgres, startPostgres } from '../../../cluster/postgres.js'
import { until } from '../../harness.js'
import { connectClient, createBroker, eventually, openBroker } from '../postgres/postgres-harness.js'

/*
 * The table and the function of retained values: how they are made, what is deleted, and what a server that is killed has of them.
 */

t.setTimeout(120_000)

if (!(await hasPostgres())) {
  t.comment('PostgreSQL is not installed: apt-get install postgresql')
  process.exit()
}
const postgres = await startPostgres(t)
const url = postgres.url()

const changeOf = (set: string, key: string, value: string | undefined): RetainedChange => ({
  set,
  key,
  value,
  most: 3,
  ttlMs: 60_000,
})

t.test('a database of an earlier version gets the table and the function when a node starts', async (t) => {
  const client = await connectClient(t, postgres)
  const { broker: old } = await openBroker(t, url, { prefix: 'older' })
  await old.append(0, { node: 'old', number: 1, body: 'kept' })
  await client.query('DROP TABLE older_retained; DROP FUNCTION older_retain')
  const { broker } = await openBroker(t, url, { prefix: 'older' })
  await broker.append(0, { node: 'new', number: 1, body: '', retained: [changeOf('s', 'k', '1')] })
  t.strictSame(await broker.readRetained(0, ['s']), { end: '2', values: [{ set: 's', key: 'k', value: '1' }] })
  t.match((await broker.read(0, '0', 10)).entries, [{ body: 'kept' }, {}])
})

t.test('a role that may not create them is told so, and needs no more than the rights to the tables', async (t) => {
  const client = await connectClient(t, postgres)
  await client.query("CREATE ROLE reader LOGIN PASSWORD 'pass'; REVOKE CREATE ON SCHEMA public FROM PUBLIC")
  await openBroker(t, url, { prefix: 'strict' })
  await client.query('DROP FUNCTION strict_retain')
  await client.query('GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO reader')
  const refused = await createBroker(t, postgres.url('reader', 'pass'), { prefix: 'strict' })
  await t.rejects(refused.broker.open(refused.told.receiver), /the role may not create the tables .*"strict_retain"/)
  await openBroker(t, url, { prefix: 'strict' })
  const { broker, node } = await openBroker(t, postgres.url('reader', 'pass'), { prefix: 'strict' })
  await broker.append(0, { node, number: 1, body: '', retained: [changeOf('s', 'k', '1')] })
  t.strictSame((await broker.readRetained(0, ['s'])).values, [{ set: 's', key: 'k', value: '1' }])
})

t.test('a function that somebody drops is made again by the next connection', async (t) => {
  const { broker, node, told } = await openBroker(t, url, { prefix: 'dropped' })
  const client = await connectClient(t, postgres)
  await client.query('DROP FUNCTION dropped_retain')
  const entry = { node, number: 1, body: '', retained: [changeOf('s', 'k', '1')] }
  await t.rejects(broker.append(0, entry), /dropped_retain/)
  await until(() => told.connections === 2)
  t.equal(await broker.append(0, entry), '1')
})

t.test('a set whose time is up is not read, is begun anew by the next change, and is deleted', async (t) => {
  const { broker, node } = await openBroker(t, url, { prefix: 'expiry', windowMs: 100 })
  const client = await connectClient(t, postgres)
  let number = 0
  const append = (...retained: RetainedChange[]) => broker.append(0, { node, number: ++number, body: '', retained })
  await append(changeOf('old', 'a', '1'), changeOf('old', 'b', '1'), changeOf('new', 'a', '1'))
  t.equal((await broker.readRetained(0, ['old', 'new'])).values.length, 3)
  await client.query("BEGIN; UPDATE expiry_retained SET expires = now() - interval '1 s' WHERE name = 'old'")
  const appended = append(changeOf('old', 'c', '1'))
  await client.query('COMMIT')
  await appended
  t.strictSame((await broker.readRetained(0, ['old'])).values, [{ set: 'old', key: 'c', value: '1' }])

  await client.query("UPDATE expiry_retained SET expires = now() - interval '1 s' WHERE name IN ('old', '')")
  t.strictSame((await broker.readRetained(0, ['old'])).values, [])
  const rows = async () => (await client.query('SELECT name, key FROM expiry_retained ORDER BY name, key')).rows
  await eventually(async () => (await rows()).length === 2)
  t.strictSame(await rows(), [
    { name: 'new', key: '' },
    { name: 'new', key: 'a' },
  ])
})

t.test('a server that is killed has them, in their order', async (t) => {
  const { broker, node, told } = await openBroker(t, url, { prefix: 'killed' })
  const retained = ['c', 'a', 'b'].map((key) => changeOf('s', key, '1'))
  await broker.append(0, { node, number: 1, body: '', retained })
  await postgres.kill()
  await postgres.restart()
  await until(() => told.connections === 2)
  // Its answer was lost: the entry is appended again, and changes nothing.
  await broker.append(0, { node, number: 1, body: '', retained: [changeOf('s', 'c', '0')] })
  const { values } = await broker.readRetained(0, ['s'])
  t.strictSame(
    values.map(({ key, value }) => key + value),
    ['c1', 'a1', 'b1'],
  )
})

t.test('docs/nodes.md has the statements that make the table and the function', async (t) => {
  const page = await readFile(new URL('../../../../docs/nodes.md', import.meta.url), 'utf8')
  const spaceless = (text: string) => text.replace(/\s+/g, ' ')
  const names = namesOf('fastify-namespaces')
  for (const [name, text] of retainedDefinitionsOf(names)) {
    const statement = text.replace(/(CREATE) OR REPLACE|(CREATE TABLE) IF NOT EXISTS/, '$1$2')
    t.ok(spaceless(page).includes(`${spaceless(statement)};`), name)
  }
})
