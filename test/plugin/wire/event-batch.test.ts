import t from 'tap'
import { addToBatch, deferBatch, runBatch } from '../../../plugin/wire/event-batch.js'

/** A receiver that notes the names of its events and calls `at[name]`. */
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

t.test('events of one read are received at its end, in their order', async (t) => {
  const { received, come } = createReceiver()
  come('a', 1)
  come('b')
  t.strictSame(received, [])
  runBatch()
  t.strictSame(received, [['a', 1], 'b'])
  runBatch()
  t.equal(received.length, 2)
})

t.test('an event behind a packet that is handled in the next tick stays behind it', async (t) => {
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
  // The next read in the same tick.
  come('e')
  runBatch()
  t.strictSame(received, ['a'])
  await tick()
  t.strictSame(received, ['a', 'other', 'b', 'c', 'another', 'd', 'e'])
  come('f')
  runBatch()
  t.equal(received.at(-1), 'f', 'in the next tick events are received at the end of a read again')
})

t.test('an event that comes while a batch is received is received behind it', async (t) => {
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

t.test('an event that comes while a deferred batch is received is received behind it, too', async (t) => {
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
