import t from 'tap'
import { UnreadEmits } from '../../../plugin/adapters/unread-emits.js'
import { until } from '../harness.js'
import { hear, startTwo } from './cluster.js'

/*
 * `socket.emit()` and `socket.disconnect()` in one tick, with a broker: the emit is delivered once, before the disconnect.
 */

for (const connectionStateRecovery of [undefined, {}]) {
  const io = { ...(connectionStateRecovery && { connectionStateRecovery }) }
  const how = connectionStateRecovery ? 'with' : 'without'

  t.test(`${how} recovery, a socket receives what was emitted for it before it is disconnected`, async (t) => {
    const { one, two } = await startTwo(t, { io })
    const [here, other, there] = [await hear(one), await hear(one), await hear(two)]
    const chat = one.app.io.of('/chat')
    const server = chat.sockets.get(String(here.socket.id))
    const gone = new Promise((resolve) => here.socket.once('disconnect', resolve))
    void server?.join('room')
    const bytes = Buffer.from([1, 2, 3])
    chat.emit('to all')
    chat.to('room').emit('to the room', bytes)
    chat.to('others').emit('to others')
    chat.except('room').emit('not to the room')
    server?.broadcast.emit('not to itself')
    server?.emit('to it', 1)
    server?.disconnect()
    server?.disconnect()
    t.equal(await gone, 'io server disconnect')
    const received = here.events.map(([event, first]) => (event === 'to the room' ? [event, first] : event))
    const ofNode = ['to all', ['to the room', bytes]]
    // Without recovery, an emit of a socket does not go through the broker.
    t.strictSame(received, connectionStateRecovery ? [...ofNode, 'to it'] : ['to it', ...ofNode])
    chat.emit('end')
    await until(() => [other, there].every(({ events }) => events.at(-1)?.[0] === 'end'))
    for (const { events } of [other, there]) {
      t.strictSame(
        events.map(([event]) => event),
        ['to all', 'not to the room', 'not to itself', 'end'],
      )
    }
  })
}

t.test('without the broker it receives it, too, but for what is volatile', async (t) => {
  const { one } = await startTwo(t)
  const here = await hear(one)
  const gone = new Promise((resolve) => here.socket.once('disconnect', resolve))
  one.connection.cut()
  one.app.io.of('/chat').emit('kept')
  one.app.io.of('/chat').volatile.emit('volatile')
  for (const socket of one.app.io.of('/chat').sockets.values()) socket.disconnect(true)
  await gone
  t.strictSame(here.events, [['kept']])
})

t.test('a disconnect that goes through the log brings nothing that was emitted later', async (t) => {
  const { one } = await startTwo(t)
  const here = await hear(one)
  const gone = new Promise((resolve) => here.socket.once('disconnect', resolve))
  const chat = one.app.io.of('/chat')
  chat.emit('before')
  chat.disconnectSockets()
  await until(() => one.node.isIdle || here.events.length > 0)
  chat.emit('after')
  await gone
  t.strictSame(here.events, [['before']])
})

t.test('a socket finds what is for it without looking at what is for others', async (t) => {
  const unread = new UnreadEmits()
  let reads = 0
  const emit = (number: number, rooms: string[], except: string[] = []) => {
    const item = {
      kind: 'emit',
      text: `2["${number}"]`,
      attachments: [],
      isVolatile: false,
      compress: undefined,
    } as const
    const counted = {
      ...item,
      except: new Set(except),
      get rooms() {
        reads++
        return new Set(rooms)
      },
    }
    unread.add(number, counted)
  }
  const found = (...joined: string[]) => unread.for(new Set(joined)).map(({ text }) => text)
  const texts = (...numbers: number[]) => numbers.map((number) => `2["${number}"]`)
  for (let number = 1; number <= 10_000; number++) emit(number, [`room ${number}`, `also ${number}`])
  t.strictSame(found('room 7', 'also 7', 'room 5', 'nowhere'), texts(5, 7), 'each once, in order')
  emit(10_001, [])
  emit(10_002, ['room 6'], ['room 8'])
  emit(10_003, [], ['room 7'])
  t.equal(reads, 10_003)
  t.strictSame(found('room 6'), texts(6, 10_001, 10_002, 10_003))
  t.strictSame(found('room 7'), texts(7, 10_001))
  t.strictSame(found('room 6', 'room 8'), texts(6, 8, 10_001, 10_003))
  unread.remove(6)
  t.strictSame(found('room 6'), texts(10_001, 10_002, 10_003), 'not what was read back')
  t.equal(reads, 10_003)
  for (let number = 7; number <= 9_000; number++) unread.remove(number)
  t.strictSame(found('room 9000', 'room 9001'), texts(9_001, 10_001, 10_003))
  t.equal(reads, 11_006, 'what was read back is no longer indexed')
})

t.test('what was read back is forgotten', async (t) => {
  const unread = new UnreadEmits()
  const item = {
    kind: 'emit',
    text: '2["a"]',
    attachments: [],
    rooms: new Set<string>(),
    except: new Set<string>(),
    isVolatile: false,
    compress: undefined,
  } as const
  unread.remove(1)
  for (let number = 1; number <= 3_000; number++) unread.add(number, item)
  for (let number = 1; number <= 1_500; number++) unread.remove(number)
  t.equal(unread.size, 1_500)
  unread.remove(2_990)
  t.equal(unread.size, 10, 'also what this node will not read any more')
  t.equal(unread.for(new Set()).length, 10)
  for (let number = 2_991; number <= 3_001; number++) unread.remove(number)
  t.equal(unread.size, 0)
  t.strictSame(unread.for(new Set()), [])
})
