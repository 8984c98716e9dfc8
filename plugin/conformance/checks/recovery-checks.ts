import assert from 'node:assert/strict'
import type { CheckContext, ConformanceCheck } from '../check.js'
import type { ConformanceNode } from '../conformance-node.js'
import { type SuiteClient, waitFor } from '../suite-client.js'
import { textsUntil } from './delivery-checks.js'

/*
 * A client that loses its connection and comes back: to its node, or to another one.
 */

interface Self {
  readonly id: string
  readonly rooms: readonly string[]
  readonly data: { readonly kept?: unknown }
}

/** Loses the connection of a client; resolves when its node has noticed. */
async function loseNoticed(client: SuiteClient, node: ConformanceNode, address: string): Promise<void> {
  const { id } = client
  client.lose()
  await waitFor('the node notices the loss', async () => {
    const sockets = (await node.call('fetchSockets', address, { isLocal: true })) as { id: string }[]
    return sockets.every((each) => each.id !== id)
  })
}

/** Loses a client, emits from another node meanwhile, comes back at `home`, and says everything that must hold. */
async function recoverAt(home: ConformanceNode, { one, two, address, join, settle }: CheckContext): Promise<void> {
  const stays = await join(two)
  const client = await join(one)
  await client.ask('join', 'mine')
  await client.ask('keep', 'data of mine')
  await settle([client, stays])
  const { id } = client
  await one.call('emit', address, 'news', { text: 'heard' })
  await textsUntil('heard', [client, stays])
  await loseNoticed(client, one, address)
  await one.call('emit', address, 'news', { text: 'missed 1' })
  await two.call('emit', address, 'news', { text: 'missed 2' }, { rooms: ['mine'] })
  await one.call('emit', address, 'news', { text: 'not mine' }, { rooms: ['other'] })
  await two.call('emit', address, 'news', { text: 'except' }, { except: ['mine'] })
  await one.call('emit', address, 'news', { text: 'missed 3' })
  await textsUntil('missed 3', [stays])
  await waitFor('the other emits are over', () => stays.news.length === 4)
  const back = await join(home, { session: client.session })
  assert.ok(back.socket.recovered)
  assert.equal(back.id, id)
  await home.call('emit', address, 'news', { text: 'last' })
  const [texts = []] = await textsUntil('last', [back])
  assert.deepEqual([...texts].sort(), ['last', 'missed 1', 'missed 2', 'missed 3'])
  assert.equal(texts.at(-1), 'last')
  assert.ok(texts.indexOf('missed 1') < texts.indexOf('missed 3'))
  const self = (await back.ask('whoami')) as Self
  assert.deepEqual([...self.rooms].sort(), [String(id), 'members', 'mine'].sort())
  assert.equal(self.data.kept, 'data of mine')
}

export const recoveryChecks: readonly ConformanceCheck[] = [
  {
    name: 'a client that comes back to its node has its id, rooms, data, and what it has missed, once',
    needs: ['recovery'],
    run: (context) => recoverAt(context.one, context),
  },
  {
    name: 'a client that comes back to another node has its id, rooms, data, and what it has missed, once',
    needs: ['nodes', 'recovery', 'distant recovery'],
    run: (context) => recoverAt(context.two, context),
  },
  {
    name: 'a client that has received no emit recovers, too',
    needs: ['recovery', 'distant recovery'],
    async run({ one, two, address, join }) {
      const client = await join(one)
      await loseNoticed(client, one, address)
      await one.call('emit', address, 'news', { text: 'first' })
      const back = await join(two, { session: client.session })
      assert.ok(back.socket.recovered)
      assert.deepEqual(await textsUntil('first', [back]), [['first']])
    },
  },
  {
    name: 'a client that is lost again and again misses nothing, and receives nothing twice',
    needs: ['recovery', 'distant recovery'],
    async run({ one, two, address, join }) {
      let client = await join(one)
      let home = one
      const texts: unknown[] = []
      for (let round = 0; round < 4; round++) {
        await loseNoticed(client, home, address)
        home = home === one ? two : one
        await one.call('emit', address, 'news', { text: `missed ${round}` })
        client = await join(home, { session: client.session })
        assert.ok(client.socket.recovered)
        texts.push(...((await textsUntil(`missed ${round}`, [client]))[0] as unknown[]))
      }
      assert.deepEqual(texts, ['missed 0', 'missed 1', 'missed 2', 'missed 3'])
    },
  },
  {
    name: 'a retried event with a key runs its handler once, also after a recovery',
    needs: ['recovery'],
    async run({ one, address, join, settle }) {
      const client = await join(one)
      await settle([client], [one])
      assert.equal(await client.ask('add', address), 1)
      await loseNoticed(client, one, address)
      const back = await join(one, { session: client.session })
      assert.ok(back.socket.recovered)
      assert.equal(await back.ask('add', address), 1)
      assert.equal(await one.call('runs', address), 1)
    },
  },
]
