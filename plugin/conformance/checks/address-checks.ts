import assert from 'node:assert/strict'
import type { ConformanceCheck } from '../check.js'
import type { ConformanceNode } from '../conformance-node.js'
import { waitFor } from '../suite-client.js'
import { textsUntil } from './delivery-checks.js'

/*
 * Dynamic addresses: emits from nodes where nobody is, and sockets that come and go.
 */

/** How many of the addresses a node has created a namespace for. */
async function createdOf(node: ConformanceNode, address: string): Promise<number> {
  const created = (await node.call('created')) as string[]
  return created.filter((each) => each === address).length
}

export const addressChecks: readonly ConformanceCheck[] = [
  {
    name: 'an emit from a node where nobody is arrives',
    needs: ['nodes'],
    async run({ one, two, address, join, settle }) {
      const there = await join(two)
      await settle([there], [one])
      await one.call('emit', address, 'news', { text: 'cold' })
      assert.deepEqual(await textsUntil('cold', [there]), [['cold']])
    },
  },
  {
    name: 'an emit, a question, a fetch and a disconnect at a node where nobody is create no namespace there',
    needs: ['nodes', 'cold addresses'],
    async run({ one, two, address, join, settle }) {
      const there = await join(two)
      there.socket.on('question', (_payload, answer) => answer('there'))
      await settle([there], [one])
      await one.call('emit', address, 'news', { text: 'cold' })
      await textsUntil('cold', [there])
      assert.deepEqual(await one.call('ask', address, 1), { answers: ['there'], missing: 0 })
      assert.equal(((await one.call('fetchSockets', address)) as unknown[]).length, 1)
      const gone = new Promise((resolve) => there.socket.once('disconnect', resolve))
      await one.call('disconnectSockets', address, {})
      await gone
      assert.equal(await createdOf(one, address), 0)
    },
  },
  {
    name: 'emits to addresses where nobody is, on no node, create no namespace',
    needs: ['cold addresses'],
    async run({ one, address }) {
      const before = (await one.call('created')) as string[]
      for (let n = 0; n < 100; n++) await one.call('emit', `${address}-${n}`, 'news', { text: 'nobody' })
      assert.deepEqual(await one.call('created'), before)
    },
  },
  {
    name: 'a socket that joins in the tick of an emit receives later emits of the other node',
    needs: [],
    async run({ one, two, address, join }) {
      const lobby = await join(one, { address: '/lobby' })
      const ids = Array.from({ length: 20 }, (_, index) => `${address.slice('/rooms/'.length)}-touched-${index}`)
      const clients = await Promise.all(
        ids.map(async (id) => {
          // Both packets are in one chunk.
          lobby.socket.emit('touch', id)
          const client = lobby.beside(`/rooms/${id}`)
          await client.connected()
          return client
        }),
      )
      await waitFor('no client is deaf', async () => {
        const isDeaf = clients.map((client) => !client.isWarm('touched'))
        for (const [index, id] of ids.entries())
          if (isDeaf[index]) await two.call('emit', `/rooms/${id}`, 'warm', 'touched')
        return !isDeaf.includes(true)
      })
      for (const client of clients) client.close()
    },
  },
  {
    name: 'an address whose last socket leaves and comes back at once hears the other node',
    needs: [],
    async run({ one, two, join, settle }) {
      const here = await join(one)
      await settle([here], [two])
      here.socket.disconnect()
      here.socket.connect()
      await here.connected()
      await settle([here], [two])
    },
  },
]
