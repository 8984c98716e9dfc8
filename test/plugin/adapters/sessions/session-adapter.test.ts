import type { Socket as ServerSocket } from 'socket.io'
import { Decoder, Encoder } from 'socket.io-parser'
import t, { type Test } from 'tap'
import { LogKeeper } from '../../../../plugin/adapters/cluster/log-keeper.js'
import type { AnyNamespaceDefinition } from '../../../../plugin/index.js'
import { until } from '../../harness.js'
import { hear, move, type SessionNodeOptions, socketsOf, startSessionNode } from './session-cluster.js'

/*
 * Sessions that outlive their node, over a real broker in this process.
 */

function noted(calls: string[], node: string): AnyNamespaceDefinition {
  return {
    onConnect: ({ socket }) => {
      calls.push(`onConnect ${node}`)
      socket.data = { seat: 7 }
      return socket.join('members')
    },
    onRecover: ({ socket }) => void calls.push(`onRecover ${node} ${(socket.data as { seat: number }).seat}`),
    onDisconnect: ({ reason }) => void calls.push(`onDisconnect ${node} ${reason}`),
  } as AnyNamespaceDefinition
}

async function startTwo(t: Test, options: SessionNodeOptions = {}) {
  const keeper = new LogKeeper()
  const calls: string[] = []
  const start = (name: string) =>
    startSessionNode(t, keeper, {
      namespaces: { '/chat': noted(calls, name), '/orgs/:id': noted(calls, name) },
      ...options,
    })
  const one = await start('one')
  const two = await start('two')
  await until(() => one.node.alive.length === 1 && two.node.alive.length === 1)
  return { keeper, calls, one, two, start }
}

function pidOf(socket: unknown): string {
  return (socket as { readonly _pid: string })._pid
}

/** Resolves when the broker has the session of a node's sockets. */
async function written(keeper: LogKeeper, size = 1): Promise<void> {
  await until(() => keeper.sessions.size === size)
}

t.test(
  'a client that was lost comes back to another node: its id, rooms and data are there, and what it has missed',
  async (t) => {
    const { keeper, calls, one, two } = await startTwo(t)
    const { socket, events, ids } = await hear(t, one)
    await written(keeper)
    two.app.io.of('/chat').emit('news', 1)
    await until(() => events.length === 1)
    move(socket, two)
    socket.io.engine.close()
    await until(() => socketsOf(one).length === 0)
    one.app.io.of('/chat').to('members').emit('news', 2)
    two.app.io.of('/chat').to('others').emit('news', 'not for it')
    await until(() => ids.length === 2)
    one.app.io.of('/chat').emit('news', 3)
    await until(() => events.length >= 3)
    t.strictSame(events, [1, 2, 3])
    t.ok(socket.recovered)
    t.equal(ids[0], ids[1])
    t.strictSame(calls, ['onConnect one', 'onDisconnect one transport close', 'onRecover two 7'])
    t.ok(socketsOf(two)[0]?.rooms.has('members'))
  },
)

t.test('a client that is back on another node before its loss was noticed takes its socket over', async (t) => {
  const { keeper, calls, one, two } = await startTwo(t)
  const { socket, events, ids } = await hear(t, one)
  await written(keeper)
  for (const each of [1, 2]) one.app.io.of('/chat').emit('news', each)
  await until(() => events.length === 2)
  one.proxy.stall()
  for (const each of [3, 4]) one.app.io.of('/chat').emit('news', each)
  const [server] = socketsOf(one) as [ServerSocket]
  ;(server.data as { seat: number }).seat = 8
  move(socket, two)
  one.proxy.lose()
  two.app.io.of('/chat').emit('news', 5)
  await until(() => ids.length === 2)
  two.app.io.of('/chat').emit('news', 6)
  await until(() => events.length >= 6)
  t.strictSame(events, [1, 2, 3, 4, 5, 6])
  t.ok(socket.recovered)
  t.equal(socketsOf(one).length, 0)
  t.equal(socketsOf(two).length, 1)
  t.strictSame(calls, ['onConnect one', 'onDisconnect one transport close', 'onRecover two 8'])
})

