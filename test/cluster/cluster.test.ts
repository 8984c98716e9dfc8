import { setTimeout as wait } from 'node:timers/promises'
import { createClient } from 'redis'
import { Manager, type Socket } from 'socket.io-client'
import t, { type Test } from 'tap'
import { join, next, until } from '../plugin/harness.js'
import { type Kind, type Node, startNode } from './nodes.js'
import { hasRedis, startRedis } from './redis.js'

/*
 * Two nodes and a real broker. A node checks what it emits, and not what it receives from the other node.
 */

t.setTimeout(180_000)

const KINDS: readonly Kind[] = ['redis', 'ioredis', 'streams', 'cluster']

/** Connects a client and collects the `news` that it receives. */
async function hear(t: Test, { url }: Node, name: string, user = ''): Promise<{ socket: Socket; news: unknown[] }> {
  const news: unknown[] = []
  const socket = join(t, url, name, { transports: ['websocket'], query: { user } })
  socket.on('news', (payload) => news.push(payload))
  await next(socket, 'connect')
  return { socket, news }
}

/** Starts two nodes. `requires` is the field that the emits of each node require. */
async function startTwo(t: Test, adapter: Kind, requires: readonly [string, string] = ['text', 'text']) {
  const redis = adapter === 'cluster' ? '' : await startRedis(t)
  const options = requires.map((field) => ({ adapter, redis, requires: field }))
  const [one, two] = (await Promise.all(options.map((each) => startNode(t, each)))) as [Node, Node]
  return { one, two, redis }
}

/**
 * Waits until the broker is ready: both clients receive what each node emits.
 *
 * @param fields - the field that the emits of each node require
 */
async function settle(nodes: readonly Node[], heard: readonly unknown[][], fields = ['text', 'text']): Promise<void> {
  for (const [index, node] of nodes.entries()) {
    const say = (text: string) => node.call('emit', '/room', 'news', { [fields[index] as string]: text })
    const isHeard = (text: string) => heard.every((news) => JSON.stringify(news).includes(`"${text}"`))
    while (!isHeard(`begin ${index}`)) {
      await say(`begin ${index}`)
      await wait(20)
    }
    // The emits of one node arrive in order, and this is the last one.
    await say(`end ${index}`)
    await until(() => isHeard(`end ${index}`))
  }
  for (const news of heard) news.length = 0
}

const isRedisThere = await hasRedis()

