import fc from 'fast-check'
import t from 'tap'
import { World } from './presence-world.js'

/*
 * Any order of joins, losses, times of grace, lost and late messages, deaths, returns and pauses, on three nodes: at the next quiet
 * point, every node shows the truth.
 */

const PLACE = '/chat'
const GRACE_MS = 1_000
const NODES = ['a', 'b', 'c']

type Step =
  | readonly ['join' | 'leave' | 'update', node: string, key: string]
  | readonly ['watch' | 'unwatch' | 'kill' | 'farewell' | 'stop' | 'resume', node: string]
  | readonly ['cut' | 'heal', from: string, to: string]
  | readonly ['pass', ms: number]

const node = fc.constantFrom(...NODES)
const key = fc.constantFrom('ada', 'bob', 'cy', 'dan')
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.tuple(fc.constantFrom('join' as const, 'leave' as const, 'update' as const), node, key) },
  { weight: 3, arbitrary: fc.tuple(fc.constantFrom('watch' as const, 'unwatch' as const), node) },
  {
    weight: 2,
    arbitrary: fc.tuple(
      fc.constantFrom('kill' as const, 'farewell' as const, 'stop' as const, 'resume' as const),
      node,
    ),
  },
  { weight: 2, arbitrary: fc.tuple(fc.constantFrom('cut' as const, 'heal' as const), node, node) },
  { weight: 6, arbitrary: fc.tuple(fc.constant('pass' as const), fc.constantFrom(1, 5, 30, 300, 900, 3_000, 9_000)) },
)

t.test('at a quiet point, every node shows who is connected to any of them, and the same meta', async (t) => {
  await fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), fc.integer(), (steps, seed) => {
      const world = new World()
      const cuts = new Set<string>()
      let random = seed
      const chance = () => {
        random = (Math.imul(random, 1_103_515_245) + 12_345) | 0
        return (random >>> 8) / 2 ** 24
      }
      let isLossy = true
      world.delayOf = (from, to) => {
        if (cuts.has(`${from}${to}`) || (isLossy && chance() < 0.1)) return undefined
        return isLossy && chance() < 0.2 ? 1 + Math.floor(chance() * 200) : 1
      }
      let starts = 0
      let metas = 0
      /** By the place in the cluster: the id of the node that runs there. */
      const ids = new Map<string, string>()
      /** By id, the connected devices of each key. */
      const truth = new Map<string, Map<string, number>>()
      const start = (name: string) => {
        const id = `${name}${starts++}`
        ids.set(name, id)
        truth.set(id, new Map())
        return world.start(id)
      }
      for (const name of NODES) start(name)
      const run = ([kind, name, other]: Step) => {
        if (kind === 'pass') return world.pass(name)
        const id = ids.get(name) as string
        const running = world.nodes.get(id)
        const here = truth.get(id) as Map<string, number>
        if (!running) return
        if (kind === 'join' || kind === 'leave' || kind === 'update') {
          const count = here.get(other) ?? 0
          if (kind === 'join') {
            running.places.add(PLACE, other, ++metas)
            here.set(other, count + 1)
          } else if (count > 0 && kind === 'leave') {
            running.places.lose(PLACE, other, GRACE_MS)
            here.set(other, count - 1)
          } else if (count > 0) running.places.update(PLACE, other, ++metas)
        } else if (kind === 'watch') running.watch(PLACE)
        else if (kind === 'unwatch') running.unwatch()
        else if (kind === 'stop') world.stop(id)
        else if (kind === 'resume') world.resume(id)
        else if (kind === 'cut') cuts.add(`${id}${ids.get(other)}`)
        else if (kind === 'heal') cuts.delete(`${id}${ids.get(other)}`)
        else {
          if (kind === 'farewell') running.places.close()
          world.resume(id)
          world.kill(id)
          truth.delete(id)
          start(name)
        }
      }
      for (const one of steps) run(one)
      cuts.clear()
      isLossy = false
      for (const id of ids.values()) {
        world.resume(id)
        world.nodes.get(id)?.watch(PLACE)
      }
      world.pass(20_000)
      const devices = new Map<string, number>()
      for (const here of truth.values()) {
        for (const [who, count] of here) if (count > 0) devices.set(who, (devices.get(who) ?? 0) + count)
      }
      const expected = [...devices].sort()
      const metasSeen = new Set<string>()
      for (const { shown, log, places } of world.nodes.values()) {
        const seen = [...(shown ?? [])].map(([who, [count]]) => [who, count]).sort()
        if (JSON.stringify(seen) !== JSON.stringify(expected))
          throw new Error(`${JSON.stringify(seen)}, not ${JSON.stringify(expected)}`)
        const wrong = log.find((line) => line.includes(' '))
        if (wrong) throw new Error(wrong)
        metasSeen.add(JSON.stringify([...(shown ?? [])].sort()))
        const held = places.hold(PLACE, { graceMs: GRACE_MS, maxKeys: 10 })
        if (held.entries.length !== expected.length) throw new Error('presence() is another one')
        held.release()
      }
      if (metasSeen.size > 1) throw new Error(`the nodes show different metas: ${[...metasSeen].join(' ')}`)
    }),
    { numRuns: Number(process.env.PRESENCE_RUNS ?? 400) },
  )
  t.pass()
})
