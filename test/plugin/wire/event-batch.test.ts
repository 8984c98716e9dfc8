import t from 'tap'
import { addToBatch, deferBatch, runBatch } from '../../../plugin/wire/event-batch.js'

/** Writes down what it receives, and does something at it. */
function createReceiver(at: Record<string, () => void> = {}) {
  const received: unknown[] = []
  const receiver = {
    receive([name]: readonly unknown[], id: number | undefined) {
      received.push(id === undefined ? name : [name, id])
      at[String(name)]?.()
    },
  }
  const come = (name: string, id?: number) => addToBatch(receiver, [name], id)
  return { received, come }
}

const tick = () => new Promise<void>((resolve) => process.nextTick(resolve))

t.test('events of a piece are received when it has ended, in their order', async (t) => {
  const { received, come } = createReceiver()
  come('a', 1)
  come('b')
  t.strictSame(received, [])
  runBatch()
  t.strictSame(received, [['a', 1], 'b'])
  runBatch()
  t.equal(received.length, 2)
})

t.test('what comes behind something with a turn of its own stays behind it', async (t) => {
  const { received, come } = createReceiver()
  const other = (name: string) => {
    deferBatch()
    process.nextTick(() => received.push(name))
  }
  come('a')
  other('other')
  come('b')
  come('c')
  other('another')
  come('d')
  runBatch()
  t.strictSame(received, ['a'])
  // The next piece of the same turn of the event loop.
  come('e')
  runBatch()
  t.strictSame(received, ['a'])
  await tick()
  t.strictSame(received, ['a', 'other', 'b', 'c', 'another', 'd', 'e'])
  come('f')
  runBatch()
  t.equal(received.at(-1), 'f', 'the next turn is as the first')
})

t.test('what comes while events are received is received behind them', async (t) => {
  const { received, come } = createReceiver({
    a: () => {
      come('inner')
      t.strictSame(received, ['a'])
    },
  })
  come('a')
  come('b')
  runBatch()
  t.strictSame(received, ['a', 'b', 'inner'])
})

t.test('what comes while those behind another are received is received behind them, too', async (t) => {
  const { received, come } = createReceiver({
    a: () => {
      deferBatch()
      come('inner')
    },
  })
  deferBatch()
  come('a')
  come('b')
  runBatch()
  await tick()
  await tick()
  t.strictSame(received, ['a', 'b', 'inner'])
})