for (const kind of KINDS) {
  const options = { skip: kind !== 'cluster' && !isRedisThere && 'there is no redis-server' }

  t.test(`${kind}: an invalid emit throws at its caller, and no node receives it`, options, async (t) => {
    const { one, two } = await startTwo(t, kind)
    const [here, there] = [await hear(t, one, '/room'), await hear(t, two, '/room')]
    there.socket.on('question', (_payload, ack) => ack('there'))
    here.socket.on('question', (_payload, ack) => ack('here'))
    await settle([one, two], [here.news, there.news])

    t.strictSame(await one.call('emit', '/room', 'news', { x: 'no' }), { threw: 'FST_NSP_EMIT_INVALID' })
    t.strictSame(await one.call('emit', '/room', 'nope', 1), { threw: 'FST_NSP_EMIT_UNKNOWN' })
    t.strictSame(await one.call('emitWithAck', '/room', 'question', 'no'), { threw: 'FST_NSP_EMIT_INVALID' })
    t.strictSame(await one.call('ask', '/room', 'question', 'no'), { threw: 'FST_NSP_EMIT_INVALID' })
    t.strictSame(await one.call('emitBigInt', '/room'), { threw: 'FST_NSP_EMIT_INVALID' })
    const { result } = await one.call('emitWithAck', '/room', 'question', 1)
    t.strictSame((result as string[]).sort(), ['here', 'there'])
    const asked = (await one.call('ask', '/room', 'question', 1)).result as { answers: string[]; missing: number }
    t.strictSame({ ...asked, answers: asked.answers.sort() }, { answers: ['here', 'there'], missing: 0 })
    await one.call('emit', '/room', 'news', { text: 'last' })
    await until(() => there.news.length > 0 && here.news.length > 0)
    t.strictSame(there.news, [{ text: 'last' }])
    t.strictSame(here.news, [{ text: 'last' }])
    for (const node of [one, two]) t.strictSame(await node.call('faults'), { result: [] })
  })

  t.test(`${kind}: userOf() reaches that user only, on every node and in each namespace`, options, async (t) => {
    const { one, two } = await startTwo(t, kind)
    const here = await hear(t, one, '/room', 'ann')
    const there = [await hear(t, two, '/room', 'ann'), await hear(t, two, '/orgs/7', 'ann')]
    const other = await hear(t, two, '/room', 'bob')
    await settle([one, two], [here.news, (there[0] as { news: unknown[] }).news, other.news])
    t.strictSame(await one.call('userOf', 'ann', 'news', { text: 'hers' }), { result: true })
    await until(() => [here, ...there].every(({ news }) => news.length > 0))
    t.strictSame(await one.call('userOf', 'ann', 'news', { x: 'no' }), { threw: 'FST_NSP_EMIT_INVALID' })
    t.strictSame(await one.call('userOf', 'bob', 'news', { text: 'his' }), { result: true })
    await until(() => other.news.length > 0)
    for (const { news } of [here, ...there]) t.strictSame(news, [{ text: 'hers' }])
    t.strictSame(other.news, [{ text: 'his' }])
    for (const node of [one, two]) t.strictSame(await node.call('faults'), { result: [] })
  })

  t.test(`${kind}: nodes with different schemas receive each other's emits without an error`, options, async (t) => {
    const { one, two } = await startTwo(t, kind, ['text', 'body'])
    const [here, there] = [await hear(t, one, '/room'), await hear(t, two, '/room')]
    await settle([one, two], [here.news, there.news], ['text', 'body'])
    t.strictSame(await one.call('emit', '/room', 'news', { text: 'from one' }), { result: true })
    t.strictSame(await two.call('emit', '/room', 'news', { body: 'from two' }), { result: true })
    await until(() => here.news.length > 1 && there.news.length > 1)
    for (const { news } of [here, there]) {
      t.strictSame(
        new Set(news.map((each) => JSON.stringify(each))),
        new Set(['{"text":"from one"}', '{"body":"from two"}']),
      )
    }
    for (const node of [one, two]) t.strictSame(await node.call('faults'), { result: [] })
  })

  t.test(`${kind}: a request of another node never throws into the adapter`, options, async (t) => {
    const { one, two, redis } = await startTwo(t, kind)
    const [here, there] = [await hear(t, one, '/room'), await hear(t, two, '/room')]
    await settle([one, two], [here.news, there.news])
    // More rooms than a socket may be in, on both nodes.
    await one.call('socketsJoin', '/room', 'a', 'b', 'c', 'd')
    await one.call('serverSideEmit', '/room', 'server-side', 'throw')
    if (kind === 'redis' || kind === 'streams') await publishGarbage(redis, kind)
    await one.call('serverSideEmit', '/room', 'server-side', 'this')
    await one.call('emit', '/room', 'news', { text: 'last' })
    await until(() => there.news.length > 0)
    let lines: unknown[] = []
    while (!lines.includes('heard this')) lines = (await two.call('lines')).result as unknown[]
    t.ok(lines.includes('a socket was left out of a broadcast'), 'a socket that would be in too many rooms is logged')
    t.ok(lines.includes('listener of a namespace failed'), 'a listener that throws is logged')
    for (const node of [one, two]) t.strictSame(await node.call('faults'), { result: [] })
  })

  t.test(`${kind}: a socket that joins in the tick of an emit receives emits of the other node`, options, async (t) => {
    const { one, two } = await startTwo(t, kind)
    const manager = new Manager(one.url, { transports: ['websocket'], reconnection: false })
    const root = manager.socket('/')
    t.teardown(() => root.disconnect())
    await next(root, 'connect')
    const sockets = await Promise.all(
      Array.from({ length: 30 }, async (_, id) => {
        // Both packets are in one chunk: the emit creates the namespace and has ended when the join arrives.
        root.emit('touch', id)
        const socket = manager.socket(`/orgs/${id}`)
        await next(socket, 'connect')
        return socket
      }),
    )
    const deaf = new Set(sockets.keys())
    for (const [id, socket] of sockets.entries()) socket.on('news', ({ text }) => text === 'other' && deaf.delete(id))
    // Emits until the broker has all subscriptions; a lost subscription would never arrive.
    for (let rest = 200; rest > 0 && deaf.size > 0; rest--) {
      for (const id of deaf) await two.call('emit', `/orgs/${id}`, 'news', { text: 'other' })
      await wait(20)
    }
    t.strictSame([...deaf], [])
    t.strictSame(await two.call('fetchSockets', '/orgs/7'), { result: 1 })

    // The last socket leaves, and joins again at once.
    const left = sockets[0] as Socket
    left.disconnect()
    left.connect()
    await next(left, 'connect')
    const heard = next(left, 'news')
    await two.call('emit', '/orgs/0', 'news', { text: 'other' })
    t.strictSame(await heard, [{ text: 'other' }])
    for (const node of [one, two]) t.strictSame(await node.call('faults'), { result: [] })
  })
}

/** Publishes invalid messages, as any process with a connection to the broker can. */
async function publishGarbage(path: string, kind: Kind): Promise<void> {
  const client = createClient({ socket: { path, tls: false } })
  await client.connect()
  const texts = ['', 'x', '[]', '{}', 'null', '{"uid":"x","nsp":"/room","type":3}', '{"type":3,"uid":"y","data":null}']
  if (kind === 'streams') {
    // Not 6: with that type a node disconnects sockets.
    const types = ['3', '4', '5', '7', '8', '9', '42', 'x']
    const datas = [
      '{}',
      '{"packet":null,"opts":{}}',
      '{"opts":{"rooms":7,"except":[]},"packet":{"type":2}}',
      'no base64',
      '{',
    ]
    for (const type of types) {
      for (const data of datas) await client.xAdd('socket.io', '*', { uid: 'stranger', nsp: '/room', type, data })
    }
  } else {
    for (const text of texts) {
      await client.publish('socket.io#/room#', text)
      await client.publish('socket.io-request#/room#', text)
      await client.publish('socket.io-response#/room#', text)
    }
  }
  client.destroy()
}
