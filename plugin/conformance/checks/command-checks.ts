import assert from 'node:assert/strict'
import type { ConformanceCheck } from '../check.js'
import type { SuiteClient } from '../suite-client.js'
import { waitFor } from '../suite-client.js'
import { joinBoth, textsUntil } from './delivery-checks.js'

/*
 * What a node does with the sockets of another one, and what nodes say to each other.
 */

interface Fetched {
  readonly id: string
  readonly rooms: readonly string[]
  readonly data: { readonly kept?: unknown }
}

const byId = (sockets: readonly { id?: string | undefined }[]) => sockets.map(({ id }) => String(id)).sort()
const disconnected = ({ socket }: SuiteClient) =>
  new Promise((resolve) => socket.once('disconnect', (reason) => resolve(reason)))

export const commandChecks: readonly ConformanceCheck[] = [
  {
    name: 'fetchSockets() returns the sockets of all nodes, with their rooms and data; local ones where asked',
    needs: [],
    async run(context) {
      const { one, two, address } = context
      const clients = await joinBoth(context)
      const [, there] = clients
      await there.ask('join', 'a')
      await there.ask('keep', { since: 1 })
      const all = (await one.call('fetchSockets', address)) as Fetched[]
      assert.deepEqual(byId(all), byId(clients))
      const found = all.find(({ id }) => id === there.id)
      assert.ok(found)
      assert.deepEqual(found.data.kept, { since: 1 })
      assert.deepEqual([...found.rooms].sort(), ['a', 'members', String(there.id)].sort())
      assert.deepEqual(byId((await one.call('fetchSockets', address, { rooms: ['a'] })) as Fetched[]), byId([there]))
      const local = (await two.call('fetchSockets', address, { rooms: ['a'], isLocal: true })) as Fetched[]
      assert.deepEqual(byId(local), byId([there]))
    },
  },
  {
    name: 'sockets of another node join and leave rooms, and are disconnected',
    needs: [],
    async run(context) {
      const { one, two, address } = context
      const clients = await joinBoth(context)
      const isIn = async (room: string) =>
        ((await two.call('fetchSockets', address, { rooms: [room] })) as unknown[]).length
      await one.call('socketsJoin', address, 'late')
      await waitFor('all are in the room', async () => (await isIn('late')) === 2)
      await one.call('socketsLeave', address, 'late')
      await waitFor('nobody is in the room', async () => (await isIn('late')) === 0)
      const gone = clients.map(disconnected)
      await one.call('disconnectSockets', address, {})
      assert.deepEqual(await Promise.all(gone), ['io server disconnect', 'io server disconnect'])
    },
  },
  {
    name: 'a server-side event arrives at the other nodes, and not at its own; a bigint throws where it is emitted',
    needs: ['nodes'],
    async run({ one, two, address }) {
      await assert.rejects(one.call('emitBigInt', address), { code: 'FST_NSP_EMIT_INVALID' })
      await assert.rejects(one.call('serverSideEmitBigInt'), { code: 'FST_NSP_EMIT_INVALID' })
      await waitFor('it arrives', async () => {
        await one.call('serverSideEmit', address)
        return ((await two.call('heard')) as unknown[]).includes(address)
      })
      assert.ok(!((await one.call('heard')) as unknown[]).includes(address))
    },
  },
  {
    name: 'a server-side event is answered by the other nodes',
    needs: ['nodes', 'server-side acks'],
    async run({ one, address }) {
      assert.deepEqual(await one.call('serverSideEmitWithAck', address), [`heard ${address}`])
    },
  },
  {
    name: 'userOf() reaches every socket of that user, on every node and at every address, and nobody else',
    needs: [],
    async run({ one, two, address, join, settle }) {
      const user = `ann ${address}`
      const hers = [await join(one, { user }), await join(two, { user })]
      const other = await join(two, { user: `bob ${address}` })
      const elsewhere = await join(two, { user, address: '/lobby' })
      await settle([...hers, other])
      await waitFor('it arrives at the other address', async () => {
        await one.call('userOf', user, 'warm', address)
        return elsewhere.isWarm(address)
      })
      await one.call('userOf', user, 'news', { text: 'hers' })
      assert.deepEqual(await textsUntil('hers', [...hers, elsewhere]), [['hers'], ['hers'], ['hers']])
      assert.deepEqual(other.news, [])
    },
  },
  {
    name: 'disconnectUser() disconnects the sockets of that user on every node',
    needs: [],
    async run({ one, two, address, join, settle }) {
      const user = `eve ${address}`
      const hers = [await join(one, { user }), await join(two, { user })]
      const other = await join(two, { user: `bob ${address}` })
      await settle([...hers, other])
      const gone = hers.map(disconnected)
      await one.call('disconnectUser', user)
      await Promise.all(gone)
      assert.ok(other.socket.connected)
    },
  },
]
