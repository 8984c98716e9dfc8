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

t.test(
  'what leaves a room without a word is told by the next change, and a namespace that is gone is told nothing',
  async (t) => {
    const alive = setInterval(() => {}, 1_000)
    t.teardown(() => clearInterval(alive))
    const app = await build(t)
    const key = ({ request }: { request: unknown }) => Object(Object(request).body).user
    const rooms = new Map([['tea', { pattern: 'tea', presence: { ...rules, key } }]])
    const declared = { definition: { rooms }, context: app } as never
    const presence = createPresence({
      io: app.io,
      registry: { entries: [declared], find: () => ({ entry: declared }) },
      log: new RatedLog(app.log, new LogRates(() => 0)),
      skip: (call) => call(),
    })
    const [ada, cy] = await Promise.all(['ada', 'cy'].map((user) => app.injectSocket('/chat', { auth: { user } })))
    const [first, third] = [ada, cy].map((client) => app.io.of('/chat').sockets.get(String(client?.id)) as never) as [
      never,
      never,
    ]
    const heard = [ada, cy].map((client) => follow(client as never, undefined, 'tea'))
    const tea = { name: 'tea', params: {} }
    presence.enter(first, declared, requestOf(first), tea)
    presence.open(undefined)
    presence.enter(first, declared, requestOf(first), tea)
    presence.enter(third, declared, requestOf(third), tea)
    presence.update(third, 'alone', 'tea')
    await until(() => heard[1]?.people.includes('ada×1') === true)
    const { _nsps: namespaces } = app.io
    const chat = app.io.of('/chat')
    let broadcasts = 0
    const { broadcast } = chat.adapter
    chat.adapter.broadcast = (...sent) => {
      broadcasts++
      return broadcast.apply(chat.adapter, sent)
    }
    presence.update(third, 'still alone', 'tea')
    await until(() => broadcasts === 1)
    t.not(heard[1]?.metas.cy, 'still alone')
    let isMissed = false
    const get = (name: string) => {
      isMissed ||= name === '/chat'
    }
    Object.assign(namespaces, { get })
    presence.update(third, 'gone', 'tea')
    await until(() => isMissed)
    Object.assign(namespaces, { get: Map.prototype.get })
    t.strictSame(listOf(await presence.of(declared, '/chat', 'tea')), ['ada×1', 'cy×1'])
    presence.close()
  },
)

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
