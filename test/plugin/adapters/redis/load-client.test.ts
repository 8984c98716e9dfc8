import { Redis } from 'ioredis'
import t from 'tap'
import { loadClient } from '../../../../plugin/adapters/redis/load-client.js'

const url = 'redis://user:sesame@localhost:6379/2'
const missing = () => Promise.reject(new Error("Cannot find package 'redis'"))

t.test('a url loads redis, or else ioredis', async (t) => {
  t.match(await loadClient(url), { options: { username: 'user', password: 'sesame', database: 2 } })
  const client = await loadClient(url, { redis: missing })
  t.ok(client instanceof Redis)
  t.match(client, { options: { username: 'user', password: 'sesame', db: 2 }, status: 'wait' })
})

t.test('with neither package there is one error, with the command that installs one', async (t) => {
  const loading = loadClient(url, { redis: missing, ioredis: missing })
  const message = 'adapter.type redis needs a client that is not installed: npm install redis'
  await t.rejects(loading, { code: 'FST_NSP_BROKER_MISSING', message, cause: { message: /Cannot find/ } })
})
