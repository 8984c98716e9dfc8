import { Redis } from 'ioredis'
import t from 'tap'
import { continuityOf } from '../../../../plugin/adapters/redis/log-continuity.js'
import { hasRedis } from '../../../cluster/redis.js'
import { startTestRedis } from './redis-server.js'

const skip = (await hasRedis()) ? false : 'redis-server is not installed'

t.test('a log is lost from its end, and trimmed from its beginning', { skip }, async (t) => {
  const client = new Redis((await startTestRedis(t)).path)
  t.teardown(() => client.disconnect())
  const link = {
    send: ([name = '', ...args]: readonly string[]) => client.call(name, args),
    now: () => 100_000,
  }
  for (const id of ['50000-0', '60000-0', '70000-0']) await client.xadd('log', id, 'n', 'node')
  const known = { key: 'log', appended: undefined, windowMs: 50_000, isSameEpoch: true }
  const find = (delivered: string, changes = {}) => continuityOf(link, { ...known, delivered, ...changes })

  t.strictSame(await find('60000-0'), ['continuous', '60000-0'])
  t.strictSame(await find('60000-0', { appended: '70000-0' }), ['continuous', '60000-0'])
  t.strictSame(await find('60000-0', { appended: '50000-0' }), ['continuous', '60000-0'])
  t.strictSame(await find('40000-0', { appended: '70000-0' }), ['trimmed', '40000-0'], 'the last one is there')
  t.strictSame(await find('40000-0'), ['trimmed', '40000-0'], 'it is older than the window')
  t.strictSame(await find('40000-0', { isSameEpoch: false }), ['rolled back', '0-0'], 'nothing is left before it')
  t.strictSame(await find('80000-0'), ['rolled back', '70000-0'])
  t.strictSame(await find('70000-0', { appended: '80000-0' }), ['rolled back', '70000-0'], 'what was appended is lost')
})
