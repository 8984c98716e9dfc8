import { setTimeout as wait } from 'node:timers/promises'
import { Server } from 'socket.io'
import t from 'tap'
import { startRedis } from '../../../cluster/redis.js'
import { until } from '../../harness.js'
import { ADAPTERS, connectRedis, skip, startNode } from './redis-nodes.js'

/** Uncaught errors: each of them would have ended the process. */
const uncaught: unknown[] = []
process.on('unhandledRejection', (error) => uncaught.push(error))
t.afterEach(() => {
  // The adapter of streams lets a promise of its client float when that is destroyed, or was.
  const isOfTheEnd = (error: unknown) => /Disconnects client|The client is closed/.test(String(error))
  for (const error of uncaught.splice(0)) if (!isOfTheEnd(error)) throw error
})

for (const kind of ['redis', 'sharded', 'streams'] as const) {
  t.test(
    `${kind}: an address that is not live here is reached on the other node, and not made`,
    { skip },
    async (t) => {
      const path = await startRedis(t)
      const one = await startNode(t, await ADAPTERS[kind](t, path))
      const two = await startNode(t, await ADAPTERS[kind](t, path))
      const [ann, bob] = [await two.hear('/orgs/7'), await two.hear('/orgs/7')]
      const [annThere, bobThere] = [...two.app.io.of('/orgs/7').sockets.values()]
      annThere?.join('first')
      Object.assign(annThere?.data ?? {}, { name: 'ann', bytes: Buffer.from('raw') })
      Object.assign(bobThere?.data ?? {}, { n: 1n })
      const org = one.app.namespaceOf('/orgs/:id', { id: '7' })
      while (!ann.heard.includes('first')) {
        org.emit('news', { text: 'first' })
        await wait(10)
      }
      org.to('first').emit('news', { text: 'to' })
      org.except('first').emit('news', { text: 'except' })
      org.local.emit('news', { text: 'local' })
      org.emit('news', { text: Buffer.from([1, 2]) })
      org.emit('news', { text: 'last' })
      await until(() => ann.heard.includes('last') && bob.heard.includes('last'))
      const rest = (heard: unknown[]) => heard.filter((text) => text !== 'first')
      t.strictSame(rest(ann.heard), ['to', Buffer.from([1, 2]), 'last'])
      t.strictSame(rest(bob.heard), ['except', Buffer.from([1, 2]), 'last'])

      while (!ann.heard.includes('volatile')) {
        org.volatile.compress(false).emit('news', { text: 'volatile' })
        await wait(10)
      }
      t.throws(() => org.emit('news', {} as never), { code: 'FST_NSP_EMIT_INVALID' })
      t.throws(() => org.emit('any', 1n), { code: 'FST_NSP_EMIT_INVALID' })
      t.throws(() => org.emit('nope'), { code: 'FST_NSP_EMIT_UNKNOWN' })
      await t.rejects(org.ask('question', 'no'), { code: 'FST_NSP_EMIT_INVALID' })
      const { answers, missing } = await org.ask('question', 7)
      t.strictSame([[...answers.values()], missing], [['heard 7', 'heard 7'], []])
      t.strictSame(await org.timeout(60_000).emitWithAck('question', 8), ['heard 8', 'heard 8'])
      t.strictSame(await org.local.timeout(60_000).emitWithAck('question', 8), [])

      const found = await org.fetchSockets()
      const sockets = Object.fromEntries(found.map((socket) => [socket.id, socket]))
      const [her, his] = [sockets[String(annThere?.id)], sockets[String(bobThere?.id)]]
      t.strictSame(her?.data, { name: 'ann', bytes: Buffer.from('raw') })
      t.equal(his?.data, undefined, 'JSON has no bigint')
      t.ok(her?.rooms.has('first'))
      t.match(her?.handshake, { headers: {}, auth: {}, query: {}, url: '/socket.io/' })
      t.strictSame(await org.local.fetchSockets(), [])
      his?.join('second')
      her?.leave('first')
      await until(() => bobThere?.rooms.has('second') === true && annThere?.rooms.has('first') === false)
      t.throws(() => her?.emit('news', {} as never), { code: 'FST_NSP_EMIT_INVALID' })
      her?.emit('news', { text: 'hers' })
      await until(() => ann.heard.includes('hers'))
      ann.socket.off('question')
      t.match(await org.ask('question', 9, { timeoutMs: 1_500 }), { missing: [annThere?.id] }, 'who has not answered')
      t.strictSame(
        await org
          .timeout(50)
          .emitWithAck('question', 9)
          .catch(({ code, responses }) => [code, responses]),
        ['FST_NSP_ANSWER_TIMEOUT', []],
      )
      org.local.disconnectSockets()
      org.disconnectSockets()
      await until(() => !ann.socket.connected && !bob.socket.connected)
      t.notOk(one.app.io._nsps.has('/orgs/7'))
    },
  )

  t.test(`${kind}: a namespace that is live on both nodes: fetched sockets, and who answers`, { skip }, async (t) => {
    const path = await startRedis(t)
    const one = await startNode(t, await ADAPTERS[kind](t, path), { connectionStateRecovery: {} })
    const two = await startNode(t, await ADAPTERS[kind](t, path), { connectionStateRecovery: {} })
    const [here, there] = [await one.hear('/room'), await two.hear('/room')]
    while (there.heard.length === 0) {
      one.app.io.of('/room').emit('news', { text: 'first' })
      await wait(10)
    }
    const seen: unknown[][] = []
    for (const { socket } of [here, there])
      socket.onAny((...args) => seen.push(args.filter((arg) => typeof arg !== 'function')))
    const { answers, missing } = await one.app.namespaceOf('/room').ask('question', 1)
    t.strictSame([[...answers.values()], missing], [['heard 1', 'heard 1'], []])
    const questions = seen.filter(([event]) => event === 'question')
    t.strictSame(questions, Array(2).fill(['question', 1]), 'nothing of ours is sent to clients')
    t.equal((await one.app.io.of('/room').fetchSockets()).length, 2)
    t.equal((await one.app.io.of('/room').local.fetchSockets()).length, 1)
    t.strictSame(await one.app.io.of('/room').local.timeout(60_000).emitWithAck('question', 2), ['heard 2'])
  })
}

