import t from 'tap'
import { LogKeeper } from '../../../../plugin/adapters/cluster/log-keeper.js'
import { until } from '../../harness.js'
import { hear, startSessionNode } from './session-cluster.js'

/*
 * Emits in a log that no node has written so, in entries that are whole.
 */

const namespaces = { '/chat': {} }

t.test('an emit that no client can read costs a connection once: the client is recovered without it', async (t) => {
  const keeper = new LogKeeper()
  const one = await startSessionNode(t, keeper, { namespaces })
  const { socket, events } = await hear(t, one)
  const reasons: string[] = []
  socket.on('disconnect', (reason) => void reasons.push(reason))
  const chat = one.app.io.of('/chat')
  chat.emit('news', 1)
  await until(() => events.length === 1)
  const append = (number: number, text: string) => {
    const body = `${keeper.epoch}\n[["/chat"],[0]]\n${JSON.stringify([0, 'e', text, 0, [], []])}`
    for (const log of [0, 1]) keeper.append(log, { node: 'evil', number, body }, 60_000)
  }
  append(1, '2/other,["news","of another namespace"]')
  append(2, '2/chat,["news",2]')
  await until(() => events.length === 2)
  append(3, '2/chat,["news",not json]')
  append(4, '2/chat,["news",4]')
  await until(() => events.length === 3)
  t.ok(socket.recovered)
  t.strictSame(events, [1, 2, 4])
  t.strictSame(reasons, ['parse error'])
  const dropped = one.lines.map(({ msg }) => String(msg)).filter((msg) => msg.endsWith('dropped'))
  t.strictSame(dropped, ['an item of the log was dropped', 'an emit that no client can read was dropped'])
})
