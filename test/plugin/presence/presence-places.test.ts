import t from 'tap'
import { PresencePlaces } from '../../../plugin/presence/presence-places.js'
import { World } from './presence-world.js'

/*
 * What the nodes tell each other, message by message.
 */

const PLACE = '/chat'

/** Nodes that know each other, and watch one place. */
function start(world: World, ...ids: string[]) {
  const nodes = ids.map((id) => world.start(id))
  world.pass(1_000)
  for (const node of nodes) node.watch(PLACE)
  world.pass(100)
  return nodes as [ReturnType<World['start']>, ReturnType<World['start']>]
}

t.test('a node that stood still sees nobody leave who has stayed', async (t) => {
  const world = new World()
  const [a, b] = start(world, 'a', 'b')
  a.places.add(PLACE, 'ada', null)
  b.places.add(PLACE, 'bob', null)
  world.pass(1_000)
  world.stop('b')
  world.pass(12_000)
  world.resume('b')
  world.pass(5_000)
  t.strictSame(
    [a.log, b.log],
    [
      ['+ada', '+bob', '-bob', '+bob'],
      ['+bob', '+ada'],
    ],
  )
})

t.test('the first state has everyone, of however many nodes, and in however many messages', async (t) => {
  const world = new World()
  const [a, b] = start(world, 'a', 'b')
  for (let at = 0; at < 500; at++) a.places.add(PLACE, `user${at}`, { name: 'x'.repeat(100) })
  b.places.add(PLACE, 'bob', null)
  world.pass(1_000)
  const c = world.start('c')
  world.pass(500)
  c.watch(PLACE)
  world.pass(300)
  t.equal(c.shown?.size, 501)
  t.strictSame(c.log, [])
})

t.test('a timer that fires too early does not keep the first state back', async (t) => {
  const world = new World()
  world.earlyMs = 1
  const a = world.start('a')
  const { isReady } = a.places.hold(PLACE, { graceMs: 1_000, maxKeys: 10 })
  a.watch(PLACE)
  world.pass(2_000)
  t.strictSame(a.shown, new Map())
  await isReady
})

t.test('a node that does not answer delays the first state by a second', async (t) => {
  const world = new World()
  const a = world.start('a')
  const b = world.start('b')
  world.pass(1_000)
  b.places.add(PLACE, 'bob', null)
  world.delayOf = () => undefined
  a.watch(PLACE)
  a.places.add(PLACE, 'ada', null)
  world.pass(900)
  t.equal(a.shown, undefined)
  world.pass(200)
  t.strictSame([...(a.shown?.keys() ?? [])], ['ada'])
  world.delayOf = () => 1
  world.pass(5_000)
  t.strictSame(a.log, ['+bob'])
})

t.test('of messages that come in another order none is lost, and nothing is asked for', async (t) => {
  const world = new World()
  const [a, b] = start(world, 'a', 'b')
  let asked = 0
  const { send } = world
  world.send = (from, to, message) => {
    if (Object(message)[0] === 'ask') asked++
    send.call(world, from, to, message)
  }
  let delay = 100
  world.delayOf = () => delay
  a.places.add(PLACE, 'ada', 1)
  world.pass(30)
  delay = 1
  a.places.add(PLACE, 'bob', 1)
  world.pass(60)
  t.strictSame(b.log, [])
  world.pass(1_000)
  t.strictSame([b.log, asked], [['+ada', '+bob'], 0])
})

t.test('a message of a stranger that tells nothing is refused', async (t) => {
  const world = new World()
  const [a] = start(world, 'a', 'b')
  for (const message of [
    null,
    {},
    { stream: 1, number: 1, parts: [[7, 0]] },
    { stream: 1, number: 1, parts: [[PLACE, 3, [['ada', ['many', 0, 0, null]]]]] },
  ]) {
    t.throws(() => a.receive('stranger', ['tell', message]), TypeError)
  }
})