t.test('a session survives its node, also one that has never heard an event', async (t) => {
  const { keeper, one, two } = await startTwo(t)
  const heard = await hear(t, one)
  const silent = await hear(t, one, '/orgs/1')
  await written(keeper, 2)
  two.app.io.of('/chat').emit('news', 1)
  await until(() => heard.events.length === 1)
  for (const { socket } of [heard, silent]) move(socket, two)
  two.app.io.of('/chat').emit('news', 2)
  await until(() => heard.events.length === 2)
  one.kill()
  two.app.io.of('/chat').emit('news', 3)
  two.app.io.of('/orgs/1').emit('news', 4)
  await until(() => heard.ids.length === 2 && silent.ids.length === 2)
  await until(() => heard.events.length >= 3 && silent.events.length >= 1)
  t.strictSame(heard.events, [1, 2, 3])
  t.strictSame(silent.events, [4])
  for (const { socket, ids } of [heard, silent]) {
    t.ok(socket.recovered)
    t.equal(ids[0], ids[1])
  }
})

t.test('a second loss, during the recovery, is recovered on a third node', async (t) => {
  const { keeper, one, two, start } = await startTwo(t)
  const three = await start('three')
  await until(() => three.node.alive.length === 2 && one.node.alive.length === 2)
  const held: (() => void)[] = []
  two.app.io.of('/chat').use((_socket, pass) => void held.push(pass))
  const { socket, events, ids } = await hear(t, one)
  await written(keeper)
  move(socket, two)
  one.proxy.lose()
  await until(() => held.length === 1)
  one.app.io.of('/chat').emit('news', 1)
  move(socket, three)
  two.proxy.lose()
  await until(() => ids.length === 2)
  for (const pass of held) pass()
  await until(() => events.length === 1)
  t.ok(socket.recovered)
  t.equal(ids[0], ids[1])
  for (const node of [one, two]) t.equal(socketsOf(node).length, 0)
  t.strictSame(two.sessions.size, { live: 0, claimed: 0, unwritten: 0 })
})

t.test('a client that is lost while its silent former node is asked is recovered on a third node', async (t) => {
  const { keeper, one, two, start } = await startTwo(t)
  const three = await start('three')
  await until(() => three.node.alive.length === 2 && two.node.alive.length === 2)
  const { socket, ids } = await hear(t, one)
  await written(keeper)
  one.connection.cut()
  move(socket, two)
  one.proxy.lose()
  await until(() => two.sessions.size.claimed === 1)
  move(socket, three)
  two.proxy.lose()
  await until(() => ids.length === 2)
  t.ok(socket.recovered)
  t.equal(socketsOf(three)[0]?.id, ids[0])
  t.equal(two.sessions.size.claimed, 0)
  // Its first claim there ends before the next one begins.
  move(socket, two)
  socket.io.engine.close()
  await until(() => ids.length === 3)
  t.ok(socket.recovered)
})

t.test('rooms that change are written at the end of the tick, and data by the next sweep', async (t) => {
  const { keeper, one } = await startTwo(t)
  const { socket } = await hear(t, one)
  await written(keeper)
  const [server] = socketsOf(one) as [ServerSocket]
  const read = () => {
    const text = keeper.sessions.take(pidOf(socket)) ?? ''
    keeper.sessions.put(pidOf(socket), text, 60_000, '')
    return text
  }
  void server.join('late')
  void server.leave('members')
  await until(() => read().includes('late'))
  t.notMatch(read(), 'members')
  ;(server.data as { seat: number }).seat = 9
  one.sessions.sweep()
  await until(() => read().includes('"seat":9'))
  one.sessions.sweep()
  socket.disconnect()
  await until(() => keeper.sessions.size === 0)
})

t.test('a node that closes gives its sessions away: its clients come back elsewhere', async (t) => {
  const { keeper, one, two } = await startTwo(t)
  const { socket, events, ids } = await hear(t, one)
  await written(keeper)
  move(socket, two)
  await one.app.close()
  await one.sessions.close()
  await one.node.close()
  two.app.io.of('/chat').emit('news', 1)
  await until(() => ids.length === 2 && events.length === 1)
  t.ok(socket.recovered)
  t.equal(ids[0], ids[1])
})

