import t from 'tap'
import { receiveInTurn, takeTurn, yieldTurn } from '../../../plugin/wire/event-batch.js'

/** Writes down what it receives, and does something at it. */
function createReceiver(at: Record<string, () => void> = {}) {
  const received: unknown[] = []
  const receiver = {
    receive([name]: readonly unknown[], id: number | undefined) {
      received.push(id === undefined ? name : [name, id])
      at[String(name)]?.()
    },
  }
  const come = (name: string, id?: number) => receiveInTurn(receiver, [name], id)
  return { received, come }
}

const tick = () => new Promise<void>((resolve) => process.nextTick(resolve))

t.test('events of a piece are received when it has ended, in their order', async (t) => {
  const { received, come } = createReceiver()
  come('a', 1)
  come('b')
  t.strictSame(received, [])
  takeTurn()
  t.strictSame(received, [['a', 1], 'b'])
  takeTurn()
  t.equal(received.length, 2)
})

t.test('what comes behind something with a turn of its own stays behind it', async (t) => {
  const { received, come } = createReceiver()
  const other = (name: string) => {
    yieldTurn()
    process.nextTick(() => received.push(name))
  }
  come('a')
  other('other')
  come('b')
  come('c')
  other('another')
  come('d')
  takeTurn()
  t.strictSame(received, ['a'])
  // The next piece of the same turn of the event loop.
  come('e')
  takeTurn()
  t.strictSame(received, ['a'])
  await tick()
  t.strictSame(received, ['a', 'other', 'b', 'c', 'another', 'd', 'e'])
  come('f')
  takeTurn()
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
  takeTurn()
  t.strictSame(received, ['a', 'b', 'inner'])
})

t.test('what comes while those behind another are received is received behind them, too', async (t) => {
  const { received, come } = createReceiver({
    a: () => {
      yieldTurn()
      come('inner')
    },
  })
  yieldTurn()
  come('a')
  come('b')
  takeTurn()
  await tick()
  await tick()
  t.strictSame(received, ['a', 'b', 'inner'])
})
