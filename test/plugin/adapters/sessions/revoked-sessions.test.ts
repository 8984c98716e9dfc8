import t from 'tap'
import { LogKeeper } from '../../../../plugin/adapters/cluster/log-keeper.js'
import { until } from '../../harness.js'
import { hear, move, startSessionNode } from './session-cluster.js'

/*
 * `disconnectUser()` while the user is away: its sessions wait in the broker.
 */

const namespaces = { '/chat': { onConnect: () => {} } }

t.test(
  'a user that was disconnected while it was away is recovered by no node, also not by one that started later',
  async (t) => {
    const keeper = new LogKeeper()
    const [one, two] = [
      await startSessionNode(t, keeper, { namespaces }),
      await startSessionNode(t, keeper, { namespaces }),
    ]
    const join = (user: string) => hear(t, one, '/chat', { query: { user }, reconnection: false })
    const [ada, alsoAda, cleo] = [await join('ada'), await join('ada'), await join('cleo')]
    await until(() => keeper.sessions.size === 3)
    for (const { socket } of [ada, alsoAda, cleo]) socket.io.engine.close()
    await until(() => one.app.io.of('/chat').sockets.size === 0)
    t.equal(two.app.disconnectUser('ada'), 0)
    await until(() => keeper.sessions.size === 4)
    const three = await startSessionNode(t, keeper, { namespaces })
    for (const [{ socket, ids }, node, isRecovered] of [
      [ada, three, false],
      [alsoAda, one, false],
      [cleo, three, true],
    ] as const) {
      move(socket, node)
      socket.connect()
      await until(() => ids.length === 2)
      t.equal(socket.recovered, isRecovered)
    }
  },
)

t.test('a mark that the broker could not be given is given once it is back', async (t) => {
  const keeper = new LogKeeper()
  const one = await startSessionNode(t, keeper, { namespaces })
  one.connection.cut()
  one.app.disconnectUser('ada')
  t.equal(one.sessions.size.unwritten, 1)
  one.connection.restore()
  one.sessions.sweep()
  await until(() => one.sessions.size.unwritten === 0)
  t.equal(keeper.sessions.size, 1)
})

t.test('a session that was dropped without the broker is not recovered when it is back', async (t) => {
  const keeper = new LogKeeper()
  const [one, two] = [
    await startSessionNode(t, keeper, { namespaces }),
    await startSessionNode(t, keeper, { namespaces }),
  ]
  const { socket, ids } = await hear(t, one, '/chat', { reconnection: false })
  await until(() => keeper.sessions.size === 1)
  one.connection.cut()
  for (const each of one.app.io.of('/chat').sockets.values()) each.disconnect()
  await until(() => !socket.connected)
  t.equal(keeper.sessions.size, 1, 'the broker does not know yet')
  socket.connect()
  await until(() => ids.length === 2)
  t.notOk(socket.recovered, 'this node does')
  for (const each of one.app.io.of('/chat').sockets.values()) each.disconnect()
  await until(() => !socket.connected)
  one.connection.restore()
  one.sessions.sweep()
  await until(() => keeper.sessions.size === 0)
  move(socket, two)
  socket.connect()
  await until(() => ids.length === 3)
  t.notOk(socket.recovered)
})

t.test('what can not be a private id is not asked for: it could be a mark', async (t) => {
  const keeper = new LogKeeper()
  const one = await startSessionNode(t, keeper, { namespaces })
  one.app.disconnectUser('ada')
  await until(() => keeper.sessions.size === 1)
  for (const pid of ['revoked ', 'x'.repeat(1_000), '']) {
    await hear(t, one, '/chat', { auth: { pid }, reconnection: false })
  }
  t.notOk(await one.sessions.claim('/chat', 'revoked x', 'user ada', () => {}))
  t.equal(keeper.sessions.size, 4, 'the mark and three sessions')
})
