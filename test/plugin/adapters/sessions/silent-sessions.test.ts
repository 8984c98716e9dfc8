import t, { type Test } from 'tap'
import { LogKeeper } from '../../../../plugin/adapters/cluster/log-keeper.js'
import { HeardPlaces } from '../../../../plugin/adapters/sessions/heard-places.js'
import { until } from '../../harness.js'
import { hear, move, type SessionNode, type SessionNodeOptions, startSessionNode } from './session-cluster.js'

/*
 * Sockets that hear little in a log that is busy with what others hear: entries that they would need from the ring are long gone.
 */

async function startTwo(t: Test, more: SessionNodeOptions = {}) {
  const keeper = new LogKeeper()
  const namespaces = { '/chat': { onConnect: () => {} } }
  const options = { namespaces, ringLimit: 8_000, ...more }
  const [one, two] = [await startSessionNode(t, keeper, options), await startSessionNode(t, keeper, options)]
  await until(() => one.node.alive.length === 1 && two.node.alive.length === 1)
  return { keeper, one, two }
}

/** Emits more to others than several rings hold, and waits until both nodes have read it. */
async function turnOver({ one, two }: { readonly one: SessionNode; readonly two: SessionNode }): Promise<void> {
  for (let count = 0; count < 20; count++) {
    two.app.io.of('/chat').to('others').emit('news', 'x'.repeat(1_000))
    await new Promise(setImmediate)
  }
  await until(() => two.node.isIdle)
  await until(() => one.node.logOf('/chat').offset === two.node.logOf('/chat').offset)
}

t.test(
  'a client that hears nothing, and one that heard something long ago, are recovered on another node',
  async (t) => {
    const nodes = await startTwo(t)
    const { one, two } = nodes
    const silent = await hear(t, one)
    const heard = await hear(t, one)
    await until(() => nodes.keeper.sessions.size === 2)
    one.app.io.of('/chat').to(String(heard.ids[0])).emit('news', 1)
    await until(() => heard.events.length === 1)
    await turnOver(nodes)
    for (const { socket } of [silent, heard]) {
      move(socket, two)
      socket.io.engine.close()
    }
    await until(() => one.app.io.of('/chat').sockets.size === 0)
    one.app.io.of('/chat').emit('news', 2)
    await until(() => silent.ids.length === 2 && heard.ids.length === 2)
    await until(() => silent.events.length === 1 && heard.events.length === 2)
    for (const { socket } of [silent, heard]) t.ok(socket.recovered)
    await turnOver(nodes)
    for (const { socket } of [silent, heard]) {
      move(socket, one)
      socket.io.engine.close()
    }
    await until(() => silent.ids.length === 3 && heard.ids.length === 3)
    for (const { socket, ids } of [silent, heard]) {
      t.ok(socket.recovered, 'also a second time')
      t.equal(ids[0], ids[2])
    }
    t.strictSame([silent.events, heard.events], [[2], [1, 2]])
  },
)

t.test(
  'a client that has not received the last event for it, or for a room that it has left since, joins anew',
  async (t) => {
    const nodes = await startTwo(t)
    const { one, two } = nodes
    const { socket, ids, events } = await hear(t, one)
    await until(() => nodes.keeper.sessions.size === 1)
    const [server] = one.app.io.of('/chat').sockets.values()
    await server?.join('room')
    one.proxy.stall()
    two.app.io.of('/chat').to('room').emit('news', 1)
    await turnOver(nodes)
    await server?.leave('room')
    move(socket, two)
    one.proxy.lose()
    await until(() => ids.length === 2)
    t.notOk(socket.recovered)
    t.strictSame(events, [])
  },
)

t.test('the session of a killed node is as old as its lease, also if its socket was silent', async (t) => {
  let time = 0
  const nodes = await startTwo(t, { now: () => time })
  const { one, two, keeper } = nodes
  const { socket, ids } = await hear(t, one)
  await until(() => keeper.sessions.size === 1)
  await turnOver(nodes)
  const pid = String((socket as unknown as { _pid: string })._pid)
  const before = keeper.sessions.read(pid)
  one.sessions.sweep()
  await new Promise(setImmediate)
  t.equal(keeper.sessions.read(pid), before, 'it is not due yet')
  time += 10_000
  one.sessions.sweep()
  await until(() => keeper.sessions.read(pid) !== before)
  const written = keeper.sessions.read(pid)
  time += 10_000
  one.sessions.sweep()
  await new Promise(setImmediate)
  t.equal(keeper.sessions.read(pid), written, 'in a log that has not moved it is only prolonged')
  move(socket, two)
  one.kill()
  await until(() => ids.length === 2)
  t.ok(socket.recovered)
})

t.test('what was sent before the last ping was received: only what comes later has to be in the ring', async (t) => {
  const nodes = await startTwo(t, { pingMs: 0 })
  const { one, two, keeper } = nodes
  const { socket, ids, events } = await hear(t, one)
  await until(() => keeper.sessions.size === 1)
  two.app.io.of('/chat').emit('news', 1)
  await until(() => events.length === 1)
  await turnOver(nodes)
  const log = one.node.logOf('/chat')
  await until(() => one.sessions.heard.in(log) === log.offset)
  one.proxy.stall()
  two.app.io.of('/chat').emit('news', 2)
  await until(() => one.node.logOf('/chat').offset === two.node.logOf('/chat').offset)
  move(socket, two)
  one.proxy.lose()
  await until(() => ids.length === 2 && events.length === 2)
  t.ok(socket.recovered)
  t.strictSame(events, [1, 2])
})

t.test('a place counts as received after as many ticks as a lost connection may go unnoticed', async (t) => {
  for (const [pingMs, ticks] of [
    [0, 2],
    [45_000, 48],
    [3_600_000, 3_700],
  ] as const) {
    const log = { offset: 'first' }
    const heard = new HeardPlaces(pingMs, 1_000)
    t.equal(heard.in(log), undefined)
    let count = 0
    for (; heard.in(log) === undefined; count++) heard.tick()
    t.equal(heard.in(log), 'first')
    t.ok(count * 1_000 > pingMs && count <= ticks, `${count} ticks`)
    log.offset = 'second'
    for (count = 0; heard.in(log) !== 'second'; count++) heard.tick()
    t.ok(count * 1_000 > pingMs, `${count} ticks`)
  }
})
