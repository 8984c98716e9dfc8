import { mock } from 'node:test'
import t, { type Test } from 'tap'
import { KeeperConnection } from '../../../../plugin/adapters/cluster/keeper-connection.js'
import { LogKeeper } from '../../../../plugin/adapters/cluster/log-keeper.js'
import { emitFields, type LogItem } from '../../../../plugin/adapters/log/log-item.js'
import { until } from '../../harness.js'
import { startReadingNode } from './reading-node.js'

/** A node without a Socket.IO server, which reads `/chat`. */
async function startReader(t: Test, connection = new KeeperConnection(new LogKeeper(), 'reader', 60_000)) {
  const texts: string[] = []
  let closed = 0
  const receiver = {
    receive(item: LogItem) {
      if (item.kind !== 'emit') throw new Error('It is for emits only')
      texts.push(item.text)
    },
    answer: () => undefined,
    closeConnections: () => void closed++,
  }
  const { node, lines, detach, log } = await startReadingNode(t, connection, receiver)
  const emit = (text: string) => node.post('/chat', emitFields([text], { rooms: new Set() }), true)
  return { node, connection, texts, lines, detach, emit, closed: () => closed, log }
}

t.test('a log is followed for a while after its last address has gone, and then nothing of it is read', async (t) => {
  const { node, log, texts, detach, emit } = await startReader(t)
  emit('2["one"]')
  await until(() => texts.length === 1)
  const run: string[] = []
  log.whenSeen('other', 1, () => run.push('waits'))
  mock.timers.enable({ apis: ['setTimeout'] })
  detach()
  mock.timers.tick(29_000)
  t.strictSame(run, [])
  mock.timers.tick(1_000)
  mock.timers.reset()
  t.strictSame(run, ['waits'], 'nothing waits for a log that is not read')
  emit('2["two"]')
  await until(() => node.isIdle)
  log.receive({ node: 'other', number: 1, position: '2', body: 'late' })
  t.strictSame(texts, ['2["one"]'])
})

t.test('what can not be carried out is reported, and the next one is', async (t) => {
  const { node, texts, lines, emit } = await startReader(t)
  node.post('/chat', ['s', ['event']], false)
  emit('2["one"]')
  await until(() => texts.length === 1)
  t.ok(lines.some(({ msg }) => msg === 'an item of the log was dropped'))
})

t.test('a broker that loses something twice is read from its last start', async (t) => {
  const { log, texts, emit, closed } = await startReader(t)
  emit('2["one"]')
  await until(() => texts.length === 1)
  log.resumed('rolled back')
  log.resumed('rolled back')
  emit('2["two"]')
  await until(() => texts.length === 2)
  log.resumed('trimmed')
  t.equal(closed(), 1)
})

t.test('an entry that the broker has refused is appended again', async (t) => {
  class Refusing extends KeeperConnection {
    refusals = 2
    override append(...args: Parameters<KeeperConnection['append']>) {
      return this.refusals-- > 0 ? Promise.reject(new Error('refused')) : super.append(...args)
    }
  }
  const { texts, emit } = await startReader(t, new Refusing(new LogKeeper(), 'refused', 60_000))
  emit('2["one"]')
  await until(() => texts.length === 1)
  emit('2["two"]')
  await until(() => texts.length === 2)
})

t.test('a log whose epoch is not told is followed again, and its entries wait for an unknown one', async (t) => {
  class Silent extends KeeperConnection {
    failures = 0
    override epoch() {
      return this.failures-- > 0 ? Promise.reject(new Error('silent')) : super.epoch()
    }
    override renewEpoch(old: string) {
      return this.failures-- > 0 ? Promise.reject(new Error('silent')) : super.renewEpoch(old)
    }
  }
  const keeper = new LogKeeper()
  const connection = new Silent(keeper, 'silent', 60_000)
  const { node, texts, log, emit } = await startReader(t, connection)
  keeper.renewEpoch(node.epoch)
  connection.failures = 1
  const body = `${keeper.epoch}\n[["/chat"],[0]]\n[0,"e","2[\\"n\\"]",0,[],[]]`
  keeper.append(0, { node: 'other', number: 1, body }, 60_000)
  await until(() => texts.length === 1)
  t.equal(node.epoch, keeper.epoch)
  connection.failures = 1
  log.resumed('rolled back')
  emit('2["later"]')
  await until(() => texts.length === 2)
})
