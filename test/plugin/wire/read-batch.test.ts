import t from 'tap'
import { addToBatch } from '../../../plugin/wire/event-batch.js'
import { beginReading, endReading, flushLater } from '../../../plugin/wire/read-batch.js'

t.test('what is sent during a read, or while its events are handled, is written at the end of the read', async (t) => {
  const log: string[] = []
  const writer = { flush: () => log.push('written') }
  const receiver = { receive: ([name]: readonly unknown[]) => log.push(`handled ${name}`) }
  beginReading()
  addToBatch(receiver, ['a'], undefined)
  flushLater(writer)
  log.push('read')
  endReading()
  t.strictSame(log, ['read', 'handled a', 'written'])
})

t.test('a read within another, of a client in this process, is handled and written with the outer one', async (t) => {
  const log: string[] = []
  const writer = { flush: () => log.push('written') }
  const receiver = { receive: ([name]: readonly unknown[]) => log.push(`handled ${name}`) }
  beginReading()
  beginReading()
  addToBatch(receiver, ['a'], undefined)
  flushLater(writer)
  endReading()
  t.strictSame(log, [], 'not yet')
  endReading()
  t.strictSame(log, ['handled a', 'written'])
})

t.test('what is sent outside a read is written in the next tick, all at once', async (t) => {
  const log: string[] = []
  flushLater({ flush: () => log.push('one') })
  flushLater({ flush: () => log.push('other') })
  t.strictSame(log, [], 'not yet')
  await new Promise((resolve) => process.nextTick(resolve))
  t.strictSame(log, ['one', 'other'])
})
