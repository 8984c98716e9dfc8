import t, { type Test } from 'tap'
import { KeeperConnection } from '../../../../plugin/adapters/cluster/keeper-connection.js'
import { LogKeeper } from '../../../../plugin/adapters/cluster/log-keeper.js'
import { NodeMessages } from '../../../../plugin/adapters/nodes/node-messages.js'
import type { LiveSession } from '../../../../plugin/adapters/sessions/live-sessions.js'
import { NodeSessions } from '../../../../plugin/adapters/sessions/node-sessions.js'
import type { SessionRecord } from '../../../../plugin/adapters/sessions/session-record.js'
import { until } from '../../harness.js'

/*
 * Who gets a session that two nodes want.
 */

const CHAT = '/chat'
const ADA = 'user ada'

function recordOf(node: string, owner = ADA): SessionRecord {
  const places = { since: 'e.1.0', sent: '', read: 'e.2.0' }
  return { pid: 'pid', sid: 'sid', address: CHAT, owner, node, ...places, rooms: new Map(), data: {} }
}

/** Two nodes that know each other. `messages` of each are those that a node sends. */
async function startTwo(t: Test) {
  const keeper = new LogKeeper()
  const reported: string[] = []
  const report = (_error: unknown, what: string) => void reported.push(what)
  const inboxes = new Map<string | undefined, NodeMessages>()
  const start = async (id: string, other: string) => {
    const send = (to: string | undefined, body: string) => void setImmediate(() => inboxes.get(to)?.receive(body))
    const messages = new NodeMessages({ node: id, send, report })
    inboxes.set(id, messages)
    const broker = new KeeperConnection(keeper, id, 60_000)
    await broker.open({ receiveEntry() {}, receiveMessage() {}, lost() {}, connected() {}, resumed() {} })
    const node = { id, epoch: 'e', isConnected: true, alive: [other], messages, requestTimeoutMs: 100, report }
    const sessions = new NodeSessions({ node, broker, waitMs: 60_000, pingMs: 0 })
    t.teardown(() => sessions.close())
    return { node, sessions, messages, broker }
  }
  const [one, two] = [await start('one', 'two'), await start('two', 'one')]
  const put = (record: SessionRecord) => one.sessions.persist(record)
  return { keeper, one, two, put, reported }
}

function liveOf(owner: string, sever = () => {}): LiveSession {
  return { pid: 'pid', address: CHAT, owner, data: {}, record: undefined, sever }
}

t.test('a socket of another owner keeps its session', async (t) => {
  const { one, two, put, keeper } = await startTwo(t)
  put(recordOf('two'))
  two.sessions.enter(liveOf('user cleo', () => t.fail('it stays connected')))
  t.equal(await one.sessions.claim(CHAT, 'pid', ADA, () => {}), undefined)
  await until(() => keeper.sessions.size === 0)
})

t.test('a socket that can not be recovered yet is ended, and its client joins anew', async (t) => {
  const { one, two, put } = await startTwo(t)
  put(recordOf('two'))
  let severed = 0
  two.sessions.enter(liveOf(ADA, () => severed++))
  t.equal(await one.sessions.claim(CHAT, 'pid', ADA, () => {}), undefined)
  t.equal(severed, 1)
})

t.test('a join that has claimed a session loses it to a later join on another node', async (t) => {
  const { one, two, put } = await startTwo(t)
  put(recordOf('three'))
  let severed = 0
  const first = await two.sessions.claim(CHAT, 'pid', ADA, () => severed++)
  t.ok(first)
  const later = await one.sessions.claim(CHAT, 'pid', ADA, () => {})
  t.ok(later)
  t.equal(severed, 1)
  first?.end()
  t.equal(one.sessions.claimed('pid')?.node, 'one')
  later?.end()
  t.equal(one.sessions.claimed('pid'), undefined)
})

t.test('a claim that another join of this node has replaced ends nothing', async (t) => {
  const { one, put } = await startTwo(t)
  put(recordOf('one'))
  const first = await one.sessions.claim(CHAT, 'pid', ADA, () => {})
  const second = await one.sessions.claim(CHAT, 'pid', ADA, () => {})
  first?.end()
  t.ok(one.sessions.claimed('pid'))
  second?.end()
  t.notOk(one.sessions.claimed('pid'))
})

