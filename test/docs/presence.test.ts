import t from 'tap'
import { buildServer } from '../../examples/lobby.js'
import { until } from '../plugin/harness.js'
import { follow } from '../plugin/presence/present-client.js'

/*
 * The statements of docs/presence.md hold for its example.
 */

t.test('examples/lobby.ts: one query finds the names of those who join, and a mood is seen by all', async (t) => {
  const alive = setInterval(() => {}, 1_000)
  t.teardown(() => clearInterval(alive))
  const queries: (readonly string[])[] = []
  const app = await buildServer(async (ids) => {
    queries.push(ids)
    return new Map(ids.map((id) => [id, { name: id.toUpperCase() }]))
  })
  t.teardown(() => app.close())
  const ada = await app.injectSocket('/lobby', { auth: { userId: 'ada' } })
  const people = follow(ada, (await ada.nextEvent('presence:state')) as never)
  const [bob] = await Promise.all(
    ['bob', 'cy', 'dan'].map((userId) => app.injectSocket('/lobby', { auth: { userId } })),
  )
  await until(() => people.people.length === 4)
  t.strictSame(people.metas, { ada: { name: 'ADA' }, bob: { name: 'BOB' }, cy: { name: 'CY' }, dan: { name: 'DAN' } })
  t.ok(queries.length < 4, `${queries.length} queries`)
  await bob?.emitWithAck('mood:set', 'fine')
  await until(() => people.told.includes('~bob'))
  t.strictSame(people.metas.bob, { mood: 'fine' })
  t.equal((await app.inject('/people')).json().length, 4)
})

t.test('examples/lobby.ts: by itself, it shows ids', async (t) => {
  const app = await buildServer()
  t.teardown(() => app.close())
  const ada = await app.injectSocket('/lobby', { auth: { userId: 'ada' } })
  t.strictSame(await ada.nextEvent('presence:state'), {
    entries: [{ key: 'ada', devices: 1, meta: { name: 'ada' } }],
    more: 0,
  })
})