t.test('a private id alone takes nothing over on another node, and stays with its owner', async (t) => {
  const { keeper, one, two } = await startTwo(t)
  const { socket } = await hear(t, one, '/chat', { query: { user: 'ada' } })
  await written(keeper)
  const auth = { pid: pidOf(socket) }
  const options = { auth, reconnection: false }
  for (const node of [one, two]) {
    const thief = await hear(t, node, '/chat', { ...options, query: { user: 'cleo' } })
    t.not(thief.socket.id, socket.id)
    thief.socket.disconnect()
  }
  t.ok(socket.connected)
  const { id } = socket
  const elsewhere = await hear(t, two, '/orgs/1', { ...options, query: { user: 'ada' } })
  t.not(elsewhere.socket.id, socket.id)
  socket.io.reconnection(false)
  const own = await hear(t, two, '/chat', { ...options, query: { user: 'ada' } })
  t.equal(own.socket.id, id)
  await until(() => socketsOf(one).length === 0)
})

t.test('a socket whose onConnect has not ended is not taken over by another node: the client joins anew', async (t) => {
  const keeper = new LogKeeper()
  const ends: (() => void)[] = []
  const namespaces = { '/chat': { onConnect: () => new Promise<void>((end) => void ends.push(end)) } }
  const one = await startSessionNode(t, keeper, { namespaces })
  const two = await startSessionNode(t, keeper, { namespaces })
  const { socket, ids } = await hear(t, one)
  move(socket, two)
  one.proxy.lose()
  await until(() => ids.length === 2)
  t.notOk(socket.recovered)
  t.equal(keeper.sessions.size, 0)
  for (const end of ends) end()
  await until(() => two.sessions.size.live === 1 && keeper.sessions.size > 0)
})

t.test('a client that has missed more than the ring holds joins anew', async (t) => {
  const { keeper, one, two } = await startTwo(t, { ringLimit: 20_000 })
  const { socket, events, ids } = await hear(t, one)
  await written(keeper)
  const other = await hear(t, two)
  move(socket, two)
  one.proxy.stall()
  for (let count = 0; count < 30; count++) {
    two.app.io.of('/chat').emit('news', 'x'.repeat(1_000))
    await until(() => other.events.length === count + 1)
  }
  one.proxy.lose()
  await until(() => ids.length === 2)
  t.notOk(socket.recovered)
  t.not(ids[0], ids[1])
  t.strictSame(events, [])
})

t.test('sessions that were lost without the broker are given to it when it is back', async (t) => {
  const { keeper, one, two } = await startTwo(t)
  const { socket, ids } = await hear(t, one, '/chat', { reconnection: false })
  await written(keeper)
  one.connection.cut()
  keeper.sessions.take(pidOf(socket))
  socket.io.engine.close()
  await until(() => one.sessions.size.unwritten === 1)
  one.sessions.sweep()
  t.equal(keeper.sessions.size, 0, 'the broker is not there')
  one.connection.restore()
  one.sessions.sweep()
  await until(() => one.sessions.size.unwritten === 0)
  t.equal(keeper.sessions.size, 1)
  move(socket, two)
  socket.connect()
  await until(() => ids.length === 2)
  t.ok(socket.recovered)
})

t.test('without the broker, a client that comes back to its node is recovered there', async (t) => {
  const { keeper, one } = await startTwo(t)
  const { socket, ids } = await hear(t, one)
  await written(keeper)
  one.connection.cut()
  one.proxy.lose()
  await until(() => ids.length === 2)
  t.ok(socket.recovered, 'a takeover')
  socket.io.engine.close()
  await until(() => ids.length === 3)
  t.ok(socket.recovered, 'a loss that was noticed')
})

t.test('a client that comes to a node without the broker waits for it, and is recovered', async (t) => {
  const { keeper, one, two } = await startTwo(t)
  const { socket, events, ids } = await hear(t, one)
  await written(keeper)
  one.app.io.of('/chat').emit('news', 1)
  await until(() => events.length === 1)
  two.connection.cut()
  move(socket, two)
  socket.io.engine.close()
  await new Promise<void>((resolve) => socket.io.once('open', resolve))
  one.app.io.of('/chat').emit('news', 2)
  two.connection.restore()
  await until(() => ids.length === 2)
  t.ok(socket.recovered)
  await until(() => events.length >= 2)
  t.strictSame(events, [1, 2])
})

t.test('data that is not JSON is reported once, and its socket is not recovered', async (t) => {
  const { keeper, one, two } = await startTwo(t)
  const { socket, ids } = await hear(t, one, '/orgs/1')
  await written(keeper)
  const [server] = socketsOf(one, '/orgs/1') as [ServerSocket]
  server.data = { big: 1n } as never
  one.sessions.sweep()
  await until(() => one.lines.some(({ msg }) => /the data of its socket is not JSON/.test(String(msg))))
  server.data = { seat: 7 } as never
  one.sessions.sweep()
  move(socket, two)
  one.proxy.lose()
  await until(() => ids.length === 2)
  t.ok(socket.recovered, 'once it is JSON again, it is')
})

