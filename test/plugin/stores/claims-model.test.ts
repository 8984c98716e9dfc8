import fc from 'fast-check'
import t from 'tap'
import { hasPostgres } from '../../cluster/postgres.js'
import { hasRedis } from '../../cluster/redis.js'
import { commandsOf, LEASE_MS, Model, Real, TTL_MS } from './claims-model.js'
import { inTransactions, KINDS, startMemoryStore, type TestedStore } from './tested-stores.js'

/*
 * Every store does what the model does, whatever is claimed, settled, renewed, released, expires or dies, on two nodes.
 */

t.setTimeout(300_000)

async function holds(create: () => TestedStore, parameters: fc.Parameters<[Iterable<unknown>]>): Promise<void> {
  await fc.assert(
    fc.asyncProperty(commandsOf(create()), async (commands) => {
      const model = new Model()
      const real = new Real(create())
      try {
        await fc.asyncModelRun(() => ({ model, real }), commands)
      } finally {
        await real.end(model)
      }
    }),
    parameters as never,
  )
}

t.test('the store in memory does what the model does', async () => {
  await holds(() => startMemoryStore(LEASE_MS, TTL_MS), { numRuns: 300 })
})

for (const kind of ['redis', 'ioredis', 'postgres'] as const) {
  const isThere = await (kind === 'postgres' ? hasPostgres() : hasRedis())
  t.test(`the store over ${kind} does what the model does`, { skip: !isThere && 'not installed' }, async (t) => {
    const tested = await KINDS[kind](t)
    await tested.create().open?.(undefined as never)
    // Not made smaller: each run takes its time.
    await holds(() => tested, { numRuns: kind === 'postgres' ? 20 : 40, endOnFailure: true })
  })
}

t.test(
  'so it does in transactions, and there is a row for each ack',
  { skip: !(await hasPostgres()) && 'not installed' },
  async (t) => {
    const { tested, check } = await inTransactions(t)
    await tested.create().open?.(undefined as never)
    await holds(() => tested, { numRuns: 20, endOnFailure: true })
    await check(t)
  },
)
