import t from 'tap'
import { LogBatch, readHead, visitItems, writeBody } from '../../../../plugin/adapters/log/log-body.js'
import { changeFields, emitFields, type LogItem, readItem } from '../../../../plugin/adapters/log/log-item.js'
import { decodeEvent } from '../../../../plugin/adapters/log/log-packet.js'

t.test('the fields of items are read as they were written', async (t) => {
  const rooms = new Set(['red'])
  const flags = (compress?: boolean) => ({ rooms, flags: compress === undefined ? {} : { compress } })
  const compressOf = (compress?: boolean) => {
    const item = readItem(emitFields(['2["n"]'], flags(compress)))
    return item?.kind === 'emit' ? item.compress : 'no emit'
  }
  t.strictSame([compressOf(true), compressOf(false), compressOf()], [true, false, undefined])
  t.match(readItem(changeFields('join', { rooms, except: new Set(['blue']) }, ['green'])), {
    kind: 'join',
    names: ['green'],
    isClosing: false,
  })
  t.match(readItem(changeFields('leave', { rooms }, [])), { kind: 'leave' })
})

t.test('lines that are no items are dropped, and the others are visited', async (t) => {
  const batch = new LogBatch()
  batch.add('/chat', emitFields(['2["n"]'], { rooms: new Set() }), true)
  const body = `${writeBody('epoch', batch.toText(), undefined)}\n[0 x\n[0,"what"]`
  const head = readHead(body)
  const items: LogItem[] = []
  let dropped = 0
  if (head)
    visitItems(
      body,
      head,
      [true],
      (item) => items.push(item),
      () => dropped++,
    )
  t.equal(items.length, 1)
  t.equal(dropped, 2)
})

t.test('an event without all of its attachments can not be decoded', async (t) => {
  const text = '51-/chat,["n",{"_placeholder":true,"num":0}]'
  t.throws(() => decodeEvent({ text, attachments: [] }, '/chat', undefined), { message: 'It has too few attachments' })
})
