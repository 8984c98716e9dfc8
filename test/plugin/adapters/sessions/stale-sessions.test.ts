import t from 'tap'
import { LogKeeper } from '../../../../plugin/adapters/cluster/log-keeper.js'
import { until } from '../../harness.js'
import { hear, move, socketsOf, startSessionNode } from './session-cluster.js'

/*
 * A node that was stopped, or cut off, still thinks that it has the sockets that others have taken over.
 */

for (const [what, notice] of [
  ['writes it', 'write'],
  ['notices the loss of its connection', 'close'],
] as const) {
  t.test(`a session that another node has is kept when the former one is back and ${what}`, async (t) => {
    const keeper = new LogKeeper()
    const start = () => startSessionNode(t, keeper, { namespaces: { '/chat': {} } })
    const [one, two, three] = [await start(), await start(), await start()]
    await until(() => [one, two, three].every(({ node }) => node.alive.length === 2))
    const { socket, ids } = await hear(t, one)
    await until(() => keeper.sessions.size === 1)
    const { _pid: pid } = socket as unknown as { readonly _pid: string }
    one.connection.cut()
    one.proxy.stall()
    move(socket, two)
    socket.io.engine.close()
    await until(() => socketsOf(two).length === 1)
    await socketsOf(two)[0]?.join('late')
    await until(() => keeper.sessions.read(pid)?.includes('late') === true)
    one.connection.restore()
    const [stale] = socketsOf(one)
    t.ok(stale?.connected)
    if (notice === 'close') stale?.conn.close()
    else Object.assign(stale?.data as object, { is: 'stale' })
    one.sessions.sweep()
    await until(() => socketsOf(one).length === 0 && one.sessions.size.unwritten === 0)
    t.match(keeper.sessions.read(pid), 'late')
    two.kill()
    move(socket, three)
    socket.io.engine.close()
    await until(() => socketsOf(three).length === 1)
    t.ok(socketsOf(three)[0]?.rooms.has('late'))
    t.equal(new Set(ids).size, 1, 'it has one id all the time')
  })
}
