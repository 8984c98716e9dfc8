import { setImmediate as tick } from 'node:timers/promises'
import t from 'tap'
import type { BrokerReceiver } from '../../../../plugin/adapters/broker.js'
import { KeeperConnection } from '../../../../plugin/adapters/cluster/keeper-connection.js'
import { LogKeeper } from '../../../../plugin/adapters/cluster/log-keeper.js'

/*
 * What the primary keeps in its memory, and for how long.
 */

const WINDOW_MS = 1_000

async function openConnection(keeper: LogKeeper) {
  const bodies: string[] = []
  const receiver: Partial<BrokerReceiver> = {
    receiveEntry: (_log, { body }) => void bodies.push(body),
    connected: () => {},
  }
  const connection = new KeeperConnection(keeper, 'a', WINDOW_MS)
  await connection.open(receiver as BrokerReceiver)
  let number = 0
  const append = (body: string) => connection.append(0, { node: 'a', number: ++number, body })
  const read = async (after = '0') => {
    const { entries, hasGap } = await connection.read(0, after, 100)
    return { bodies: entries.map(({ body }) => body), hasGap }
  }
  return { connection, bodies, append, read }
}

t.test(
  'entries that are older than the window are dropped, and whoever reads from before is told of a gap',
  async (t) => {
    let now = 0
    const { append, read } = await openConnection(new LogKeeper({ now: () => now }))
    for (const body of ['a', 'b', 'c', 'd']) {
      await append(body)
      now += 400
    }
    t.strictSame(await read(), { bodies: ['b', 'c', 'd'], hasGap: true })
    t.strictSame(await read('1'), { bodies: ['b', 'c', 'd'], hasGap: false })
    now += WINDOW_MS
    await append('e')
    t.strictSame(await read('3'), { bodies: ['e'], hasGap: true })
  },
)

t.test('a log has as many characters as it may have, and its last entry', async (t) => {
  const { append, read } = await openConnection(new LogKeeper({ logLength: 10 }))
  for (const body of ['aaaa', 'bbbb', 'cccc']) await append(body)
  t.strictSame((await read()).bodies, ['bbbb', 'cccc'])
  await append('d'.repeat(20))
  t.strictSame((await read()).bodies, ['d'.repeat(20)])
})

t.test('nothing of a log arrives after it is unfollowed, not even what was on its way', async (t) => {
  const { connection, bodies, append } = await openConnection(new LogKeeper())
  await connection.follow(0)
  await append('heard')
  await tick()
  await append('on its way')
  connection.unfollow(0)
  await append('later')
  await tick()
  t.strictSame(bodies, ['heard'])
})