t.test('no more than 1,024 nodes are known', async (t) => {
  const world = new World()
  const [a] = start(world, 'a', 'b')
  for (let at = 0; at < 2_000; at++) a.receive(`stranger${at}`, ['hello', []])
  const sent: unknown[] = []
  world.send = (_from, to) => void sent.push(to)
  a.places.update(PLACE, 'nobody', null)
  a.watch('/other')
  a.unwatch()
  world.pass(25)
  t.equal(new Set(sent).size, 1_024)
})

t.test('a node that has said farewell tells nothing more, and hears nothing', async (t) => {
  const world = new World()
  const [a, b] = start(world, 'a', 'b')
  a.places.add(PLACE, 'ada', null)
  a.places.add(PLACE, 'eve', null)
  a.places.lose(PLACE, 'eve', 500)
  world.pass(100)
  a.places.close()
  a.places.lose(PLACE, 'ada', 1_000)
  a.places.update(PLACE, 'ada', 7)
  a.receive('b', ['hello', []])
  world.pass(900)
  t.strictSame(b.log, ['+ada', '+eve'])
  world.pass(200)
  t.strictSame(b.log.sort(), ['+ada', '+eve', '-ada', '-eve'])
})

t.test('a device that comes back on another node shows nothing, also when it has two', async (t) => {
  const world = new World()
  const [a, b] = start(world, 'a', 'b')
  a.places.add(PLACE, 'ada', 'same')
  a.places.add(PLACE, 'ada', 'same')
  world.pass(1_000)
  a.places.lose(PLACE, 'ada', 1_000)
  world.pass(500)
  b.places.add(PLACE, 'ada', 'same')
  world.pass(5_000)
  for (const { log, shown } of [a, b]) {
    t.strictSame(log, ['+ada'])
    t.strictSame(shown?.get('ada'), [2, 'same'])
  }
})

t.test('the meta of a key is the one that was set last, on whatever node', async (t) => {
  const world = new World()
  const [a, b] = start(world, 'a', 'b')
  a.places.add(PLACE, 'ada', 1)
  b.places.add(PLACE, 'ada', 2)
  world.pass(100)
  // At the same time: then the one of the node with the greater id.
  t.strictSame(
    [a.shown?.get('ada'), b.shown?.get('ada')],
    [
      [2, 2],
      [2, 2],
    ],
  )
  a.places.update(PLACE, 'ada', 3)
  world.pass(100)
  t.strictSame(
    [a.shown?.get('ada'), b.shown?.get('ada')],
    [
      [2, 3],
      [2, 3],
    ],
  )
})

t.test('nothing is left of a place where nobody is, and which nobody watches', async (t) => {
  const world = new World()
  const [a, b] = start(world, 'a', 'b')
  for (let at = 0; at < 100; at++) {
    a.places.add(PLACE, `user${at}`, null)
    a.places.lose(PLACE, `user${at}`, 100)
  }
  world.pass(1_000)
  t.equal(b.shown?.size, 0)
  a.unwatch()
  b.unwatch()
  world.pass(1_000)
  const messages: string[] = []
  world.send = (_from, _to, message) => void messages.push(String(Object(message)[0]))
  a.places.add(PLACE, 'ada', null)
  world.pass(100)
  t.strictSame(messages, [], 'nobody wants to be told')
})

t.test('without other nodes, nothing waits', async (t) => {
  const world = new World()
  const places = new PresencePlaces({ clock: world.clock(), link: undefined })
  places.open()
  places.add(PLACE, 'ada', undefined)
  const held = places.hold(PLACE, { graceMs: 0, maxKeys: 10 })
  await held.isReady
  t.strictSame(held.entries, [{ key: 'ada', devices: 1, meta: null }])
  places.lose(PLACE, 'nobody', 0)
  places.close()
  held.release()
})

t.test('what is told while a place is told as a whole is not told twice, and nothing of it is lost', async (t) => {
  const world = new World()
  const [a, b] = start(world, 'a', 'b')
  for (let at = 0; at < 40; at++) {
    b.unwatch()
    b.watch(PLACE)
    world.pass(at)
    a.places.add(PLACE, `user${at}`, null)
  }
  world.pass(2_000)
  t.equal(b.shown?.size, 40)
})

