import t, { type Test } from 'tap'
import { createCluster } from '../../cluster-harness.js'
import { build, heard, next, refusal, until } from '../../harness.js'

const news = { type: 'object', properties: { text: { type: 'string' } }, required: ['text'] }

/** Two nodes that receive from each other. One of them has room for one dynamic namespace. */
async function serveTwo(t: Test) {
  const adapter = createCluster()
  const namespaces = { '/': {}, '/orgs/:id': { emits: { news: { payload: news }, question: { reply: {} } } } }
  const options = { io: { adapter }, namespaces }
  const one = await build(t, { ...options, limits: { dynamicNamespaces: 1 } })
  const two = await build(t, options)
  const isOpen = (address: string) => one.io._nsps.has(address)
  const leave = async (socket: { disconnect(): unknown }, address: string) => {
    const [left] = one.io.of(address).sockets.values()
    const gone = left && heard(left, 'disconnect')
    socket.disconnect()
    await gone
  }
  return { one, two, isOpen, leave }
}

t.test('an empty namespace with a cluster adapter lingers, and is closed early when its place is needed', async (t) => {
  const { one, isOpen, leave } = await serveTwo(t)
  const root = await one.injectSocket('/')
  const first = await root.join('/orgs/1')
  const { adapter } = one.io.of('/orgs/1')
  await leave(first, '/orgs/1')
  await new Promise((resolve) => setImmediate(resolve))
  t.ok(isOpen('/orgs/1'))
  const again = await root.join('/orgs/1')
  t.equal(one.io.of('/orgs/1').adapter, adapter, 'a client that rejoins finds it open')
  t.match(await refusal(root.join('/orgs/2')), { data: { code: 'FST_NSP_CHILDREN_LIMIT' } })
  await leave(again, '/orgs/1')
  await root.join('/orgs/2')
  t.notOk(isOpen('/orgs/1'))
})

t.test('an address whose adapter has just been closed is not opened again until it has unsubscribed', async (t) => {
  const { one, two, isOpen, leave } = await serveTwo(t)
  const root = await one.injectSocket('/')
  await leave(await root.join('/orgs/1'), '/orgs/1')
  await leave(await root.join('/orgs/2'), '/orgs/2')
  t.notOk(isOpen('/orgs/1'))

  const there = await two.injectSocket('/orgs/1')
  there.on('question', (ack) => ack('there'))
  const org = one.namespaceOf('/orgs/:id', { id: 1 })
  const told = there.nextEvent('news')
  t.throws(() => org.emit('news', { x: 'no' }), { code: 'FST_NSP_EMIT_INVALID' }, 'it is checked at once')
  t.equal(org.emit('news', { text: 'later' }), true)
  const asked = org.ask('question')
  const fetched = org.fetchSockets()
  const joined = root.join('/orgs/1')
  t.notOk(isOpen('/orgs/1'), 'all of them wait')
  const gone = next(there, 'disconnect')

  t.strictSame(await told, { text: 'later' })
  t.strictSame([...(await asked).answers.values()], ['there'])
  t.equal((await fetched).length >= 1, true)
  t.ok((await joined).connected)
  org.disconnectSockets()
  await gone
})

t.test('a client that leaves while it waits for an address holds nothing', async (t) => {
  const { one, isOpen, leave } = await serveTwo(t)
  const root = await one.injectSocket('/')
  await leave(await root.join('/orgs/1'), '/orgs/1')
  await leave(await root.join('/orgs/2'), '/orgs/2')
  const other = await one.injectSocket('/')
  const joining = other.join('/orgs/1')
  joining.catch(() => {})
  await other.emitWithAck('nothing')
  await other.close()
  const again = await root.join('/orgs/1')
  await leave(again, '/orgs/1')
  await root.join('/orgs/2')
  t.notOk(isOpen('/orgs/1'))
})

t.test('disconnectSockets() for sockets on other nodes waits until the address can be opened here', async (t) => {
  const { one, two, leave } = await serveTwo(t)
  const root = await one.injectSocket('/')
  await leave(await root.join('/orgs/1'), '/orgs/1')
  await leave(await root.join('/orgs/2'), '/orgs/2')
  const there = await two.injectSocket('/orgs/1')
  const gone = next(there, 'disconnect')
  one.namespaceOf('/orgs/:id', { id: 1 }).disconnectSockets()
  await gone
  await until(() => !there.connected)
  t.notOk(there.connected)
})
