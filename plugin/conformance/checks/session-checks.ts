import assert from 'node:assert/strict'
import type { CheckContext, ConformanceCheck } from '../check.js'
import type { ConformanceNode } from '../conformance-node.js'
import { waitFor } from '../suite-client.js'
import { textsUntil } from './delivery-checks.js'

/*
 * Whom a session belongs to: takeovers, and sessions that are not given back.
 */

/** A client comes back at `home` while its old connection is still open. */
async function takeOver(home: ConformanceNode, { one, address, join, settle }: CheckContext): Promise<void> {
  const client = await join(one)
  await settle([client], [one])
  const { id, session } = client
  const end = new Promise((resolve) => client.socket.once('disconnect', (reason) => resolve(reason)))
  const back = await join(home, { session })
  assert.ok(back.socket.recovered)
  assert.equal(back.id, id)
  assert.equal(await end, 'transport close')
  await one.call('emit', address, 'news', { text: 'after' })
  assert.deepEqual(await textsUntil('after', [back]), [['after']])
  assert.deepEqual(client.news, [])
  await waitFor('there is no ghost', async () => {
    const sockets = (await one.call('fetchSockets', address)) as { id: string }[]
    return sockets.length === 1 && sockets[0]?.id === id
  })
}

export const sessionChecks: readonly ConformanceCheck[] = [
  {
    name: 'a client that is back before its node has noticed the loss takes its session over',
    needs: ['recovery', 'takeover'],
    run: (context) => takeOver(context.one, context),
  },
  {
    name: 'a client that is back at another node before the loss was noticed takes its session over',
    needs: ['nodes', 'recovery', 'distant recovery', 'takeover'],
    run: (context) => takeOver(context.two, context),
  },
  {
    name: 'a private id that another user has got hold of takes nothing over',
    needs: ['recovery', 'takeover'],
    async run({ one, two, address, join }) {
      const client = await join(one, { user: 'ann' })
      const thief = await join(two, { user: 'bob', session: client.session })
      assert.ok(!thief.socket.recovered)
      assert.notEqual(thief.id, client.id)
      await one.call('emit', address, 'news', { text: 'last' })
      await textsUntil('last', [client])
      assert.ok(client.socket.connected)
    },
  },
  {
    name: 'a session is not recovered with the offset of another epoch',
    needs: ['recovery'],
    async run({ one, address, join, settle }) {
      const client = await join(one)
      await settle([client], [one])
      const { pid } = client.session
      client.lose()
      await waitFor(
        'the node notices',
        async () => ((await one.call('fetchSockets', address)) as unknown[]).length === 0,
      )
      const back = await join(one, { session: { pid, offset: 'another.1' } })
      assert.ok(!back.socket.recovered)
    },
  },
]