t.test('a node that has missed that another one wants a place no longer ceases to tell of it', async (t) => {
  const world = new World()
  const [a, b] = start(world, 'a', 'b')
  const held = b.places.hold('/other', { graceMs: 0, maxKeys: 10 })
  world.pass(100)
  world.delayOf = (from) => (from === 'b' ? undefined : 1)
  held.release()
  world.pass(100)
  world.delayOf = () => 1
  world.pass(5_000)
  let tells = 0
  const { send } = world
  world.send = (from, to, message) => {
    if (Object(message)[0] === 'tell') tells++
    send.call(world, from, to, message)
  }
  a.places.add('/other', 'ada', null)
  world.pass(100)
  t.equal(tells, 0)
  a.places.add(PLACE, 'ada', null)
  world.pass(100)
  t.equal(tells, 1)
})

t.test('a node may want any number of places, in messages of less than 8 kB', async (t) => {
  const world = new World()
  const [a, b] = start(world, 'a', 'b')
  let longest = 0
  const { send } = world
  world.send = (from, to, message) => {
    longest = Math.max(longest, JSON.stringify(message).length)
    send.call(world, from, to, message)
  }
  const held = Array.from({ length: 1_000 }, (_, at) => {
    a.places.add(`/rooms/${at}`, 'ada', null)
    return b.places.hold(`/rooms/${at}`, { graceMs: 0, maxKeys: 10 })
  })
  world.pass(500)
  t.ok(held.every(({ entries }) => entries.length === 1))
  t.ok(longest < 8_000, `${longest} characters`)
})

t.test(
  'a stranger can make a node keep no more than a thousand messages, and nothing of places that it does not want',
  async (t) => {
    const world = new World()
    const [a] = start(world, 'a', 'b')
    const tell = (number: number, parts: unknown[] = []) =>
      a.receive('stranger', ['tell', { stream: 1, number, parts, isEnd: number === 1 }])
    for (let number = 2; number <= 1_001; number++) tell(number)
    tell(1_002, [[PLACE, 3, [['late', [1, 0, 0, null]]]]])
    tell(1, [
      [PLACE, 3, [['eve', [1, 0, 0, null]]]],
      ['/unwanted', 3, [['eve', [1, 0, 0, null]]]],
    ])
    world.pass(100)
    t.strictSame(a.log, ['+eve'])
    const held = a.places.hold('/unwanted', { graceMs: 0, maxKeys: 10 })
    t.strictSame(held.entries, [])
  },
)

t.test('when several leave, as many of those who were not shown take their places', async (t) => {
  const world = new World()
  const a = world.start('a')
  world.pass(1_000)
  a.watch(PLACE, { graceMs: 0, maxKeys: 3 })
  for (const key of ['a', 'b', 'c', 'd', 'e', 'f', 'g']) a.places.add(PLACE, key, null)
  world.pass(2_000)
  t.strictSame([...(a.shown?.keys() ?? [])], ['a', 'b', 'c'])
  for (const key of ['a', 'b', 'f']) a.places.lose(PLACE, key, 0)
  world.pass(100)
  t.strictSame([...(a.shown?.keys() ?? [])], ['c', 'd', 'e'])
  for (const key of ['c', 'd']) a.places.lose(PLACE, key, 0)
  world.pass(100)
  t.strictSame([...(a.shown?.keys() ?? [])], ['e', 'g'])
})

t.test(
  'the people of a node that is killed, or closes, just before its next hello have all of the grace',
  async (t) => {
    for (const end of ['killed', 'closed']) {
      const world = new World()
      const [a, b] = [world.start('a'), world.start('b')]
      world.pass(1_000)
      a.watch(PLACE, { graceMs: 5_000, maxKeys: 10 })
      b.places.add(PLACE, 'bob', null)
      world.pass(2_900)
      if (end === 'closed') b.places.close()
      world.pass(10)
      world.kill('b')
      world.pass(4_900)
      t.strictSame(a.log, [], end)
      world.pass(3_000)
      t.strictSame(a.log, ['-bob'], end)
    }
  },
)
