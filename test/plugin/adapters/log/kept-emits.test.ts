import t from 'tap'
import { LogKeeper } from '../../../../plugin/adapters/cluster/log-keeper.js'
import { createKeptEmits, isKeptWriter } from '../../../../plugin/adapters/log/kept-emits.js'
import { createRetainedStore } from '../../../../plugin/adapters/retained/retained-change.js'
import type { OutboxRepeat } from '../../../../plugin/index.js'
import { until } from '../../harness.js'
import { hear, startNode, startTwo } from '../cluster.js'

/*
 * Emits that one node after another appends: every client receives each once.
 */

const packet = (n: number) => ({ encoded: [`2/chat,["n",${n}]`], rooms: [], except: [] })

t.test('what another node appends again is read once', async (t) => {
  const { one, two } = await startTwo(t)
  const [first, second] = [await hear(one), await hear(two)]
  t.ok(one.node.kept.isReady)
  const begun = one.node.kept.begin(undefined)
  t.ok(begun.isNew)
  const { mark } = begun
  const turn = one.node.kept.begin(mark)
  t.match(turn, { isNew: false, isLost: false })
  for (const n of [1, 2, 3]) await turn.append('/chat', packet(n), 'first')
  // It has died before its mark was kept.
  const other = two.node.kept.begin(mark)
  for (const n of [1, 2, 3]) await other.append('/chat', packet(n), 'perhaps delivered')
  await other.append('/chat', undefined, 'first')
  const last = one.node.kept.begin(other.mark)
  await last.append('/chat', packet(4), 'first')
  const all = [1, 2, 3, 4].map((n) => ['n', n])
  await until(() => first.events.length >= 4 && second.events.length >= 4)
  t.strictSame(first.events, all)
  t.strictSame(second.events, all)
})

t.test('what is delivered again after a loss has the numbers that it had', async (t) => {
  const appended: unknown[][] = []
  let epoch = 'a'
  const broker = {
    isConnected: true,
    append: async (log: number, { node, number, body }: { node: string; number: number; body: string }) => {
      appended.push([log, isKeptWriter(node), number, body.split('\n')[0]])
      return String(appended.length)
    },
  }
  const kept = createKeptEmits({ broker, logs: 2, logOf: (address) => Number(address.at(-1)), epoch: () => epoch })
  const run = async (mark: string | undefined, repeat: OutboxRepeat, addresses: string[]) => {
    const turn = kept.begin(mark)
    if (turn.isLost) for (const address of addresses) turn.rewind(address)
    for (const address of addresses) await turn.append(address, packet(1), repeat)
    return turn
  }
  const first = await run(kept.begin(undefined).mark, 'first', ['/0', '/1', '/1'])
  const again = await run(first.mark, 'perhaps delivered', ['/1'])
  epoch = 'b'
  const lost = await run(again.mark, 'delivered, and lost', ['/0', '/1', '/1', '/1'])
  t.ok(lost.isLost)
  const next = await run(lost.mark, 'perhaps delivered', ['/1'])
  t.notOk(next.isLost)
  const start = 1_000_000_001
  t.strictSame(appended, [
    [0, true, start, 'a'],
    [1, true, start, 'a'],
    [1, true, start + 1, 'a'],
    [1, true, start + 2, 'a  a.3.0'],
    [0, true, start, 'b -'],
    [1, true, start, 'b -'],
    [1, true, start + 1, 'b -'],
    [1, true, start + 2, 'b -'],
    [1, true, start + 3, 'b  b.8.0'],
  ])
  const fresh = await run(undefined, 'perhaps delivered', ['/1'])
  t.ok(fresh.isNew)
  t.strictSame(appended.at(-1), [1, true, start, 'b  b.0.0'])
  t.ok(createKeptEmits({ broker, logs: 3, logOf: () => 0, epoch: () => 'b' }).begin(lost.mark).isNew, 'other logs')
  t.notOk(createKeptEmits({ broker, logs: 3, logOf: () => 0, epoch: () => '' }).isReady)
})

t.test('who joins later does not receive what was before', async (t) => {
  const one = await startNode(t, new LogKeeper())
  const turn = one.node.kept.begin(one.node.kept.begin(undefined).mark)
  await turn.append('/chat', packet(1), 'first')
  const { events } = await hear(one)
  await turn.append('/chat', packet(2), 'first')
  await until(() => events.length > 0)
  t.strictSame(events, [['n', 2]])
})

t.test('what an emit changes of retained values is changed with its entry, once', async (t) => {
  const { node } = await startNode(t, new LogKeeper())
  const retain = { emit: 'n', key: 'k', isRemoval: false, most: 1, ttlMs: 60_000 }
  const { mark } = node.kept.begin(undefined)
  const turn = node.kept.begin(mark)
  await turn.append('/chat', { ...packet(1), retain }, 'first')
  await turn.append('/chat', { ...packet(2), retain }, 'first')
  await node.kept.begin(mark).append('/chat', { ...packet(1), retain }, 'perhaps delivered')
  const { read } = createRetainedStore(node.retained)
  t.match((await read('/chat', undefined, ['n'])).values, [{ emit: 'n', encoded: { text: '2/chat,["n",2]' } }])

  t.comment('one that is too long to be kept removes the former one')
  const long = { ...packet(3), encoded: [`2/chat,["n","${'x'.repeat(70_000)}"]`] }
  await turn.append('/chat', { ...long, retain }, 'first')
  t.strictSame((await read('/chat', undefined, ['n'])).values, [])
})
