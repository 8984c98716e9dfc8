import t from 'tap'
import { FifoQueue } from '../../../plugin/shared/queue.js'

t.test('first come, first served, also when some come while others are served', async (t) => {
  const line = new FifoQueue<number>()
  t.equal(line.shift(), undefined)
  for (const item of [1, 2, 3]) line.push(item)
  t.equal(line.shift(), 1)
  line.push(4)
  t.equal(line.length, 3)
  t.strictSame([line.shift(), line.shift(), line.shift(), line.shift()], [2, 3, 4, undefined])
  t.equal(line.length, 0)
})

t.test('a line that is cleared is empty, whoever had come last', async (t) => {
  const line = new FifoQueue<number>()
  for (const item of [1, 2]) line.push(item)
  line.shift()
  line.push(3)
  line.clear()
  t.equal(line.length, 0)
  t.equal(line.shift(), undefined)
  line.push(4)
  t.equal(line.shift(), 4)
})

t.test('a long line is served without moving it each time', async (t) => {
  const line = new FifoQueue<number>()
  for (let item = 0; item < 200_000; item++) line.push(item)
  for (let item = 0; item < 200_000; item++) if (line.shift() !== item) t.fail(`${item} is not next`)
  t.equal(line.length, 0)
})
