import t from 'tap'
import { FifoQueue } from '../../../plugin/shared/queue.js'

t.test('items leave in the order in which they were added, also if some are added in between', async (t) => {
  const queue = new FifoQueue<number>()
  t.equal(queue.shift(), undefined)
  for (const item of [1, 2, 3]) queue.push(item)
  t.equal(queue.shift(), 1)
  queue.push(4)
  t.equal(queue.length, 3)
  t.strictSame([queue.shift(), queue.shift(), queue.shift(), queue.shift()], [2, 3, 4, undefined])
  t.equal(queue.length, 0)
})

t.test('a cleared queue is empty', async (t) => {
  const queue = new FifoQueue<number>()
  for (const item of [1, 2]) queue.push(item)
  queue.shift()
  queue.push(3)
  queue.clear()
  t.equal(queue.length, 0)
  t.equal(queue.shift(), undefined)
  queue.push(4)
  t.equal(queue.shift(), 4)
})

t.test('shift() on a long queue does not move its items each time', async (t) => {
  const queue = new FifoQueue<number>()
  for (let item = 0; item < 200_000; item++) queue.push(item)
  for (let item = 0; item < 200_000; item++) if (queue.shift() !== item) t.fail(`${item} is not next`)
  t.equal(queue.length, 0)
})
