import assert from 'node:assert/strict'
import type { CheckContext, ConformanceCheck } from '../check.js'
import type { ConformanceNode } from '../conformance-node.js'
import { createBytes, type EmitOptions } from '../node-commands.js'
import { type SuiteClient, waitFor } from '../suite-client.js'

/*
 * Who receives an emit, and what.
 */

const say = (node: ConformanceNode, address: string, text: unknown, options?: EmitOptions) =>
  node.call('emit', address, 'news', { text }, options)

/** A client on each node, both settled. */
export async function joinBoth({ one, two, join, settle }: CheckContext): Promise<[SuiteClient, SuiteClient]> {
  const clients: [SuiteClient, SuiteClient] = [await join(one), await join(two)]
  await settle(clients)
  return clients
}

/** The texts that each client has received, once all of them have received `last`, which no other emit follows. */
export async function textsUntil(last: string, clients: readonly SuiteClient[]): Promise<unknown[][]> {
  const texts = () => clients.map(({ news }) => news.map((each) => (each as { text: unknown }).text))
  await waitFor(`${last} arrives at all clients`, () => texts().every((each) => each.includes(last)))
  return texts()
}

export const deliveryChecks: readonly ConformanceCheck[] = [
  {
    name: 'an emit reaches every client of its address, on every node, and no client of another address',
    needs: [],
    async run(context) {
      const { one, two, join, address } = context
      const other = await join(two, { address: `${address}-other` })
      const clients = await joinBoth(context)
      await say(one, address, 'from one')
      await textsUntil('from one', clients)
      await say(two, address, 'from two')
      const expected = ['from one', 'from two']
      assert.deepEqual(await textsUntil('from two', clients), [expected, expected])
      assert.deepEqual(other.news, [])
    },
  },
  {
    name: 'an emit reaches each client of its rooms once, and nobody who is in a room that it excepts',
    needs: ['emit order'],
    async run(context) {
      const { one, address } = context
      const [here, there] = await joinBoth(context)
      for (const room of ['a', 'b']) await there.ask('join', room)
      await here.ask('join', 'b')
      await say(one, address, 'a', { rooms: ['a'] })
      await say(one, address, 'a and b', { rooms: ['a', 'b'] })
      await say(one, address, 'not a', { except: ['a'] })
      await say(one, address, 'b, not a', { rooms: ['b'], except: ['a'] })
      await say(one, address, 'to one client', { rooms: [String(there.id)] })
      await say(one, address, 'last')
      assert.deepEqual(await textsUntil('last', [here, there]), [
        ['a and b', 'not a', 'b, not a', 'last'],
        ['a', 'a and b', 'to one client', 'last'],
      ])
    },
  },
  {
    name: 'a local emit reaches the clients of its node only',
    needs: ['nodes'],
    async run(context) {
      const { one, address } = context
      const clients = await joinBoth(context)
      await say(one, address, 'here', { isLocal: true })
      await say(one, address, 'last')
      const [here, there] = await textsUntil('last', clients)
      assert.deepEqual([new Set(here), there], [new Set(['here', 'last']), ['last']])
    },
  },
  {
    name: 'a volatile emit reaches clients that can receive it',
    needs: [],
    async run(context) {
      const { one, address } = context
      const clients = await joinBoth(context)
      await waitFor('a volatile emit arrives', async () => {
        await say(one, address, 'volatile', { isVolatile: true })
        return clients.every(({ news }) => news.length > 0)
      })
    },
  },
  {
    name: 'binary data arrive as they were emitted, on every node',
    needs: [],
    async run(context) {
      const { one, address } = context
      const clients = await joinBoth(context)
      const received: unknown[] = []
      for (const { socket } of clients) socket.on('bytes', ({ data }) => received.push(data))
      for (const size of [0, 1, 1_000]) {
        received.length = 0
        await one.call('emitBytes', address, size)
        await waitFor(`${size} bytes arrive`, () => received.length === clients.length)
        for (const data of received) assert.deepEqual(Buffer.from(data as Uint8Array), createBytes(size))
      }
    },
  },
  {
    name: 'large payloads arrive, in their order: 20 kB, 500 kB, one byte',
    needs: ['emit order'],
    async run(context) {
      const { one, address } = context
      const clients = await joinBoth(context)
      const texts = [20_000, 500_000, 1].map((length) => 'ä'.repeat(length))
      for (const text of texts) await say(one, address, text)
      assert.deepEqual(await textsUntil('ä', clients), [texts, texts])
    },
  },
  {
    name: 'emits of several nodes arrive everywhere in one order',
    needs: ['nodes', 'emit order', 'order'],
    async run(context) {
      const { one, two, address } = context
      const clients = await joinBoth(context)
      const numbers = Array.from({ length: 50 }, (_, index) => index)
      await Promise.all(numbers.flatMap((n) => [say(one, address, `one ${n}`), say(two, address, `two ${n}`)]))
      await waitFor('all arrive', () => clients.every(({ news }) => news.length === 100))
      const [here, there] = clients.map(({ news }) => news)
      assert.deepEqual(here, there)
    },
  },
  {
    name: 'the emits of one node arrive in their order, each once',
    needs: ['emit order'],
    async run(context) {
      const { one, address } = context
      const clients = await joinBoth(context)
      const texts = Array.from({ length: 200 }, (_, index) => `${index}`)
      await Promise.all(texts.map((text) => say(one, address, text)))
      assert.deepEqual(await textsUntil('199', clients), [texts, texts])
    },
  },
]
