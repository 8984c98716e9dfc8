import t from 'tap'
import { addToBatch } from '../../../plugin/wire/event-batch.js'
import { beginReading, endReading, flushLater } from '../../../plugin/wire/read-batch.js'

t.test('what is sent while a piece is read, or its events are handled, is written at its end', async (t) => {
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

t.test('a piece within another, of a client in this process, is handled and written with that one', async (t) => {
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

t.test('what is sent at any other time is written in the next turn of the loop, all at once', async (t) => {
  const log: string[] = []
  flushLater({ flush: () => log.push('one') })
  flushLater({ flush: () => log.push('other') })
  t.strictSame(log, [], 'not yet')
  await new Promise((resolve) => process.nextTick(resolve))
  t.strictSame(log, ['one', 'other'])
})
