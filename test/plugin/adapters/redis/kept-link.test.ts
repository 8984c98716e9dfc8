import { syncBuiltinESMExports } from 'node:module'
import promises from 'node:timers/promises'
import t from 'tap'
import { KeptLink } from '../../../../plugin/adapters/redis/kept-link.js'
import type { RedisLink } from '../../../../plugin/adapters/redis/redis-link.js'
import { until } from '../../harness.js'

/*
 * How often a link is made again, with links that fail at once.
 */

t.test('a Redis that lets nodes in and refuses what they send is not asked faster and faster', async (t) => {
  // Neither a pause nor a link takes time here.
  const pauses: number[] = []
  const { setTimeout: wait } = promises
  promises.setTimeout = async (ms, value) => {
    pauses.push(Number(ms))
    await new Promise((resolve) => setImmediate(resolve))
    return value as never
  }
  t.intercept(performance, 'now', { value: () => 0 })
  syncBuiltinESMExports()
  t.teardown(() => {
    promises.setTimeout = wait
    syncBuiltinESMExports()
  })
  let links = 0
  let losses = 0
  const kept = new KeptLink({
    connectTimeoutMs: 1_000,
    create() {
      links++
      const link = { open: async () => {}, destroy: () => {}, ended: Promise.resolve(new Error('OOM')) }
      return link as Partial<RedisLink> as RedisLink
    },
    prepare: async () => () => {},
    onLost: () => losses++,
  })
  await kept.open(() => false)
  await until(() => links === 5)
  await kept.close(async () => {})
  for (const [index, longest] of [50, 100, 200, 400].entries()) {
    const pause = Number(pauses[index + 1])
    t.ok(longest / 2 <= pause && pause <= longest, `${pause} ms`)
  }
  t.ok(losses >= 4)
})