t.test('a socket that connects before its log is followed has its session written as soon as it is', async (t) => {
  const { keeper, one, two } = await startTwo(t)
  const { node } = one
  const count = [1, 2, 3, 4, 5, 6, 7, 8].find((each) => node.logOf(`/orgs/${each}`) !== node.logOf('/chat'))
  one.connection.cut()
  const { socket, ids } = await hear(t, one, `/orgs/${count}`)
  await until(() => socketsOf(one, `/orgs/${count}`)[0]?.rooms.has('members') === true)
  t.equal(keeper.sessions.size, 0)
  one.connection.restore()
  await written(keeper)
  move(socket, two)
  one.proxy.lose()
  await until(() => ids.length === 2)
  t.ok(socket.recovered)
})

t.test('a session whose claim is over is not recovered', async (t) => {
  const { keeper, one, two } = await startTwo(t)
  const { socket } = await hear(t, one, '/chat', { reconnection: false })
  await written(keeper)
  const pid = pidOf(socket)
  socket.io.engine.close()
  await until(() => socketsOf(one).length === 0)
  const { adapter } = two.app.io.of('/chat')
  t.equal(await adapter.restoreSession(pid, ''), null)
  const { owner } = JSON.parse(String(keeper.sessions.read(pid)))
  await two.sessions.claim('/chat', pid, owner, () => {})
  const restored = adapter.restoreSession(pid, '')
  two.sessions.forget(pid)
  t.equal(await restored, null)
})

t.test(
  'what is dropped while a recovery waits for a middleware ends the connection: the client joins anew',
  async (t) => {
    const { keeper, one, two } = await startTwo(t, { ringLimit: 8_000 })
    const { socket, ids } = await hear(t, one)
    await written(keeper)
    const held: (() => void)[] = []
    let isHolding = true
    two.app.io.of('/chat').use((_socket, pass) => void (isHolding ? held.push(pass) : pass()))
    move(socket, two)
    socket.io.engine.close()
    await until(() => held.length === 1)
    isHolding = false
    for (let count = 0; count < 20; count++) {
      two.app.io.of('/chat').emit('news', 'x'.repeat(1_000))
      await new Promise(setImmediate)
    }
    await until(() => two.node.isIdle)
    for (const pass of held) pass()
    await until(() => ids.length >= 2 && !socket.recovered && socket.connected)
    t.not(ids.at(-1), ids[0])
  },
)

/** A client, with a parser of the application, that is on its way from one node to the other. */
async function loseWithOwnParser(t: Test) {
  const { keeper, one, two } = await startTwo(t, { io: { parser: { Encoder, Decoder } } })
  const { socket, events, ids } = await hear(t, one)
  await written(keeper)
  move(socket, two)
  socket.io.engine.close()
  await until(() => socketsOf(one).length === 0)
  return { one, socket, events, ids }
}

t.test('with a parser of the application, missed emits are encoded by it', async (t) => {
  const { one, socket, events, ids } = await loseWithOwnParser(t)
  one.app.io.of('/chat').emit('news', 1)
  await until(() => ids.length === 2 && events.length === 1)
  t.ok(socket.recovered)
})

t.test('a missed emit that can not be decoded is left out', async (t) => {
  const { one, socket, events, ids } = await loseWithOwnParser(t)
  // No node of this version writes it: its text has a placeholder of no attachment.
  const text = '51-/chat,["news",{"_placeholder":true,"num":7}]'
  one.node.post('/chat', ['e', text, 0, [], [], Buffer.from('bytes').toString('base64')], true)
  one.app.io.of('/chat').emit('news', 1)
  await until(() => ids.length === 2 && events.length === 1)
  t.ok(socket.recovered)
  t.strictSame(events, [1])
})

t.test('an offset that no node knows recovers nothing', async (t) => {
  const { keeper, one } = await startTwo(t)
  const { socket, ids } = await hear(t, one)
  await written(keeper)
  Object.assign(socket, { _lastOffset: 'elsewhere.7.0' })
  socket.io.engine.close()
  await until(() => ids.length === 2)
  t.notOk(socket.recovered)
})
