import t from 'tap'
import { ClusterAnswers } from '../../../../plugin/adapters/nodes/cluster-answers.js'
import { ClusterRequests } from '../../../../plugin/adapters/nodes/cluster-requests.js'
import { ClusterMembers } from '../../../../plugin/adapters/nodes/membership.js'
import { NodeEpoch } from '../../../../plugin/adapters/nodes/node-epoch.js'
import { NodeMessages } from '../../../../plugin/adapters/nodes/node-messages.js'
import { createReport } from '../../../../plugin/adapters/nodes/node-report.js'

/*
 * What a node knows of the others, and asks them, without a broker.
 */

const report = () => {}

function createRequests(alive: string[]) {
  const messages = new NodeMessages({ node: 'own', send: () => {}, report })
  const options = { messages, isConnected: () => true, alive: () => alive, timeoutMs: 10_000, answer: () => 1, report }
  return { messages, requests: new ClusterRequests(options) }
}

t.test('a node that closes waits for no answer, and a node that was not asked can die', async (t) => {
  const { messages, requests } = createRequests(['one', 'two'])
  const outcome = requests.ask('/chat', 'fetch', null)
  messages.lose('a stranger')
  messages.lose('one')
  requests.close()
  t.strictSame((await outcome).missing, ['one', 'two'])
})

t.test('the answers of one tick to one broadcast are one message', async (t) => {
  const sent: string[] = []
  const messages = new NodeMessages({ node: 'own', send: (_to, body) => sent.push(body), report })
  const answers = new ClusterAnswers(messages)
  answers.send('other', 1, ['one'])
  answers.send('other', 1, ['two'])
  answers.send('other', 2, ['three'])
  await new Promise(setImmediate)
  t.strictSame(
    sent.map((body) => JSON.parse(body)[2]),
    [
      [1, [['one'], ['two']]],
      [2, [['three']]],
    ],
  )
})

t.test('a node is dead after six seconds of silence, unless this one has slept itself', async (t) => {
  const clock = { now: 0 }
  const lost: string[] = []
  const members = new ClusterMembers({ sayHello: () => {}, onLost: (node) => lost.push(node), now: () => clock.now })
  members.open()
  t.ok(members.hear('one'))
  t.ok(members.isAlive('one'))
  clock.now = 10_000
  members.check()
  t.strictSame(lost, [])
  clock.now = 12_000
  members.check()
  t.strictSame(lost, ['one'])
  members.close()
})

t.test('more nodes than a cluster has are not known', async (t) => {
  const members = new ClusterMembers({ sayHello: () => {}, onLost: () => {}, now: () => 0 })
  for (let node = 0; node < 1_024; node++) members.hear(`node ${node}`)
  t.notOk(members.hear('one more'))
  t.equal(members.alive.length, 1_024)
})

t.test('of any number of unknown epochs, the broker is asked once for each', async (t) => {
  let asked = 0
  const epoch = new NodeEpoch(
    { epoch: async () => `${++asked && 'current'}`, renewEpoch: async (old) => old },
    () => {},
  )
  await epoch.open(() => false)
  for (let round = 0; round < 101; round++) await epoch.hear(`unknown ${round}`)
  t.equal(asked, 102)
  t.equal(epoch.hear('unknown 100'), undefined)
  t.equal(epoch.value, 'current')
})

t.test('an epoch that was told before another one was made is not believed', async (t) => {
  const answers: ((epoch: string) => void)[] = []
  const changes: string[] = []
  const epoch = new NodeEpoch(
    { epoch: () => new Promise((resolve) => answers.push(resolve)), renewEpoch: async () => 'new' },
    (value) => changes.push(value),
  )
  const opened = epoch.open(() => false)
  answers.pop()?.('old')
  await opened
  const asked = epoch.ask()
  await epoch.renew()
  answers.pop()?.('old')
  await asked
  t.equal(epoch.value, 'new')
  t.strictSame(changes, ['new'])
})

t.test('a node that was closed asks for no epoch', async (t) => {
  const epoch = new NodeEpoch(
    { epoch: () => Promise.reject(new Error('closed')), renewEpoch: async (old) => old },
    () => {},
  )
  const opened = epoch.open(() => true)
  epoch.close()
  await t.rejects(opened, { message: 'closed' })
  await t.rejects(
    epoch.open(() => true),
    { message: 'The node was closed' },
  )
})

t.test('each kind of report is logged once a minute, of as many kinds as there may be', async (t) => {
  const lines: string[] = []
  const log = new Proxy({}, { get: () => (_fields: object, line: string) => lines.push(line) }) as never
  const clock = { now: 0 }
  const tell = createReport(log, 'memory', () => clock.now)
  for (const _ of [1, 2]) tell(undefined, 'dropped')
  // The messages of its errors have what was received.
  for (const text of ['a', 'b']) tell(new SyntaxError(text), 'unreadable')
  t.equal(lines.pop(), 'unreadable')
  t.equal(lines.length, 1)
  for (let kind = 0; kind < 100; kind++) tell(undefined, `kind ${kind}`)
  tell(undefined, 'dropped')
  t.equal(lines.length, 102)
})
