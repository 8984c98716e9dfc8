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

t.test('what an emit retains is read as it was written, and nothing else', async (t) => {
  const retain = { emit: 'n', key: 'k', isRemoval: false, most: 10, ttlMs: 1_000 }
  const fields = emitFields(['2["n"]'], { rooms: new Set(['red']), flags: { retain } })
  const markOf = (item: LogItem | undefined) => (item?.kind === 'emit' ? item.retain : 'no emit')
  t.strictSame(markOf(readItem(fields)), retain)
  const wrong = [[], ['n', 1, false, 1, 1], ['n', 'k', 0, 1, 1], ['n', 'k', false, 0, 1], ['n', 'k', false, 10_001, 1]]
  for (const mark of [...wrong, ['n', 'k', false, 1.5, 1], ['n', 'k', false, 1, '1']]) {
    t.equal(markOf(readItem([...fields.slice(0, -1), mark])), undefined, JSON.stringify(mark))
  }
  const two = emitFields(['2["n"]'], { rooms: new Set(['red', 'blue']), flags: { retain } })
  t.equal(markOf(readItem(two)), undefined, 'a place has one room at most')
})

t.test('lines that are no items are dropped, and the others are visited', async (t) => {
  const batch = new LogBatch()
  batch.add('/chat', emitFields(['2["n"]'], { rooms: new Set() }), true)
  const body = `${writeBody('epoch', batch.toText())}\n[0 x\n[0,"what"]`
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

t.test('a body of garbage is not read to its end', async (t) => {
  const read = (lines: string) => {
    const body = `epoch\n[["/chat"],[0]]\n${lines}`
    const head = readHead(body)
    let [items, dropped] = [0, 0]
    if (head)
      visitItems(
        body,
        head,
        [true],
        () => items++,
        () => dropped++,
      )
    return [items, dropped]
  }
  const item = '[0,"s",["event"]]\n'
  t.strictSame(read(`${item}${'[0\n'.repeat(1_000_000)}${item}`), [1, 100])
  t.strictSame(read(`${item}\n${item}`), [1, 0])
})

t.test('an array buffer is sent as a view of it is', async (t) => {
  const bytes = Uint8Array.of(0, 1, 2, 3)
  const text = '52-["n",{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]'
  t.match(readItem(emitFields([text, bytes.buffer, bytes.subarray(1, 3)], { rooms: new Set() })), {
    attachments: [Buffer.from([0, 1, 2, 3]), Buffer.from([1, 2])],
  })
})

t.test('an event without all of its attachments can not be decoded', async (t) => {
  const text = '51-/chat,["n",{"_placeholder":true,"num":0}]'
  t.throws(() => decodeEvent({ text, attachments: [] }, '/chat', undefined), { message: 'It has too few attachments' })
})
