import type { Socket as ServerSocket } from 'socket.io'
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

t.test('rooms that change are written at the end of the tick, data within two seconds', async (t) => {
  const { keeper, one, two } = await startTwo(t)
  const { socket, events, ids } = await hear(t, one)
  await written(keeper)
  const [server] = socketsOf(one) as [ServerSocket]
  const texts = () =>
    JSON.stringify([...Array(1)].map(() => keeper.sessions.take((socket as never as { _pid: string })._pid)))
  void server.join('late')
  void server.leave('members')
  ;(server.data as { seat: number }).seat = 9
  one.sessions.sweep()
  let text = ''
  await until(() => {
    text = texts()
    return text.includes('late')
  })
  t.match(text, '\\"seat\\":9')
  t.notMatch(text, 'members')
  one.sessions.touch((socket as never as { _pid: string })._pid)
  move(socket, two)
  t.ok(events && ids)
})
