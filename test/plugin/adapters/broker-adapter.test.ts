import t from 'tap'
import { until, untilDrained } from '../harness.js'
import { hear, startTwo } from './cluster.js'

t.test('two nodes deliver the emits of both in one order', async (t) => {
  const { one, two } = await startTwo(t)
  const here = await hear(one)
  const there = await hear(two)
  for (let round = 0; round < 50; round++) {
    one.app.io.of('/chat').emit('news', `one ${round}`)
    two.app.io.of('/chat').emit('news', `two ${round}`)
    if (round % 7 === 0) await new Promise((resolve) => setImmediate(resolve))
  }
  await until(() => here.events.length === 100 && there.events.length === 100)
  t.strictSame(here.events, there.events)
  for (const name of ['one', 'two']) {
    const own = here.events.filter(([, text]) => String(text).startsWith(name))
    t.strictSame(
      own,
      Array.from({ length: 50 }, (_, round) => ['news', `${name} ${round}`]),
    )
  }
})

t.test('rooms, except, local, volatile and binary emits reach whom they are for, on both nodes', async (t) => {
  const { one, two } = await startTwo(t)
  const here = await hear(one)
  const there = await hear(two)
  const chat = one.app.io.of('/chat')
  chat.in(String(there.socket.id)).socketsJoin(['red', 'blue'])
  chat.in(String(there.socket.id)).socketsLeave('blue')
  chat.to('red').emit('red')
  chat.to('blue').emit('blue')
  chat.except('red').emit('not red')
  chat.local.emit('local')
  chat.compress(false).emit('bytes', Buffer.from([1, 2, 3]), { deep: new Uint8Array([4]) })
  chat.emit('end')
  await until(() => [here, there].every(({ events }) => events.some(([name]) => name === 'end')))
  const bytes = ['bytes', Buffer.from([1, 2, 3]), { deep: Buffer.from([4]) }]
  t.strictSame(here.events, [['local'], ['not red'], bytes, ['end']])
  t.strictSame(there.events, [['red'], bytes, ['end']])
  for (const { app } of [one, two]) for (const each of app.io.of('/chat').sockets.values()) await untilDrained(each)
  chat.volatile.emit('volatile')
  await until(() => [here, there].every(({ events }) => events.some(([name]) => name === 'volatile')))
  const gone = new Promise((resolve) => there.socket.once('disconnect', resolve))
  chat.in('red').disconnectSockets(true)
  t.equal(await gone, 'io server disconnect')
})

t.test('a room that other nodes can not be told is refused where it is used', async (t) => {
  const { one } = await startTwo(t)
  const seven = one.app.io.of('/chat').to(7 as unknown as string)
  const refused = {
    code: 'FST_NSP_ROOM_INVALID',
    message: 'On several nodes the name of a room is a string: got a number',
  }
  t.throws(() => seven.emit('news'), refused)
  t.throws(() => one.app.io.of('/chat').socketsJoin(7 as unknown as string), refused)
  await t.rejects(seven.fetchSockets(), refused)
})

t.test('what another node answers that is no answer counts as none', async (t) => {
  const { one, two } = await startTwo(t)
  const { socket } = await hear(one, '/chat', 'here')
  two.node.messages.on('request', (from, data) => two.node.messages.send(from, 'answer', [Object(data)[0], 'nonsense']))
  const chat = one.app.io.of('/chat')
  t.equal((await chat.fetchSockets()).length, 1)
  t.strictSame(
    await new Promise((resolve) => chat.serverSideEmit('ping', (_error: unknown, all: unknown) => resolve(all))),
    [],
  )
  t.strictSame(await chat.timeout(60_000).emitWithAck('who'), ['here'])
  // Without a timeout Socket.IO waits for nothing. An answer might still come first.
  socket.offAny()
  const error = await new Promise((resolve) => chat.emit('who', resolve))
  t.match(error, { message: 'operation has timed out' })
})

t.test('a node that dies while its clients are asked costs the call its own share only', async (t) => {
  const { one, two } = await startTwo(t)
  const here = await hear(one, '/chat', 'here')
  const there = await hear(two)
  const answers = one.app.io.of('/chat').timeout(60_000).emitWithAck('who')
  await until(() => here.events.length > 0 && there.events.length > 0)
  await two.node.close()
  t.strictSame(await answers, ['here'])
})

t.test('what another node asks that is no question is dropped', async (t) => {
  const { one, two } = await startTwo(t)
  await hear(two)
  const asked = { broadcast: 1, after: 0, fields: ['nonsense'], timeoutMs: 1 }
  t.strictSame((await one.node.requests.ask('/chat', 'ask', asked, 50)).missing, [two.node.id])
  t.ok(two.lines.some(({ msg }) => msg === 'a question of another node was not answered'))
})

t.test('listeners of onAnyOutgoing get what was emitted on another node', async (t) => {
  const { one, two } = await startTwo(t)
  const { events } = await hear(two)
  const outgoing: unknown[] = []
  for (const socket of two.app.io.of('/chat').sockets.values()) socket.onAnyOutgoing((...args) => outgoing.push(args))
  one.app.io.of('/chat').emit('news', { id: 1 }, Buffer.from([7]))
  await until(() => events.length === 1)
  t.strictSame(outgoing, [['news', { id: 1 }, Buffer.from([7])]])
})

