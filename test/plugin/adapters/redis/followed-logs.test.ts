import t from 'tap'
import { FollowedLogs } from '../../../../plugin/adapters/redis/followed-logs.js'
import { createKeys } from '../../../../plugin/adapters/redis/redis-keys.js'
import type { RedisLink } from '../../../../plugin/adapters/redis/redis-link.js'

/*
 * What is read of followed logs, from replies of Redis: how a reply is divided is up to Redis.
 */

/** A link that has one reply. */
function createLink(reply: unknown): RedisLink {
  let isEnded = false
  const link = {
    get isEnded() {
      return isEnded
    },
    async read() {
      isEnded = true
      return reply
    },
  }
  return link as Partial<RedisLink> as RedisLink
}

t.test('a receiver that ends the following receives nothing more, also not of the same reply', async (t) => {
  const keys = createKeys('p', 'a')
  const logs = new FollowedLogs(keys, () => {})
  logs.positions.set(0, '0-0')
  const entries = ['1', '2'].map((number) => [`${number}-0`, ['n', 'a', 'k', number, 'b', `body ${number}`]])
  const bodies: string[] = []
  await logs.run(createLink([[keys.log(0), entries]]), (log, { body }) => {
    bodies.push(body)
    logs.positions.delete(log)
  })
  t.strictSame(bodies, ['body 1'])
})
