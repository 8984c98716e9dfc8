import t from 'tap'
import { until } from '../harness.js'
import { hear, startNode, startTwo } from './cluster.js'

const numbers = (events: readonly unknown[][]) => events.map(([, number]) => number)
const upTo = (count: number) => Array.from({ length: count }, (_, index) => index)

t.test('what was emitted while the broker was away arrives once and in order when it is back', async (t) => {
  const { one, two } = await startTwo(t)
  const here = await hear(one)
  const there = await hear(two)
  const chat = one.app.io.of('/chat')
  chat.emit('n', 0)
  one.connection.cut()
  for (const each of [1, 2, 3]) chat.emit('n', each)
  chat.volatile.emit('n', 'volatile')
  one.connection.restore()
  chat.emit('n', 4)
  await until(() => here.events.length === 5 && there.events.length === 5)
  t.strictSame(numbers(here.events), upTo(5))
  t.strictSame(numbers(there.events), upTo(5))
  t.match(
    one.lines.find(({ msg }) => msg === 'the connection to the broker was lost'),
    { broker: 'memory' },
  )
  one.connection.cut()
  one.connection.restore()
  const told = one.lines.filter(({ msg }) => /^the connection to the broker/.test(String(msg)))
  t.strictSame(
    told.map(({ msg }) => msg),
    ['the connection to the broker was lost', 'the connection to the broker is back'],
    'one pair a minute',
  )
})

t.test('what the broker has lost is appended again: who has read it drops it, who has not receives it', async (t) => {
  const { keeper, one, two } = await startTwo(t)
  const here = await hear(one)
  const there = await hear(two)
  const chat = one.app.io.of('/chat')
  const { epoch } = one.node
  chat.emit('n', 0)
  await until(() => here.events.length === 1 && there.events.length === 1)
  two.connection.cut()
  chat.emit('n', 1)
  await until(() => here.events.length === 2)
  one.connection.cut()
  for (const log of [0, 1]) keeper.logOf(log).rollBack()
  two.connection.restore()
  two.app.io.of('/chat').emit('n', 2)
  one.connection.restore()
  await until(() => here.events.length === 3 && there.events.length === 3)
  t.strictSame(numbers(here.events), [0, 1, 2])
  t.strictSame(numbers(there.events).sort(), [0, 1, 2])
  t.not(one.node.epoch, epoch)
  await until(() => one.node.epoch === two.node.epoch)
  chat.emit('n', 3)
  await until(() => here.events.length === 4 && there.events.length === 4)
})

t.test('sockets that have missed what is gone lose their connection, and come back', async (t) => {
  const { keeper, one, two } = await startTwo(t)
  const there = await hear(two)
  const gone = new Promise((resolve) => there.socket.once('disconnect', resolve))
  two.connection.cut()
  one.app.io.of('/chat').emit('n', 0)
  await until(() => one.node.isIdle)
  for (const log of [0, 1]) keeper.logOf(log).trim(keeper.logOf(log).end)
  two.connection.restore()
  t.equal(await gone, 'transport close')
  t.ok(two.lines.some(({ msg }) => msg === 'the broker has dropped what this node has not read'))
})

t.test('an emit throws FST_NSP_BROKER_BACKLOG when too much waits for the broker', async (t) => {
  const { one } = await startTwo(t, {}, { outboxBytes: 1_000 })
  one.connection.cut()
  const chat = one.app.io.of('/chat')
  chat.emit('n', 'x'.repeat(1_000))
  t.throws(() => chat.emit('n', 1), { code: 'FST_NSP_BROKER_BACKLOG' })
  one.connection.restore()
  await until(() => one.node.isIdle)
  chat.emit('n', 2)
})