t.test('a change with local is made at once, on this node only', async (t) => {
  const { one, two } = await startTwo(t)
  await hear(one)
  await hear(two)
  const [chat, other] = [one.app.io.of('/chat'), two.app.io.of('/chat')]
  chat.local.socketsJoin('red')
  t.equal(chat.adapter.rooms.get('red')?.size, 1)
  chat.local.socketsLeave('red')
  t.notOk(chat.adapter.rooms.has('red'))
  chat.local.disconnectSockets()
  t.equal(chat.sockets.size, 0)
  t.equal(other.sockets.size, 1)
})

t.test('fetchSockets returns the sockets of all nodes, without what their handshakes carried', async (t) => {
  const { one, two } = await startTwo(t)
  await hear(one)
  const there = await hear(two)
  const [socket] = two.app.io.of('/chat').sockets.values()
  Object.assign(socket?.data ?? {}, { seat: 7 })
  await socket?.join('red')
  const sockets = await one.app.io.of('/chat').fetchSockets()
  t.equal(sockets.length, 2)
  const remote = sockets.find(({ id }) => id === there.socket.id)
  t.strictSame([...(remote?.rooms ?? [])], [there.socket.id, 'red'])
  t.strictSame(remote?.data, { seat: 7 })
  const { headers, auth, query, url } = remote?.handshake ?? {}
  t.strictSame([headers, auth, query, url], [{}, {}, {}, ''])
  t.equal((await one.app.io.of('/chat').local.fetchSockets()).length, 1)
  t.equal((await one.app.io.of('/chat').in('red').fetchSockets()).length, 1)
  Object.assign(socket?.data ?? {}, { self: socket })
  const [again] = await one.app.io.of('/chat').in('red').fetchSockets()
  t.strictSame(again?.data, {}, 'data that is no JSON')
})

t.test('an emit that asks gets one answer of each socket on all nodes, after what was emitted before', async (t) => {
  const { one, two } = await startTwo(t)
  const here = await hear(one, '/chat', 'here')
  const there = await hear(two, '/chat', Buffer.from('there'))
  const chat = one.app.io.of('/chat')
  chat.emit('before')
  const answers = await chat.timeout(60_000).emitWithAck('question', 1)
  t.strictSame(answers.map(String).sort(), ['here', 'there'])
  for (const { events } of [here, there]) t.strictSame(events, [['before'], ['question', 1]])
  t.strictSame(await chat.local.timeout(60_000).emitWithAck('question', 2), ['here'])
  const [remote] = await chat.in(String(there.socket.id)).fetchSockets()
  t.equal(String(await remote?.timeout(60_000).emitWithAck('question', 3)), 'there')
})

t.test('a client that does not answer costs the call its answer, and is forgotten on both nodes', async (t) => {
  const { one, two } = await startTwo(t)
  await hear(one, '/chat', 'here')
  await hear(two)
  const failure = await one.app.io
    .of('/chat')
    .timeout(1_500)
    .emitWithAck('question')
    .catch((error) => error)
  t.strictSame(failure.responses, ['here'])
  const acks = () => [...two.app.io.of('/chat').sockets.values()].map((socket) => Reflect.get(socket, 'acks').get(0))
  await until(() => acks().every((ack) => ack === undefined) && one.node.answers.size === 0)
})

t.test('a node that is cut off, or that leaves, costs a call its own share only', async (t) => {
  const { one, two } = await startTwo(t, {}, { requestTimeoutMs: 100 })
  await hear(one, '/chat', 'here')
  await hear(two, '/chat', 'there')
  two.connection.cut()
  const chat = one.app.io.of('/chat')
  t.strictSame(await chat.timeout(60_000).emitWithAck('question'), ['here'])
  t.equal((await chat.fetchSockets()).length, 1)
  const silent = one.lines.filter(({ msg }) => msg === 'other nodes have not answered in time')
  t.equal(silent.length, 1)
  t.match(JSON.stringify(silent), two.node.id)
  two.connection.restore()
  await until(() => one.node.alive.length === 1)
  await two.app.close()
  await two.node.close()
  await until(() => one.node.alive.length === 0)
  t.strictSame(await chat.timeout(60_000).emitWithAck('question'), ['here'])
  t.equal(await one.app.io.of('/').adapter.serverCount(), 1)
})

t.test(
  'a server-side emit reaches the other nodes, and its callback gets the answers of those that listen',
  async (t) => {
    const { one, two } = await startTwo(t)
    const heard: unknown[] = []
    const [here, there] = [one.app.io.of('/chat'), two.app.io.of('/chat')]
    for (const each of [here, there]) each.on('note' as never, ((...args: unknown[]) => heard.push(args)) as never)
    there.on('ask' as never, ((value: number, answer: (value: number) => void) => answer(value + 1)) as never)
    here.serverSideEmit('note' as never, 1 as never)
    await until(() => heard.length > 0)
    t.strictSame(heard, [[1]])
    t.strictSame(await here.serverSideEmitWithAck('ask' as never, 1 as never), [2])
    t.strictSame(await here.serverSideEmitWithAck('nobody' as never), [])
  },
)

t.test('disconnectUser and userOf reach the sockets of a user on all nodes', async (t) => {
  const { one, two } = await startTwo(t, {
    userIdOf: ({ headers }) => String(headers['x-user']),
    namespaces: { '/own': {} },
  })
  const socket = await two.app.injectSocket('/own', { headers: { 'x-user': 'ann' } } as never)
  const events: unknown[][] = []
  socket.onAny((...args) => events.push(args))
  one.app.userOf('ann').emit('news' as never, 1 as never)
  await until(() => events.length > 0)
  t.strictSame(events, [['news', 1]])
  one.app.disconnectUser('ann')
  await until(() => !socket.connected)
})
