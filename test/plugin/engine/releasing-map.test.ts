import { inspect } from 'node:util'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import t from 'tap'
import { ReleasingMap, releaseSockets } from '../../../plugin/engine/releasing-map.js'
import { build, join, listen, next } from '../harness.js'

setFlagsFromString('--expose-gc')
const collect: (options?: { type: 'minor' }) => void = runInNewContext('gc')

/** One of each, with the same entries. */
function createBoth(...entries: [string, unknown][]): Map<string, unknown>[] {
  return [new Map(entries), new ReleasingMap(entries)]
}

t.test('a releasing map behaves like a Map', async (t) => {
  for (const map of createBoth(['a', 1], ['b', undefined], ['c', 3])) {
    t.ok(map instanceof Map)
    t.equal(map.size, 3)
    t.strictSame([map.get('a'), map.get('b'), map.get('none')], [1, undefined, undefined])
    t.strictSame([map.has('b'), map.has('none')], [true, false])
    t.equal(map.set('a', 'new'), map)
    t.strictSame([map.delete('b'), map.delete('b')], [true, false])
    map.set('b', 2)
    const expected = [
      ['a', 'new'],
      ['c', 3],
      ['b', 2],
    ]
    t.strictSame([...map], expected)
    t.strictSame([...map.entries()], expected)
    t.strictSame([...map.keys()], ['a', 'c', 'b'])
    t.strictSame([...map.values()], ['new', 3, 2])
    const visits: unknown[] = []
    map.forEach(function (this: unknown, ...visit) {
      visits.push([this, ...visit])
    }, 'self')
    t.strictSame(
      visits,
      expected.map(([key, value]) => ['self', value, key, map]),
    )
    map.clear()
    t.strictSame([map.size, [...map]], [0, []])
  }
})

t.test('a releasing map is printed like a Map', async (t) => {
  const [map, releasing] = createBoth(['a', 1], ['b', { c: 2 }])
  t.equal(inspect(releasing), inspect(map))
})

t.test('an iteration skips entries that are deleted during it, and visits those that are added', async (t) => {
  for (const map of createBoth(['a', 1], ['b', 2], ['c', 3])) {
    const visited: unknown[] = []
    for (const [key, value] of map) {
      visited.push(value)
      if (key !== 'a') continue
      map.delete('b')
      map.set('d', 4)
    }
    t.strictSame(visited, [1, 3, 4])
  }
})

t.test('deleted values are released without a full garbage collection', async (t) => {
  const LIVE = 4
  /** The bytes that a thousand entries leave behind when they are deleted. */
  const leftIn = (map: Map<number, unknown>) => {
    let count = 0
    const add = () => map.set(count, { id: count++, own: new Array(500).fill(count) })
    for (let each = 0; each < LIVE; each++) add()
    // Now the table is in the old generation.
    for (let each = 0; each < 3; each++) collect()
    const before = process.memoryUsage().heapUsed
    for (let each = 0; each < 1_000; each++) {
      map.delete(count - LIVE)
      add()
    }
    for (let each = 0; each < 3; each++) collect({ type: 'minor' })
    return process.memoryUsage().heapUsed - before
  }
  const [map, releasing] = [leftIn(new Map()), leftIn(new ReleasingMap())]
  t.ok(map > 1_000_000, 'a Map keeps them')
  t.ok(releasing < map / 2, 'a releasing map does not')
})

t.test('the sockets of every namespace are in a releasing map, unless `fast` is off', async (t) => {
  for (const fast of [true, false]) {
    const app = await build(t, { fast, namespaces: { '/': {}, '/chat': {}, '/orgs/:id': {} } })
    const url = `http://127.0.0.1:${await listen(app)}`
    app.io.of('/plain')
    for (const name of ['/', '/chat', '/orgs/1', '/plain']) {
      const client = join(t, url, name)
      await next(client, 'connect')
      const { sockets } = app.io.of(name)
      t.equal(sockets instanceof ReleasingMap, fast, name)
      t.equal(sockets.get(client.id as string)?.id, client.id)
      t.strictSame([...sockets.keys()], [client.id])
    }
  }
})

t.test('a map that is in use is not replaced', async (t) => {
  const app = await build(t, { fast: false, namespaces: { '/': {} } })
  const { io } = app
  await next(join(t, `http://127.0.0.1:${await listen(app)}`, '/'), 'connect')
  const { sockets } = io.of('/')
  releaseSockets(io)
  t.equal(io.of('/').sockets, sockets)
  t.equal(sockets.constructor, Map)
  t.ok(io.of('/late').sockets instanceof ReleasingMap)
})