t.test('what no node of this version writes is logged and dropped, and the rest is delivered', async (t) => {
  const { keeper, one } = await startTwo(t)
  const here = await hear(one)
  const { epoch } = one.node
  const head = '[["/chat"],[0]]'
  const hostile = [
    '',
    'x',
    `${epoch}\nx\n`,
    `${epoch}\n{}\n`,
    `${epoch}\n[[1],[]]\n`,
    `${epoch}\n[["/chat"],[7]]\n`,
    ...[
      'x',
      '[0]',
      '[0,"e"]',
      '[0,"e","x]",0,[],[]]',
      '[0,"e","2/chat,[x]",0,[1],[]]',
      '[0,"j",1]',
      '[0,"s",[1]]',
      '[7,"e"]',
      '[0,"s",["connection"]]',
    ].map((line) => `${epoch}\n${head}\n${line}`),
    `${epoch}\n${head}\n[0,"e","51-/chat,[\\"n\\",{\\"_placeholder\\":true,\\"num\\":0}]",0,[],[]]`,
    `${epoch}\n${head}\n[0,"e","2/chat,[\\"n\\",0]",0,[],[]]`,
  ]
  for (const log of [0, 1])
    for (const [index, body] of hostile.entries()) keeper.append(log, { node: 'evil', number: index + 1, body }, 60_000)
  await until(() => here.events.some(([, number]) => number === 0))
  for (const body of [
    '',
    '1',
    '[]',
    '[1,"hello"]',
    '["evil","request",null]',
    '["evil","answers",[1]]',
    '["evil","answer",[99,1]]',
    '["evil","hello",7]',
    '["evil","request",[1,"/chat","ask",{}]]',
    '["evil","request",[1,"/chat","what",{}]]',
  ])
    keeper.send(undefined, body)
  one.app.io.of('/chat').emit('n', 1)
  await until(() => here.events.some(([, number]) => number === 1))
  t.ok(one.lines.some(({ msg }) => msg === 'an entry of the log was dropped'))
  t.ok(one.lines.some(({ msg }) => msg === 'an item of the log was dropped'))
  t.ok(one.lines.some(({ msg }) => msg === 'a message of another node was dropped'))
})

t.test('what waits for a log that nobody follows goes out when the broker is back', async (t) => {
  const { one } = await startTwo(t, {}, { logs: 16 })
  const addresses = Array.from({ length: 100 }, (_, index) => `/nobody/${index}`)
  const unfollowed = addresses.find((address) => !one.node.logOf(address).following.followed)
  one.connection.cut()
  one.node.post(String(unfollowed), ['e', '2["n"]', 0, [], []], true)
  t.notOk(one.node.isIdle)
  one.connection.restore()
  await until(() => one.node.isIdle)
})

t.test('what has waited is appended once, however many logs are followed', async (t) => {
  const { keeper, one } = await startTwo(t)
  const here = await hear(one)
  const others = Array.from({ length: 100 }, (_, index) => `/other/${index}`)
  one.app.io.of(String(others.find((address) => one.node.logOf(address) !== one.node.logOf('/chat'))))
  await one.node.settled()
  const entries = () => [0, 1].reduce((sum, log) => sum + Number(keeper.logOf(log).end), 0)
  one.connection.cut()
  one.app.io.of('/chat').emit('n', 0)
  const before = entries()
  // At the end of this tick the entry goes out, if there is a connection.
  await new Promise(setImmediate)
  one.connection.restore()
  await until(() => here.events.length === 1 && one.node.isIdle)
  t.equal(entries() - before, 1)
})

t.test('what is appended again is not for the clients of a node that began to read later', async (t) => {
  const { keeper, one, two } = await startTwo(t)
  const here = await hear(one)
  one.app.io.of('/chat').emit('n', 0)
  await until(() => here.events.length === 1 && one.node.isIdle)
  const late = await startNode(t, keeper)
  const there = await hear(late)
  const nodes = [one, two, late]
  for (const { connection } of nodes) connection.cut()
  for (const log of [0, 1]) keeper.logOf(log).rollBack()
  for (const { connection } of nodes) connection.restore()
  await until(() => new Set(nodes.map(({ node }) => node.epoch)).size === 1)
  one.app.io.of('/chat').emit('n', 1)
  await until(() => there.events.length > 0 && here.events.length === 2)
  t.strictSame(numbers(there.events), [1])
  t.strictSame(numbers(here.events), [0, 1])
})

t.test('a log that has lost nothing continues under the new epoch', async (t) => {
  const { keeper, one, two } = await startTwo(t)
  const here = await hear(one)
  const there = await hear(two)
  const chat = one.app.io.of('/chat')
  chat.emit('n', 0)
  await until(() => there.events.length === 1)
  const { offset } = two.node.logOf('/chat')
  keeper.renewEpoch(one.node.epoch)
  chat.emit('n', 1)
  // Another node has learnt of it first.
  const body = `${keeper.epoch}\n[["/chat"],[0]]\n[0,"e","2/chat,[\\"n\\",2]",0,[],[]]`
  await until(() => there.events.length === 2)
  for (const log of [0, 1]) keeper.append(log, { node: 'other', number: 1, body }, 60_000)
  await until(() => here.events.length === 3 && there.events.length === 3)
  await until(() => [one, two].every(({ node }) => node.epoch === keeper.epoch))
  chat.emit('n', 3)
  await until(() => here.events.length === 4 && there.events.length === 4)
  t.strictSame(numbers(there.events), upTo(4))
  t.not(offset.split('.')[0], keeper.epoch)
  t.equal(two.node.logOf('/chat').offset.split('.')[0], keeper.epoch)
})
