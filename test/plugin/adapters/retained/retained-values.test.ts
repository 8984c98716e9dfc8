import fc from 'fast-check'
import t, { type Test } from 'tap'
import type { Broker, BrokerReceiver } from '../../../../plugin/adapters/broker.js'
import { KeeperConnection } from '../../../../plugin/adapters/cluster/keeper-connection.js'
import { LogKeeper } from '../../../../plugin/adapters/cluster/log-keeper.js'
import { hasPostgres, startPostgres } from '../../../cluster/postgres.js'
import { hasRedis, startRedis } from '../../../cluster/redis.js'
import { openBroker as openPostgres } from '../postgres/postgres-harness.js'
import { CLIENTS, openBroker as openRedis } from '../redis/broker-harness.js'
import { carryOut, contend, runs } from './retained-model.js'

/*
 * Retained values over every broker, with a model beside it: two nodes append, again, too, and read.
 */

t.setTimeout(120_000)

interface Store {
  readonly name: string
  readonly isThere: boolean
  readonly numRuns: number
  /** Two nodes of one store. */
  open(t: Test): Promise<readonly Broker[]>
}

const STORES: readonly Store[] = [
  {
    name: 'the memory of a primary',
    isThere: true,
    numRuns: 300,
    async open() {
      const keeper = new LogKeeper()
      const receiver: Partial<BrokerReceiver> = { connected() {} }
      const connections = ['a', 'b'].map((node) => new KeeperConnection(keeper, node, 60_000))
      for (const connection of connections) await connection.open(receiver as BrokerReceiver)
      return connections
    },
  },
  {
    name: 'Redis',
    isThere: await hasRedis(),
    numRuns: 100,
    async open(t) {
      const path = await startRedis(t)
      const clients = [CLIENTS.redis({ path }), CLIENTS.ioredis({ path })]
      return await Promise.all(clients.map(async (client) => (await openRedis(t, { client })).broker))
    },
  },
  {
    name: 'PostgreSQL',
    isThere: await hasPostgres(),
    numRuns: 60,
    async open(t) {
      const url = (await startPostgres(t)).url()
      return await Promise.all([0, 1].map(async () => (await openPostgres(t, url)).broker))
    },
  },
]

for (const { name, isThere, numRuns, open } of STORES) {
  const skip = isThere ? false : 'it is not installed'

  t.test(`${name} retains what a model does, also of entries that are appended again`, { skip }, async (t) => {
    const brokers = await open(t)
    await fc.assert(
      fc.asyncProperty(runs, async (run) => {
        for (const [found, expected] of await carryOut(run, brokers)) {
          if (JSON.stringify(found) === JSON.stringify(expected)) continue
          throw new Error(`${JSON.stringify(found)} in place of ${JSON.stringify(expected)}`)
        }
      }),
      { numRuns },
    )
  })

  t.test(`${name} retains what the order of the log says, if two nodes change a set at once`, { skip }, async (t) => {
    const brokers = await open(t)
    for (const log of [0, 1, 2]) {
      const { found, expected } = await contend(brokers, `set ${log}`, log)
      t.strictSame(found, expected)
    }
  })

  t.test(`${name} has nothing of a set that nobody has written, and the end of its log`, { skip }, async (t) => {
    const [broker] = (await open(t)) as [Broker]
    t.strictSame(await broker.readRetained(0, ['["none"]']), { end: '0', values: [] })
    t.strictSame(await broker.readRetained(0, []), { end: '0', values: [] })
    const end = await broker.append(0, { node: 'a', number: 1, body: '' })
    t.strictSame(await broker.readRetained(0, ['["none"]']), { end, values: [] })
  })

  t.test(`${name} keeps the last values if a set keeps fewer, or more, than before`, { skip }, async (t) => {
    const [broker] = (await open(t)) as [Broker]
    const keys: string[][] = []
    for (const [at, most] of [3, 3, 3, 1, 3, 3, 3, 2].entries()) {
      const retained = [{ set: 's', key: `k${at}`, value: '1', most, ttlMs: 60_000 }]
      await broker.append(0, { node: 'a', number: at + 1, body: '', retained })
      keys.push((await broker.readRetained(0, ['s'])).values.map(({ key }) => key))
    }
    t.strictSame(
      keys.map((each) => each.join(' ')),
      ['k0', 'k0 k1', 'k0 k1 k2', 'k3', 'k3 k4', 'k3 k4 k5', 'k4 k5 k6', 'k6 k7'],
    )
  })
  t.test(`${name} has thousands of values of a set, in their order`, { skip }, async (t) => {
    const [broker] = (await open(t)) as [Broker]
    const keys = Array.from({ length: 2_500 }, (_, at) => `k${(at * 7) % 2_500}`)
    const retained = keys.map((key) => ({ set: 's', key, value: '1', most: 2_400, ttlMs: 60_000 }))
    await broker.append(0, { node: 'a', number: 1, body: '', retained })
    const { values } = await broker.readRetained(0, ['s'])
    t.strictSame(
      values.map(({ key }) => key),
      keys.slice(100),
    )
  })
}
