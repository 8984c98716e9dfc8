import Fastify from 'fastify'
import t from 'tap'
import { requestOf } from '../../../plugin/index.js'
import { createMetaFetches } from '../../../plugin/presence/meta-fetches.js'
import { createPresence } from '../../../plugin/presence/present-sockets.js'
import { LogRates, RatedLog } from '../../../plugin/shared/log/rated-log.js'
import { build, logLines, until } from '../harness.js'
import { World } from './presence-world.js'
import { follow, listOf } from './present-client.js'

/*
 * The parts of presence that a definition does not reach by itself.
 */

const rules = { meta: undefined, fetch: undefined, graceMs: 50, maxMetaBytes: 100, maxKeys: 10 }

t.test('a room has people of its own', async (t) => {
  const alive = setInterval(() => {}, 1_000)
  t.teardown(() => clearInterval(alive))
  const app = await build(t)
  const { key } = { key: ({ request }: { request: unknown }) => Object(Object(request).body).user }
  const declared = { definition: { presence: { ...rules, key } }, context: app } as never
  const presence = createPresence({
    io: app.io,
    registry: { entries: [declared], find: () => undefined },
    log: new RatedLog(app.log, new LogRates(() => 0)),
    skip: (call) => call(),
  })
  const [ada, bob, cy] = await Promise.all(
    ['ada', 'bob', 'cy'].map((user) => app.injectSocket('/chat', { auth: { user } })),
  )
  const sockets = [ada, bob, cy].map((client) => app.io.of('/chat').sockets.get(String(client?.id)) as never)
  const [first, second, third] = sockets as [never, never, never]
  const heard = [ada, bob, cy].map((client) => follow(client as never))
  presence.enter(first, declared, requestOf(first), 'early')
  presence.open(undefined)
  const enter = (socket: never, room: string) => {
    Object(socket).join(room)
    presence.enter(socket, declared, requestOf(socket), room)
  }
  enter(first, 'tea')
  await until(() => heard[0]?.people.length === 1)
  enter(second, 'tea')
  await until(() => heard[0]?.people.length === 2)
  t.strictSame(
    heard.map(({ people }) => people),
    [['ada×1', 'bob×1'], ['ada×1', 'bob×1'], []],
  )
  enter(third, 'coffee')
  t.strictSame(listOf(await presence.of(declared, '/chat', 'tea')), ['ada×1', 'bob×1'])
  t.strictSame(listOf(await presence.of(declared, '/chat', 'coffee')), ['cy×1'])
  presence.update(second, 'busy', declared, 'tea')
  await until(() => heard[0]?.metas.bob === 'busy')
  presence.leave(second, 'tea')
  presence.leave(second, 'tea')
  await until(() => heard[0]?.people.length === 1)
  t.strictSame(heard[0]?.told, ['+bob', '~bob', '-bob'])

  t.comment('its sockets leave the room without a word, and its namespace is gone')
  Object(first).leave('tea')
  enter(third, 'tea')
  Object(third).leave('tea')
  presence.update(third, 'alone', declared, 'tea')
  await until(() => heard[2]?.people.includes('ada×1') === true)
  const { _nsps: namespaces } = app.io
  const chat = app.io.of('/chat')
  let broadcasts = 0
  const { broadcast } = chat.adapter
  chat.adapter.broadcast = (...sent) => {
    broadcasts++
    return broadcast.apply(chat.adapter, sent)
  }
  presence.update(third, 'still alone', declared, 'tea')
  await until(() => broadcasts === 1)
  t.not(heard[2]?.metas.cy, 'still alone')
  let isMissed = false
  const get = (name: string) => {
    isMissed ||= name === '/chat'
  }
  Object.assign(namespaces, { get })
  presence.update(third, 'gone', declared, 'tea')
  await until(() => isMissed)
  Object.assign(namespaces, { get: Map.prototype.get })
  t.strictSame(listOf(await presence.of(declared, '/chat', 'tea')), ['ada×1', 'cy×1'])
  presence.close()
})

t.test(
  'a fetch that takes more than five seconds is not waited for; a key that is fetched is not fetched again',
  async (t) => {
    const { lines, logger } = logLines()
    const world = new World()
    const calls: (readonly string[])[] = []
    let answer!: (found: object) => void
    const fetch = (keys: readonly string[]) => {
      calls.push(keys)
      return new Promise<object>((resolve) => {
        answer = resolve
      })
    }
    const fetching = { presence: { ...rules, key: () => '', fetch }, instance: Fastify({ logger }) }
    const fetchMeta = createMetaFetches(world.clock())
    const found: unknown[] = []
    fetchMeta(fetching, 'ada', (meta) => found.push(meta))
    world.pass(100)
    fetchMeta(fetching, 'ada', (meta) => found.push(meta))
    answer({ ada: 1 })
    await until(() => found.length === 2)
    t.strictSame([found, calls], [[1, 1], [['ada']]])
    fetchMeta(fetching, 'bob', (meta) => found.push(meta))
    world.pass(5_100)
    await until(() => found.length === 3)
    t.equal(found[2], undefined)
    t.equal(Object(lines.at(-1)?.err).message, 'presence.fetch has taken more than 5000 ms')
  },
)
