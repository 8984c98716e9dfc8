import t from 'tap'
import { createSessionId } from '../../../plugin/engine/session-id.js'
import { build, join, listen, next } from '../harness.js'

t.test('ids are as long as those of the engine, and none comes twice', async (t) => {
  const ids = Array.from({ length: 10_000 }, createSessionId)
  t.equal(new Set(ids).size, ids.length)
  t.ok(ids.every((id) => /^[\w-]{20}$/.test(id)))
})

t.test('every place of an id is random', async (t) => {
  const ids = Array.from({ length: 5_000 }, createSessionId)
  for (let place = 0; place < 20; place++) t.equal(new Set(ids.map((id) => id[place])).size, 64, String(place))
})

t.test('an application may have ids of its own', async (t) => {
  const app = await build(t, { namespaces: { '/chat': {} } })
  let count = 0
  app.io.engine.generateId = () => `own-${++count}`
  const client = join(t, `http://127.0.0.1:${await listen(app)}`, '/chat')
  await next(client, 'connect')
  t.equal(client.io.engine?.id, 'own-1')
})

t.test('the engine keeps its own with `fast: false`', async (t) => {
  for (const fast of [true, false]) {
    const app = await build(t, { fast, namespaces: { '/chat': {} } })
    t.equal(app.io.engine.generateId === createSessionId, fast)
  }
})
