import t from 'tap'
import { KeptLink } from '../../../../plugin/adapters/redis/kept-link.js'
import type { RedisLink } from '../../../../plugin/adapters/redis/redis-link.js'
import { until } from '../../harness.js'

/*
 * How often a link is made again, with links that fail at once.
 */

t.test('a Redis that lets nodes in and refuses what they send is not asked faster and faster', async (t) => {
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
  const begun = performance.now()
  await kept.open(() => false)
  await until(() => links === 5)
  // At least the halves of 50, 100, 200 and 400 ms.
  t.ok(performance.now() - begun > 300)
  await kept.close(async () => {})
  t.ok(losses >= 4)
})
