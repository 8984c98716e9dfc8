import fc from 'fast-check'
import t, { type Test } from 'tap'
import type { Broker, BrokerReceiver } from '../../../../plugin/adapters/broker.js'
import { KeeperConnection } from '../../../../plugin/adapters/cluster/keeper-connection.js'
import { LogKeeper } from '../../../../plugin/adapters/cluster/log-keeper.js'
import { hasPostgres, startPostgres } from '../../../cluster/postgres.js'
import { hasRedis, startRedis } from '../../../cluster/redis.js'
import { openBroker as openPostgres } from '../postgres/postgres-harness.js'
import { CLIENTS, openBroker as openRedis } from '../redis/broker-harness.js'
import { carryOut, runs } from './retained-model.js'

/*
 * Retained values over every broker, with a model beside it: two nodes append, again, too, and read.
 */

async function agree(t: Test, brokers: readonly Broker[], numRuns: number): Promise<void> {
  await fc.assert(
    fc.asyncProperty(runs, async (run) => {
      for (const [found, expected] of await carryOut(run, brokers)) {
        if (JSON.stringify(found) === JSON.stringify(expected)) continue
        throw new Error(`${JSON.stringify(found)} in place of ${JSON.stringify(expected)}`)
      }
    }),
    { numRuns },
  )
  t.pass(`${numRuns} runs`)
}

t.test('in memory', async (t) => {
  const keeper = new LogKeeper()
  const open = async (node: string) => {
    const connection = new KeeperConnection(keeper, node, 60_000)
    await connection.open({ connected() {} } as Partial<BrokerReceiver> as BrokerReceiver)
    return connection
  }
  await agree(t, [await open('a'), await open('b')], 300)
})

t.test('Redis', { skip: !(await hasRedis()) }, async (t) => {
  const path = await startRedis(t)
  const { broker: one } = await openRedis(t, { client: CLIENTS.redis({ path }) })
  const { broker: two } = await openRedis(t, { client: CLIENTS.ioredis({ path }) })
  await agree(t, [one, two], 100)
})

t.test('PostgreSQL', { skip: !(await hasPostgres()) }, async (t) => {
  const postgres = await startPostgres(t)
  const { broker: one } = await openPostgres(t, postgres.url())
  const { broker: two } = await openPostgres(t, postgres.url())
  await agree(t, [one, two], 100)
})
