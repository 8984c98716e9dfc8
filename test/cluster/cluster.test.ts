import { setTimeout as wait } from 'node:timers/promises'
import { createClient } from 'redis'
import type { Socket } from 'socket.io-client'
import t, { type Test } from 'tap'
import { join, next, until } from '../plugin/harness.js'
import { type Kind, type Node, startNode } from './nodes.js'
import { hasRedis, startRedis } from './redis.js'

/*
 * Two nodes and a real broker: what the conformance suite does not ask, because it is the application's.
 */

t.setTimeout(180_000)
t.jobs = 3

const KINDS: readonly Kind[] = ['own', 'redis', 'ioredis', 'streams', 'cluster']

/** Connects a client and collects the `news` that it receives. */
async function hear(t: Test, { url }: Node, name: string): Promise<{ socket: Socket; news: unknown[] }> {
  const news: unknown[] = []
  const socket = join(t, url, name, { transports: ['websocket'] })
  socket.on('news', (payload) => news.push(payload))
  await next(socket, 'connect')
  return { socket, news }
}

async function startTwo(t: Test, adapter: Kind) {
  const redis = adapter === 'cluster' ? '' : await startRedis(t)
  const [one, two] = await Promise.all([startNode(t, { adapter, redis }), startNode(t, { adapter, redis })])
  return { one, two, redis }
}

/** Waits until the broker is ready: both clients receive what each node emits. */
async function settle(nodes: readonly Node[], heard: readonly unknown[][]): Promise<void> {
  for (const [index, node] of nodes.entries()) {
    const say = (text: string) => node.call('emit', '/room', 'news', { text })
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
  const options = { buffered: true, skip: kind !== 'cluster' && !isRedisThere && 'there is no redis-server' }

  t.test(`${kind}: what another node asks for never throws into the adapter`, options, async (t) => {
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
