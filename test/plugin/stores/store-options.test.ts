import t from 'tap'
import { createPostgresStore, createRedisStore } from '../../../plugin/stores.js'
import { build } from '../harness.js'

/*
 * Stores that can't be made, or can't be reached.
 */

const refused = (call: () => unknown) => {
  try {
    call()
    return 'accepted'
  } catch (error) {
    return `${(error as { code: string }).code}: ${(error as Error).message}`
  }
}

t.test('wrong options are refused when the store is created, and no message has a url', async (t) => {
  const url = 'redis://:secret@localhost'
  for (const [call, message] of [
    [() => createRedisStore({}), 'createRedisStore must have one of url and client: got neither'],
    [() => createRedisStore({ url, client: { duplicate() {} } }), 'must have one of url and client: got both'],
    [() => createPostgresStore({}), 'createPostgresStore must have one of url and pool: got neither'],
    [() => createPostgresStore({ url }), 'createPostgresStore.url must be a url as postgres://'],
    [() => createRedisStore({ url, prefix: '{' }), 'createRedisStore.prefix must be one to 40 letters'],
    [() => createRedisStore({ url, maxAckBytes: 0 }), 'createRedisStore.maxAckBytes must be a whole number from 1'],
    [() => createRedisStore({ url, logs: 1 } as never), 'createRedisStore.logs is unknown: '],
  ] as const) {
    const problem = refused(call)
    t.match(
      problem,
      `FST_NSP_OPTIONS_INVALID: Option ${message.startsWith('create') ? '' : 'createRedisStore '}${message}`,
    )
    t.notMatch(problem, 'secret')
  }
})

t.test('an application does not boot without its store, and can be closed then', async (t) => {
  for (const store of [
    createRedisStore({ url: 'redis://:secret@127.0.0.1:1', connectTimeoutMs: 500 }),
    createPostgresStore({ url: 'postgres://me:secret@127.0.0.1:1/x', connectTimeoutMs: 500 }),
  ]) {
    const app = await build(t, {
      namespaces: { '/chat': { events: { e: { handler: () => 1, idempotency: { key: () => 'k', store } } } } },
    })
    const error = await app.ready().then(
      () => undefined,
      (error: Error) => error,
    )
    t.match(error, {
      code: 'FST_NSP_STORE_UNREACHABLE',
      message: /can not be used \(.*ECONNREFUSED.*\): start it, or correct `url` of create\w+Store\(\)$/,
    })
    t.notMatch(String(error?.message), 'secret')
    await app.close()
  }
})
