import t from 'tap'
import { LogKeeper } from '../../../../plugin/adapters/cluster/log-keeper.js'
import { next, until } from '../../harness.js'
import { hear, move, startSessionNode } from './session-cluster.js'

/*
 * Clients of a node that lags while the broker drops what it has not read; and those that say they have received more than there is.
 */

const namespaces = { '/chat': {} }

t.test(
  'what the broker drops before a node has read it is told to its clients, or they receive it elsewhere',
  async (t) => {
    const keeper = new LogKeeper()
    const one = await startSessionNode(t, keeper, { namespaces })
    const two = await startSessionNode(t, keeper, { namespaces })
    // A node reads the log of an address that is live on it.
    await hear(t, one)
    const here = await hear(t, two)
    const quietHere = await hear(t, two)
    const there = await hear(t, two)
    const quietThere = await hear(t, two)
    const clients = [here, quietHere, there, quietThere]
    for (const { socket } of [here, there]) two.app.io.of('/chat').sockets.get(String(socket.id))?.join('members')
    const chat = one.app.io.of('/chat')
    chat.emit('news', 1)
    await until(() => clients.every(({ events }) => events.length === 1))
    // It lags, with its connection.
    const { deliver } = two.connection
    two.connection.deliver = () => {}
    chat.emit('news', 2)
    await until(() => one.node.isIdle)
    two.connection.deliver = deliver
    for (const log of [0, 1]) keeper.logOf(log).trim(keeper.logOf(log).end)
    for (const { socket } of [there, quietThere]) move(socket, one)
    const back = Promise.all(clients.map(({ socket }) => next(socket, 'connect')))
    chat.to('members').emit('news', 3)
    await back
    t.strictSame(
      clients.map(({ socket }) => socket.recovered),
      [false, false, true, true],
    )
    await until(() => there.events.length === 3 && quietThere.events.length === 2)
    t.strictSame(there.events, [1, 2, 3])
    t.strictSame(quietThere.events, [1, 2])
    for (const { events } of [here, quietHere]) t.strictSame(events, [1], 'they know that something is missing')
  },
)

t.test('an offset that is further than the log is waited for once', async (t) => {
  const keeper = new LogKeeper()
  const one = await startSessionNode(t, keeper, { namespaces })
  const { socket } = await hear(t, one)
  await until(() => keeper.sessions.size === 1)
  Object.assign(socket, { _lastOffset: `${keeper.epoch}.99999999.0` })
  const log = one.node.logOf('/chat')
  let looks = 0
  t.intercept(log, 'offset', {
    get: () => {
      looks++
      return Reflect.get(Object.getPrototypeOf(log), 'offset', log)
    },
  })
  socket.io.engine.close()
  await next(socket, 'connect')
  t.notOk(socket.recovered)
  // Every 20 ms for five seconds: a busy machine looks less often, and never more.
  t.ok(looks > 1 && looks < 300, `it has looked ${looks} times`)
})
