import assert from 'node:assert/strict'
import type { CheckContext, ConformanceCheck } from '../check.js'
import type { ConformanceNode } from '../conformance-node.js'
import type { SuiteClient } from '../suite-client.js'
import { waitFor } from '../suite-client.js'
import { textsUntil } from './delivery-checks.js'

/*
 * Nodes that die, stop or are slow.
 */

/** What a call may take that leaves such a node out, on a busy machine. One that waits for the node ends with it. Milliseconds. */
const SHARE_MS = 60_000

/** A client here, and one on a third node, which something is about to happen to. */
async function joinThird({ one, startNode, join, settle }: CheckContext) {
  const third = await startNode()
  const [here, there] = [await join(one), await join(third)] as [SuiteClient, SuiteClient]
  here.socket.on('question', (_payload, answer) => answer('here'))
  there.socket.on('question', (_payload, answer) => answer('there'))
  await settle([here, there], [one, third])
  return { third, here, there }
}

/** Calls that leave the third node out, within their share of time. */
async function callWithout({ one, address }: CheckContext): Promise<void> {
  const begun = performance.now()
  assert.equal(((await one.call('fetchSockets', address)) as unknown[]).length, 1)
  const { answers } = (await one.call('ask', address, 1, 1_000)) as { answers: unknown }
  assert.deepEqual(answers, ['here'])
  assert.ok(performance.now() - begun < SHARE_MS)
}

/** While the third node does nothing, calls work without it; afterwards it delivers what was emitted meanwhile. */
async function pause(
  context: CheckContext,
  begin: (third: ConformanceNode) => unknown,
  end: (third: ConformanceNode) => unknown,
) {
  const { one, address } = context
  const { third, here, there } = await joinThird(context)
  const begun = begin(third)
  await callWithout(context)
  await one.call('emit', address, 'news', { text: 'meanwhile' })
  await textsUntil('meanwhile', [here])
  end(third)
  await begun
  assert.deepEqual(await textsUntil('meanwhile', [there]), [['meanwhile']])
  await waitFor(
    'the node answers again',
    async () => ((await one.call('fetchSockets', address)) as unknown[]).length === 2,
  )
}

export const faultChecks: readonly ConformanceCheck[] = [
  {
    name: 'a node that is killed costs no call',
    needs: ['nodes', 'processes', 'late nodes'],
    async run(context) {
      const { third } = await joinThird(context)
      third.signal('SIGKILL')
      await callWithout(context)
    },
  },
  {
    name: 'a client of a node that is killed recovers on another one',
    needs: ['nodes', 'processes', 'recovery', 'distant recovery'],
    async run(context) {
      const { one, two, address, join } = context
      const { third, here, there } = await joinThird(context)
      const { id } = there
      third.signal('SIGKILL')
      await one.call('emit', address, 'news', { text: 'meanwhile' })
      await textsUntil('meanwhile', [here])
      const back = await join(two, { session: there.session })
      assert.ok(back.socket.recovered)
      assert.equal(back.id, id)
      assert.deepEqual(await textsUntil('meanwhile', [back]), [['meanwhile']])
    },
  },
  {
    name: 'a node that is stopped is left out of calls, and delivers afterwards what it has missed',
    needs: ['nodes', 'processes', 'late nodes'],
    run: (context) =>
      pause(
        context,
        (third) => third.signal('SIGSTOP'),
        (third) => third.signal('SIGCONT'),
      ),
  },
  {
    name: 'a node whose loop is blocked is left out of calls, and delivers afterwards what it has missed',
    needs: ['nodes', 'processes', 'late nodes'],
    run: (context) =>
      pause(
        context,
        (third) => third.call('block', 8_000),
        () => {},
      ),
  },
]