t.test('a claim that is replaced while the former node is asked gets nothing', async (t) => {
  const { one, put } = await startTwo(t)
  put(recordOf('two'))
  const first = one.sessions.claim(CHAT, 'pid', ADA, () => {})
  await until(() => one.sessions.claimed('pid') !== undefined)
  t.ok(await one.sessions.claim(CHAT, 'pid', ADA, () => {}))
  t.equal(await first, undefined)
})

t.test('the sessions of a user that was disconnected are not given to its next join', async (t) => {
  const { one, two, put } = await startTwo(t)
  put(recordOf('one'))
  two.sessions.revoke(ADA)
  t.equal(await one.sessions.claim(CHAT, 'pid', ADA, () => {}), undefined)
})

t.test('whoever asks for the session of somebody else does not keep its owner from it', async (t) => {
  const { one, two, put } = await startTwo(t)
  put(recordOf('one'))
  const claims = [
    two.sessions.claim(CHAT, 'pid', 'somebody else', () => {}),
    two.sessions.claim('/another', 'pid', ADA, () => {}),
    one.sessions.claim(CHAT, 'pid', ADA, () => {}),
  ]
  const [another, elsewhere, own] = await Promise.all(claims)
  t.strictSame([another, elsewhere], [undefined, undefined])
  t.ok(own)
})

t.test('a socket that can not be recovered leaves no session to whoever takes its place', async (t) => {
  const { one, keeper } = await startTwo(t)
  one.sessions.enter({ ...liveOf(ADA), record: recordOf('one'), sever: () => one.sessions.leave('pid') })
  await until(() => keeper.sessions.size === 1)
  t.equal(await one.sessions.claim(CHAT, 'pid', ADA, () => {}), undefined)
  await until(() => keeper.sessions.size === 0)
})

t.test('a session that the broker has dropped by itself is written again', async (t) => {
  const { one, keeper } = await startTwo(t)
  one.sessions.enter({ ...liveOf(ADA), record: recordOf('one') })
  await until(() => keeper.sessions.size === 1)
  one.sessions.sweep()
  await new Promise(setImmediate)
  keeper.sessions.take('pid')
  one.sessions.touch('pid')
  await until(() => {
    one.sessions.sweep()
    return keeper.sessions.size === 1
  })
})

t.test('a node that does not answer, dies or says nonsense does not hold a session back', async (t) => {
  const { one, two, put, reported } = await startTwo(t)
  two.messages.close()
  put(recordOf('two'))
  const silent = one.sessions.claim(CHAT, 'pid', ADA, () => {})
  for (const answer of ['nonsense', [99, 'of nobody'], [1, 7]]) two.messages.send('one', 'taken over', answer)
  t.ok(await silent, 'it said a number')
  ;(await silent)?.end()
  put(recordOf('two'))
  const late = await one.sessions.claim(CHAT, 'pid', ADA, () => {})
  t.ok(late, 'it said nothing in time')
  late?.end()
  put(recordOf('two'))
  const waiting = one.sessions.claim(CHAT, 'pid', ADA, () => {})
  await until(() => one.sessions.claimed('pid') !== undefined)
  one.messages.lose('three')
  one.messages.lose('two')
  t.ok(await waiting, 'it has died')
  for (const nonsense of ['nonsense', [1, 7, ADA], [1, 'pid', null]]) two.messages.send('one', 'takeover', nonsense)
  await until(() => reported.length === 3)
  t.strictSame([...new Set(reported)], ['a message of another node was dropped'])
})

t.test('a node is asked for a session that waits for the broker there, and gives it up', async (t) => {
  const { one, two, put } = await startTwo(t)
  put(recordOf('two'))
  two.broker.cut()
  two.sessions.persist(recordOf('two'))
  t.equal(two.sessions.size.unwritten, 1)
  t.ok(await one.sessions.claim(CHAT, 'pid', ADA, () => {}))
  t.equal(two.sessions.size.unwritten, 0)
})

t.test('a broker that has lost its data gets the sessions again', async (t) => {
  const { one, keeper } = await startTwo(t)
  const record = recordOf('one')
  one.sessions.enter({ ...liveOf(ADA), record })
  await until(() => keeper.sessions.size === 1)
  keeper.sessions.take('pid')
  one.sessions.sweep()
  await new Promise(setImmediate)
  t.equal(keeper.sessions.size, keeper.sessions.read('pid') ? 1 : 0)
  Object.assign(one.node, { epoch: 'another' })
  one.sessions.sweep()
  await until(() => keeper.sessions.size === 1)
})
