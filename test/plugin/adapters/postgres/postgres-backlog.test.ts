import t, { type Test } from 'tap'
import { hasPostgres, startPostgres } from '../../../cluster/postgres.js'
import { until } from '../../harness.js'
import { startSlowProxy } from '../slow-proxy.js'
import { openBroker } from './postgres-harness.js'

/*
 * What waits in the logs for a node whose way to PostgreSQL is slow, or breaks off again and again; and what such a node appends.
 */

t.setTimeout(120_000)

if (!(await hasPostgres())) {
  t.comment('PostgreSQL is not installed: apt-get install postgresql')
  process.exit()
}
const postgres = await startPostgres(t)

/** A node behind a slow proxy, and one beside the server. */
async function startNodes(t: Test, prefix: string) {
  const proxy = await startSlowProxy(t, postgres.socket)
  const url = `postgres://owner@127.0.0.1:${proxy.port}/postgres`
  const far = await openBroker(t, url, { prefix, connectTimeoutMs: 1_000 })
  const near = await openBroker(t, postgres.url(), { prefix })
  const append = (log: number, bodies: readonly string[]) =>
    Promise.all(bodies.map((body, index) => near.broker.append(log, { node: near.node, number: index + 1, body })))
  return { proxy, far, near, append }
}

t.test('more than what passes within the time for an answer arrives, in parts', async (t) => {
  const { proxy, far, append } = await startNodes(t, 'slow')
  await far.broker.follow(0)
  proxy.block()
  const bodies = Array.from({ length: 60 }, (_, index) => `${index} `.padEnd(20_000, 'x'))
  await append(0, bodies)
  // 60 entries take more than two seconds, and six of them a quarter of one.
  proxy.bytesPerTick = 5_000
  proxy.unblock()
  await until(() => far.told.entries.length >= 6)
  t.match(far.told.losses.at(-1), /timeout/)
  proxy.bytesPerTick = Number.POSITIVE_INFINITY
  await until(() => far.told.entries.length === 60)
  t.strictSame(far.told.bodies, bodies)
})

t.test('where one entry of one log passes and no two, all logs go on, and recovering nodes read', async (t) => {
  const { proxy, far, append } = await startNodes(t, 'broken')
  const logs = [1, 2]
  for (const log of logs) await far.broker.follow(log)
  proxy.block()
  proxy.bytesPerConnection = 45_000
  const bodies = ['a', 'b'].map((name) => name.padEnd(30_000, 'x'))
  for (const log of logs) await append(log, bodies)
  proxy.unblock()
  await until(() => far.told.entries.length === 4)
  for (const log of logs) {
    t.strictSame(
      far.told.entries.filter((entry) => entry.log === log).map(({ body }) => body),
      bodies,
    )
  }
  let read: number | undefined
  while (read === undefined) {
    read = await far.broker.read(1, '0', 100).then(
      ({ entries }) => entries.length,
      () => undefined,
    )
  }
  t.equal(read, 1)
})

t.test('a node behind a slow way appends all that it has', async (t) => {
  const { proxy, far } = await startNodes(t, 'uplink')
  proxy.bytesPerTick = 10_000
  let left = Array.from({ length: 12 }, (_, index) => index + 1)
  const positions: string[] = []
  while (left.length > 0) {
    await until(() => far.broker.isConnected)
    const body = 'x'.repeat(200_000)
    const results = await Promise.allSettled(
      left.map((number) => far.broker.append(0, { node: far.node, number, body })),
    )
    left = left.filter((_, index) => results[index]?.status === 'rejected')
    for (const result of results) if (result.status === 'fulfilled') positions.push(result.value)
  }
  t.equal(positions.length, 12)
})
