import t from 'tap'
import type {
  EncodedEmit,
  RetainedMark,
  RetainedRead,
  RetainedStore,
} from '../../../../plugin/shared/retained-emits.js'
import type { PlaceValue } from '../../../../plugin/sockets/retained/retained-place.js'
import { SharedValues } from '../../../../plugin/sockets/retained/shared-values.js'
import { until } from '../../harness.js'

/*
 * The values of live places, read by read.
 */

type Values = RetainedRead['values']

const encoded = (text: string): EncodedEmit => ({ text, attachments: [] })
const valueAt = (key: string, text: string): Values[number] => ({ emit: 'x', key, encoded: encoded(text) })
const markOf = (key: string, isRemoval = false) => ({ emit: 'x', key, isRemoval, most: 10, ttlMs: 1_000 })
const texts = (values: readonly PlaceValue[]) => values.map(({ encoded: { text } }) => text)

/** A store whose reads the test answers. */
function start() {
  const reads: {
    readonly args: unknown[]
    resolve(values: Values, end?: number): void
    reject(error: Error): void
    deliver(): void
  }[] = []
  const store: RetainedStore = {
    read: (...args) =>
      new Promise((resolve, reject) => {
        let run = () => {}
        reads.push({
          args,
          resolve: (values, end = 0) =>
            resolve({ values, isBehind: (offset) => Number(offset) > end, whenDelivered: (given) => (run = given) }),
          reject,
          deliver: () => run(),
        })
      }),
  }
  const reported: unknown[][] = []
  const live = new Set<string>()
  const held = new SharedValues({ store, now: () => 0, report: (...args) => reported.push(args) })
  const given: string[][] = []
  return { held, reads, reported, live, given, give: (values: readonly PlaceValue[]) => given.push(texts(values)) }
}

let place = 0

/** What is delivered: each one place behind the one before. */
function write(held: SharedValues, room: string | undefined, mark: RetainedMark, value: EncodedEmit): void {
  held.apply('/a', { room, mark, encoded: value, offset: `${++place}` })
}

/** Lets promises run. */
const tick = () => new Promise((resolve) => setImmediate(resolve))

t.test('whoever comes while they are read is given what it has not received meanwhile', async (t) => {
  const { held, reads, given, give, live } = start()
  held.open('/a', ['x'], (room) => live.has(room))
  t.strictSame(reads[0]?.args, ['/a', undefined, ['x']])
  t.ok(held.known('/a', undefined))
  write(held, undefined, markOf('one'), encoded('before'))
  held.enter('/a', undefined, give)
  write(held, undefined, markOf('two'), encoded('meanwhile'))
  write(held, undefined, markOf('three', true), encoded('gone'))
  reads[0]?.resolve([valueAt('zero', 'kept'), valueAt('three', 'former'), valueAt('one', 'before')])
  await tick()
  t.strictSame(given, [])
  reads[0]?.deliver()
  t.strictSame(given, [['kept', 'before']])
  t.equal(held.known('/a', undefined), undefined)
  held.enter('/a', undefined, give)
  t.strictSame(given[1], ['kept', 'before', 'meanwhile'])
})

t.test('a read that fails is reported, and tried again; one that is overtaken counts for nothing', async (t) => {
  const alive = setInterval(() => {}, 1_000)
  t.teardown(() => clearInterval(alive))
  const { held, reads, reported, given, give, live } = start()
  held.open('/a', ['x'], (room) => live.has(room))
  reads[0]?.reject(new Error('away'))
  await until(() => reads.length === 2)
  t.strictSame(reported, [[new Error('away'), '/a', 'the retained emits could not be read']])
  held.reread('/a')
  reads[1]?.reject(new Error('overtaken'))
  reads[2]?.resolve([valueAt('one', 'new')])
  await tick()
  reads[2]?.deliver()
  held.enter('/a', undefined, give)
  t.strictSame([given, reported.length], [[['new']], 1])

  t.comment('the former values stand until the new ones are known')
  held.reread('/a')
  held.enter('/a', undefined, give)
  held.reread('/a')
  reads[3]?.resolve([])
  reads[4]?.resolve([valueAt('one', 'newer')])
  await tick()
  reads[3]?.deliver()
  reads[4]?.deliver()
  held.enter('/a', undefined, give)
  t.strictSame(given, [['new'], ['new'], ['newer']])
})

t.test('a room is held while it is live here, and an address until it is closed', async (t) => {
  const { held, reads, live, given, give } = start()
  write(held, undefined, markOf('one'), encoded('nowhere'))
  held.reread('/a')
  held.leave('/a', 'room')
  held.enter('/a', undefined, give)
  t.equal(held.known('/a', undefined), undefined)
  held.close('/a')
  held.open('/a', ['x'], (room) => live.has(room))
  const known = held.known('/a', 'room')
  write(held, 'room', markOf('one'), encoded('one'))
  reads[1]?.resolve([])
  await tick()
  reads[1]?.deliver()
  await known
  await tick()
  t.ok(held.known('/a', 'room'), 'nobody has entered it: it is read again')
  live.add('room')
  held.enter('/a', 'room', give)
  held.leave('/a', 'room')
  reads[2]?.resolve([valueAt('one', 'two')])
  await tick()
  reads[2]?.deliver()
  t.strictSame(given, [['two']])
  held.open('/a', ['x'], () => false)
  held.enter('/a', undefined, give)
  held.close('/a')
  reads[3]?.resolve([])
  await tick()
  reads[3]?.deliver()
  t.strictSame(given, [['two']], 'whoever waits at an address that is closed is given nothing')
})

t.test('what the values have already is not written again: it would drop one that is kept', async (t) => {
  const { held, reads, given, give } = start()
  held.open('/a', ['x'], () => true)
  const two = { most: 2 }
  write(held, undefined, { ...markOf('b'), ...two }, encoded('b'))
  write(held, undefined, { ...markOf('b', true), ...two }, encoded('-b'))
  write(held, undefined, { ...markOf('c'), ...two }, encoded('c'))
  const end = place
  write(held, undefined, { ...markOf('c'), ...two }, encoded('newer'))
  reads[0]?.resolve([valueAt('a', 'a'), valueAt('c', 'c')], end)
  await tick()
  reads[0]?.deliver()
  held.enter('/a', undefined, give)
  t.strictSame(given, [['a', 'newer']])
})
