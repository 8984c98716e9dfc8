import assert from 'node:assert/strict'
import type { CheckContext, ConformanceCheck } from '../check.js'
import { joinBoth, textsUntil } from './delivery-checks.js'

/*
 * A broker that dies, forgets, is out of reach, or says what no node of ours has said.
 */

/** What both nodes emit while something happens to the broker arrives at both, once; and so does what they emit afterwards. */
async function loseNothing(context: CheckContext, begin: () => unknown, end: () => unknown): Promise<void> {
  const { one, two, address, settle } = context
  const clients = await joinBoth(context)
  await begin()
  const texts = Array.from({ length: 20 }, (_, index) => `${index}`)
  for (const text of texts) {
    await one.call('emit', address, 'news', { text: `one ${text}` })
    await two.call('emit', address, 'news', { text: `two ${text}` })
  }
  await end()
  await textsUntil('one 19', clients)
  const received = await textsUntil('two 19', clients)
  await settle(clients)
  for (const from of ['one', 'two']) {
    const expected = texts.map((text) => `${from} ${text}`)
    for (const all of received)
      assert.deepEqual(
        all.filter((text) => String(text).startsWith(from)),
        expected,
      )
  }
}

export const brokerChecks: readonly ConformanceCheck[] = [
  {
    name: 'entries that no node of ours has written are dropped, and end nothing',
    needs: ['nodes', 'foreign entries'],
    async run(context) {
      const { one, two, broker, address } = context
      const clients = await joinBoth(context)
      await broker.sendForeign()
      await one.call('emit', address, 'news', { text: 'last' })
      assert.deepEqual(await textsUntil('last', clients), [['last'], ['last']])
      for (const node of [one, two]) assert.deepEqual(await node.call('faults'), [])
    },
  },
  {
    name: 'a node that is cut off from the broker misses nothing, and loses nothing that it emits',
    needs: ['nodes', 'partition'],
    run: (context) =>
      loseNothing(
        context,
        () => context.broker.isolate(context.two),
        () => context.broker.rejoin(context.two),
      ),
  },
  {
    name: 'what is emitted while the broker is down arrives when it is back',
    needs: ['nodes', 'restart'],
    run: (context) =>
      loseNothing(
        context,
        () => context.broker.stop(),
        () => context.broker.start(),
      ),
  },
  {
    name: 'a broker that has lost all data loses nothing that is emitted before and afterwards',
    needs: ['nodes', 'reset'],
    run: (context) =>
      loseNothing(
        context,
        () => context.broker.reset(),
        () => {},
      ),
  },
  {
    name: 'no session is recovered with a gap after the broker has lost all data',
    needs: ['nodes', 'reset', 'recovery'],
    async run(context) {
      const { one, two, broker, address, join } = context
      const [client, stays] = await joinBoth(context)
      client.lose()
      await one.call('emit', address, 'news', { text: 'missed' })
      await textsUntil('missed', [stays])
      await broker.reset()
      const back = await join(two, { session: client.session })
      await one.call('emit', address, 'news', { text: 'last' })
      const [texts] = await textsUntil('last', [back])
      // A gap that is told: `missed` is not there.
      assert.deepEqual(texts, ['missed', 'last'].slice(Number(!back.socket.recovered)))
    },
  },
]