t.test('1,000 emits to addresses with nobody there leave no channel and no namespace', { skip }, async (t) => {
  const path = await startRedis(t)
  const one = await startNode(t, await ADAPTERS.redis(t, path))
  const alone = await startNode(t, undefined)
  const redis = await connectRedis(t, path)
  const channels = async () => [...(await redis.pubSubChannels())].length
  const before = await channels()
  const namespaces = one.app.io._nsps.size
  for (const { app } of [one, alone]) {
    for (let id = 0; id < 1_000; id++) app.namespaceOf('/orgs/:id', { id: String(id) }).emit('news', { text: 'hi' })
    t.equal(app.io._nsps.size, namespaces)
    t.strictSame(await app.namespaceOf('/orgs/:id', { id: '1' }).ask('question', 1), {
      answers: new Map(),
      missing: [],
    })
    t.strictSame(await app.namespaceOf('/orgs/:id', { id: '1' }).timeout(500).emitWithAck('question', 1), [])
    t.strictSame(await app.namespaceOf('/orgs/:id', { id: '1' }).fetchSockets(), [])
    app.namespaceOf('/orgs/:id', { id: '1' }).disconnectSockets()
  }
  t.equal(await channels(), before)
})

t.test('a node that does not answer is left out, and the log says so', { skip }, async (t) => {
  const path = await startRedis(t)
  const one = await startNode(t, await ADAPTERS.redis(t, path))
  const two = await startNode(t, await ADAPTERS.redis(t, path))
  await two.hear('/orgs/7')
  // A server without the plugin answers none of its messages.
  const silent = new Server({ adapter: (await ADAPTERS.redis(t, path)) as never })
  silent.of('/room')
  await until(() => one.app.io.of('/').adapter !== undefined)
  while ((await one.app.io.of('/').adapter.serverCount()) < 3) await wait(10)
  const { answers } = await one.app.namespaceOf('/orgs/:id', { id: '7' }).ask('question', 1)
  t.strictSame([...answers.values()], ['heard 1'])
  t.match(
    one.lines.filter(({ level }) => level === 40),
    [{ msg: 'not all nodes have answered: they are left out', asked: 2, answered: 1, silent: [] }],
  )
})

t.test('what a stranger says between nodes is logged and dropped', { skip }, async (t) => {
  const path = await startRedis(t)
  const adapter = await ADAPTERS.redis(t, path)
  const one = await startNode(t, adapter)
  const stranger = new Server({ adapter: (await ADAPTERS.redis(t, path)) as never })
  const say = (...args: unknown[]) => stranger.serverSideEmit('fastify-namespaces:node', ...args)
  const { socket, heard } = await one.hear('/room')
  const target = ['/room', [], [], {}]
  const complaints = () => one.lines.filter(({ level }) => Number(level) >= 50).length
  while (complaints() === 0) {
    say(7)
    await wait(10)
  }
  say('x'.repeat(300), null, 'request', [])
  for (let number = 0; number < 300; number++) say(`node ${number}`, null, 'nothing', [])
  for (const request of [
    null,
    [],
    [null, 'nothing', []],
    ['id', 'emit', []],
    ['id', 'emit', [target]],
    ['id', 'emit', [target, ['2["",7]']]],
  ]) {
    say('stranger', null, 'request', request)
  }
  say('stranger', null, 'answer', null)
  say('stranger', null, 'answer', ['unknown', 1])
  say('stranger', 'another node', 'request', [null, 'disconnect', [target, true]])
  say('stranger', null, 'request', [null, 'emit', [target, ['2["","news",{"text":"last"}]']]])
  await until(() => heard.includes('last'))
  t.ok(socket.connected)
})

t.test('without its broker a node fetches its own sockets', { skip }, async (t) => {
  const path = await startRedis(t)
  const clients = [await connectRedis(t, path), await connectRedis(t, path)] as const
  const { createAdapter } = await import('@socket.io/redis-adapter')
  const one = await startNode(t, createAdapter(...clients))
  await one.hear('/room')
  for (const client of clients) client.destroy()
  t.equal((await one.app.namespaceOf('/room').fetchSockets()).length, 1)
})
