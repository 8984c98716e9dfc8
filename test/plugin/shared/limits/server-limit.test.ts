import t from 'tap'
import { createServerLimits, ServerLimit } from '../../../../plugin/shared/limits/server-limit.js'
import { DEFAULT_LIMITS } from '../../../../plugin/shared/limits.js'

/** A limit with its count, which goes up by one wherever there is room. */
function createCounted(limit: number, limitOfAll?: number) {
  const counted = {
    limit: new ServerLimit(limit, limitOfAll),
    own: 0,
    add(): boolean {
      const hasRoom = counted.limit.hasRoom()
      if (hasRoom) counted.own++
      return hasRoom
    },
  }
  counted.limit.count(() => counted.own)
  return counted
}

t.test('a server has room for one more within its own limit, and within what the others leave', async (t) => {
  const { limit, add } = createCounted(3, 5)
  t.strictSame([add(), add(), add(), add()], [true, true, true, false])
  const other = createCounted(0, 5)
  other.limit.hear(limit.own, 1)
  t.strictSame([other.add(), other.add(), other.add()], [true, true, false])
  other.limit.hear(9, 1)
  other.own = 0
  t.notOk(other.add())
  other.limit.hear(0, 0)
  t.ok(other.add())
})

t.test('without a limit there is always room, whatever the others have', async (t) => {
  const { limit, add } = createCounted(0)
  limit.hear(1_000_000, 7)
  t.ok(add())
  const { connections, dynamicNamespaces } = createServerLimits({ ...DEFAULT_LIMITS, allNodes: { connections: 1 } })
  connections.hear(1, 1)
  dynamicNamespaces.hear(1, 1)
  t.strictSame([connections.hasRoom(), dynamicNamespaces.hasRoom()], [false, true])
  t.equal(new ServerLimit(1).own, 0)
})

t.test('what is told when a limit asks for it never lets all nodes exceed their limit', async (t) => {
  for (const [nodes, bound, most] of [
    [2, 10, 10],
    [5, 1_000, 40],
    [16, 10_000, 80],
  ] as const) {
    const all = Array.from({ length: nodes }, () => createCounted(0, bound))
    const told = all.map(() => 0)
    const waiting = new Set<number>()
    let tellings = 0
    for (const [at, { limit }] of all.entries()) {
      limit.onMoved(() => waiting.add(at))
      limit.hear(0, nodes - 1)
    }
    const add = (at: number) => {
      all[at]?.add()
      for (const teller of waiting) {
        waiting.delete(teller)
        tellings++
        all[teller]?.limit.told()
        told[teller] = all[teller]?.own ?? 0
        for (const [index, { limit }] of all.entries()) {
          if (index !== teller) limit.hear(told.reduce((sum, count) => sum + count, 0) - Number(told[index]), nodes - 1)
        }
      }
    }
    // All nodes alike, then one of them alone.
    for (let turn = 0; turn < bound / 2; turn++) add(turn % nodes)
    for (let turn = 0; turn < bound / 4; turn++) add(0)
    for (let turn = 0; turn < bound * 2; turn++) add(turn % nodes)
    const total = all.reduce((sum, { own }) => sum + own, 0)
    t.equal(total, bound, `${nodes} nodes`)
    t.ok(tellings <= most, `${nodes} nodes tell ${tellings} times`)
  }
})
