import { mock } from 'node:test'
import t, { type Test } from 'tap'
import { LogKeeper } from '../../../../plugin/adapters/cluster/log-keeper.js'
import { NodeLeases } from '../../../../plugin/adapters/nodes/node-leases.js'
import { OWN_LEASES, type PlaceLeases } from '../../../../plugin/shared/place-leases.js'
import { PlaceFeed, type PlaceFeedOptions } from '../../../../plugin/sockets/feeds/place-feed.js'
import { startNode } from '../../adapters/cluster.js'
import { until, withResolvers } from '../../harness.js'

/*
 * The feed of one place on each of several nodes, over a broker in this process. The clock is the test's.
 */

const PLACE = '/stocks/acme'

/** The feed of one node, and what it did. */
function startFeed(t: Test, leases: PlaceLeases, clock: { ms: number }, more: Partial<PlaceFeedOptions> = {}) {
  const events: string[] = []
  const lines: Record<string, unknown>[] = []
  const clients = { here: true }
  const feed = new PlaceFeed({
    place: PLACE,
    leases,
    hasClients: () => clients.here,
    graceMs: 0,
    start: () => void events.push('first'),
    end: ({ aborted }) => void events.push(aborted ? 'last' : 'last, without an abort'),
    over: () => void events.push('over'),
    log: { error: (fields, msg) => void lines.push({ ...fields, msg }) },
    now: () => clock.ms,
    ...more,
  })
  const ended = feed.run()
  // No timer of a feed keeps its process alive.
  const alive = setInterval(() => {}, 1_000)
  t.teardown(() => {
    clearInterval(alive)
    feed.close()
    return ended
  })
  const leave = () => {
    clients.here = false
    feed.count()
  }
  const come = () => {
    clients.here = true
    feed.count()
  }
  return { feed, events, lines, ended, leave, come }
}

/** Two nodes of a cluster, each with its leases, and a clock that is the broker's, too. The first one may have a clock of its own. */
async function startNodes(t: Test, own?: { ms: number }) {
  const clock = { ms: 0 }
  const keeper = new LogKeeper({ now: () => clock.ms })
  const start = async (at = clock) => {
    const { node, connection } = await startNode(t, keeper)
    const { messages } = node
    const leases = new NodeLeases({
      messages,
      broker: connection,
      connections: () => node.connections,
      now: () => at.ms,
    })
    return { node, connection, leases }
  }
  const nodes = [await start(own), await start()] as const
  await until(() => nodes.every(({ node }) => node.alive.length === 1))
  return { clock, nodes }
}

/** Ticks until a condition holds, as the time between two ticks is not the subject. */
async function untilTicked(feed: PlaceFeed, holds: () => boolean): Promise<void> {
  await until(() => {
    feed.tick()
    return holds()
  })
}

t.test('a feed runs from the first client until the last one has left', async (t) => {
  const { events, ended, leave } = startFeed(t, OWN_LEASES, { ms: 0 })
  await until(() => events.length > 0)
  t.strictSame(events, ['first'])
  leave()
  await ended
  t.strictSame(events, ['first', 'last', 'over'])
})

t.test(
  'of two nodes one runs the feed, until its own clients have left: then the other does, once it has heard',
  async (t) => {
    const { clock, nodes } = await startNodes(t)
    const one = startFeed(t, nodes[0].leases, clock)
    await until(() => one.events.length > 0)
    const two = startFeed(t, nodes[1].leases, clock)
    nodes[1].leases.onReleased((place) => {
      t.equal(place, PLACE)
      // The lease has ended by the broker's clock, too.
      clock.ms += 5
      two.feed.wake()
    })
    for (let ms = 0; ms < 20_000; ms += 2_000) {
      clock.ms += 2_000
      one.feed.tick()
      two.feed.tick()
      await new Promise(setImmediate)
    }
    t.strictSame(one.events, ['first'], 'it is prolonged')
    t.strictSame(two.events, [])
    one.leave()
    await until(() => two.events.length > 0)
    t.strictSame(one.events, ['first', 'last', 'over'])
    t.strictSame(two.events, ['first'])
  },
)

t.test('a node that stands still loses its lease to another one, and stops its feed as soon as it wakes', async (t) => {
  const { clock, nodes } = await startNodes(t)
  const one = startFeed(t, nodes[0].leases, clock)
  await until(() => one.events.length > 0)
  const two = startFeed(t, nodes[1].leases, clock)
  clock.ms += 7_999
  two.feed.tick()
  await new Promise(setImmediate)
  t.strictSame(two.events, [], 'the lease is still that of the first one')
  // It asks every two seconds whether the first one lives.
  clock.ms += 2_000
  await untilTicked(two.feed, () => two.events.length > 0)
  t.strictSame(one.events, ['first'], 'it sleeps')
  one.feed.tick()
  await until(() => one.events.length > 1)
  t.strictSame(one.events, ['first', 'last'])
  one.feed.tick()
  two.feed.tick()
  await new Promise(setImmediate)
  t.strictSame([one.events, two.events], [['first', 'last'], ['first']], 'what it gave back was not its own any more')
})

t.test('a node that is cut off from its broker stops its feed before another one can begin', async (t) => {
  const { clock, nodes } = await startNodes(t)
  const one = startFeed(t, nodes[0].leases, clock)
  await until(() => one.events.length > 0)
  nodes[0].connection.cut()
  clock.ms += 4_999
  one.feed.tick()
  await new Promise(setImmediate)
  t.strictSame(one.events, ['first'], 'for a while nothing is lost')
  clock.ms += 1
  one.feed.tick()
  await until(() => one.events.length > 1)
  const two = startFeed(t, nodes[1].leases, clock)
  await new Promise(setImmediate)
  t.strictSame([one.events, two.events], [['first', 'last'], []])
  nodes[0].connection.restore()
  await untilTicked(one.feed, () => one.events.length > 2)
  t.strictSame([one.events, two.events], [['first', 'last', 'first'], []], 'it is back, and nobody was faster')
})

t.test(
  'a node whose clock stood still with it stops its feed when it hears that another one has the lease',
  async (t) => {
    const own = { ms: 0 }
    const { clock, nodes } = await startNodes(t, own)
    const one = startFeed(t, nodes[0].leases, own)
    await until(() => one.events.length > 0)
    clock.ms += 8_000
    const two = startFeed(t, nodes[1].leases, clock)
    await until(() => two.events.length > 0)
    own.ms += 2_000
    one.feed.tick()
    await until(() => one.events.length > 1)
    t.strictSame([one.events, two.events], [['first', 'last'], ['first']])
  },
)

t.test('clients that are back within the grace find the feed as it was', async (t) => {
  mock.timers.enable({ apis: ['setTimeout'] })
  t.teardown(() => mock.timers.reset())
  const { feed, events, leave, come, ended } = startFeed(t, OWN_LEASES, { ms: 0 }, { graceMs: 1_000 })
  await until(() => events.length > 0)
  leave()
  mock.timers.tick(999)
  feed.tick()
  come()
  mock.timers.tick(10_000)
  leave()
  mock.timers.tick(999)
  t.strictSame(events, ['first'])
  mock.timers.tick(1)
  await ended
  t.strictSame(events, ['first', 'last', 'over'])
})

t.test('clients that come while the feed is being stopped get it started again, after it has ended', async (t) => {
  const { promise, resolve } = withResolvers()
  const events: string[] = []
  const { leave, come } = startFeed(
    t,
    OWN_LEASES,
    { ms: 0 },
    {
      start: () => void events.push('first'),
      end: async () => {
        events.push('last')
        await promise
        events.push('ended')
      },
    },
  )
  await until(() => events.length === 1)
  leave()
  await until(() => events.length === 2)
  come()
  t.strictSame(events, ['first', 'last'])
  resolve()
  await until(() => events.length === 4)
  t.strictSame(events, ['first', 'last', 'ended', 'first'])
})

t.test('a node whose clients leave while it asks for the lease gives it back, and starts nothing', async (t) => {
  const { promise, resolve } = withResolvers<number>()
  const released: string[] = []
  const leases = {
    ...OWN_LEASES,
    claim: () => promise,
    release: async (place: string) => void released.push(place),
  }
  const { feed, events, ended } = startFeed(t, leases, { ms: 0 })
  feed.close()
  resolve(Number.POSITIVE_INFINITY)
  await ended
  t.strictSame(events, ['over'])
  t.strictSame(released, [PLACE, PLACE])
})

t.test('a node that hears that a lease is free while it asks asks again', async (t) => {
  const answers = [withResolvers<number>(), withResolvers<number>()]
  let asked = 0
  const claim = () => (answers[asked++] as (typeof answers)[0]).promise
  const { feed, events } = startFeed(t, { ...OWN_LEASES, claim }, { ms: 0 })
  feed.wake()
  answers[0]?.resolve(0)
  answers[1]?.resolve(Number.POSITIVE_INFINITY)
  await until(() => events.length > 0)
  t.strictSame([events, asked], [['first'], 2])
})

t.test('a node whose clients are back asks at once for a lease that was free meanwhile', async (t) => {
  let usableUntil = 0
  const claim = async () => usableUntil
  const { feed, events, leave, come } = startFeed(t, { ...OWN_LEASES, claim }, { ms: 0 }, { graceMs: 60_000 })
  await new Promise(setImmediate)
  leave()
  usableUntil = Number.POSITIVE_INFINITY
  feed.wake()
  await new Promise(setImmediate)
  t.strictSame(events, [], 'without clients it needs none')
  come()
  await until(() => events.length > 0)
  t.strictSame(events, ['first'])
})

t.test('a lease that comes too late to be used is given back', async (t) => {
  const released: string[] = []
  const release = async (place: string) => void released.push(place)
  const { feed, events, ended } = startFeed(t, { ...OWN_LEASES, claim: async () => 5_000, release }, { ms: 5_000 })
  feed.close()
  await ended
  t.strictSame([events, released], [['over'], [PLACE]])
})

t.test('a node that has not got the lease asks for it no more when its clients have left', async (t) => {
  const { promise, resolve } = withResolvers<number>()
  const { feed, events, ended } = startFeed(t, { ...OWN_LEASES, claim: () => promise }, { ms: 0 })
  feed.close()
  resolve(0)
  await ended
  t.strictSame(events, ['over'])
})

t.test('an onFirst that fails is logged, and tried again after a time that doubles, up to a minute', async (t) => {
  const clock = { ms: 0 }
  let starts = 0
  const { feed, events, lines } = startFeed(t, OWN_LEASES, clock, {
    start: () => {
      starts++
      throw new Error('no such stock')
    },
  })
  const expected = [1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000]
  for (const [at, retryMs] of expected.entries()) {
    await until(() => lines.length > at)
    t.match(lines[at], { msg: 'onFirst failed', retryMs, err: { message: 'no such stock' } })
    clock.ms += retryMs - 1
    feed.tick()
    await new Promise(setImmediate)
    t.equal(starts, at + 1, 'not yet')
    clock.ms += 1
    await untilTicked(feed, () => starts > at + 1)
  }
  t.strictSame(events, [], 'what has not begun is not ended')
})

t.test('a node on which onFirst has failed gives the lease to another one', async (t) => {
  const { clock, nodes } = await startNodes(t)
  const fail = { start: () => Promise.reject(new Error('no network')) }
  const one = startFeed(t, nodes[0].leases, clock, fail)
  await until(() => one.lines.length > 0)
  clock.ms += 5
  const two = startFeed(t, nodes[1].leases, clock)
  await untilTicked(two.feed, () => {
    clock.ms += 1
    return two.events.length > 0
  })
  t.strictSame([one.events, two.events], [[], ['first']])
})

t.test('a feed that fails after it has run for more than a minute is tried again after a second', async (t) => {
  const clock = { ms: 0 }
  const ends: ((error: unknown) => void)[] = []
  const { feed, lines } = startFeed(t, OWN_LEASES, clock, {
    start: () => new Promise((_resolve, reject) => void ends.push(reject)),
  })
  for (const [at, [ranMs, retryMs]] of [
    [0, 1_000] as const,
    [60_000, 2_000] as const,
    [60_001, 1_000] as const,
  ].entries()) {
    await untilTicked(feed, () => ends.length > at)
    clock.ms += ranMs
    ends[at]?.(new Error('gone'))
    await until(() => lines.length > at)
    t.match(lines[at], { retryMs })
    clock.ms += retryMs
  }
})

t.test(
  'an onFirst that ends because it was stopped has not failed; any other error of its end is logged',
  async (t) => {
    const expected: [unknown, unknown[]][] = [
      ['the reason', []],
      [Object.assign(new Error('The operation was aborted'), { name: 'AbortError' }), []],
      [new Error('could not sign out'), [{ msg: 'onFirst failed when it was stopped' }]],
      ['not an error', [{ msg: 'onFirst failed when it was stopped' }]],
    ]
    for (const [error, logged] of expected) {
      const { events, lines, ended, leave } = startFeed(
        t,
        OWN_LEASES,
        { ms: 0 },
        {
          start: (signal) => {
            events.push('first')
            return new Promise((_resolve, reject) => {
              signal.addEventListener('abort', () => reject(error === 'the reason' ? signal.reason : error))
            })
          },
        },
      )
      await until(() => events.length > 0)
      leave()
      await ended
      t.strictSame(events, ['first', 'last', 'over'])
      t.match(lines, logged)
      t.equal(lines.length, logged.length)
    }
  },
)

t.test('an onLast that fails is logged', async (t) => {
  const { lines, ended, feed, events } = startFeed(
    t,
    OWN_LEASES,
    { ms: 0 },
    {
      end: () => {
        throw new Error('too late')
      },
    },
  )
  await until(() => events.length > 0)
  feed.close()
  await ended
  t.match(lines, [{ msg: 'onLast failed', err: { message: 'too late' } }])
})

t.test('onFirst and onLast have ten seconds to end; then the feed is over without them', async (t) => {
  mock.timers.enable({ apis: ['setTimeout'] })
  t.teardown(() => mock.timers.reset())
  const never = new Promise(() => {})
  let calls = 0
  const { lines, ended, feed } = startFeed(
    t,
    OWN_LEASES,
    { ms: 0 },
    {
      start: () => {
        calls++
        return never
      },
      end: () => {
        calls++
        return never
      },
    },
  )
  await until(() => calls === 1)
  feed.close()
  for (const name of ['onFirst', 'onLast']) {
    await new Promise(setImmediate)
    mock.timers.tick(9_999)
    await new Promise(setImmediate)
    t.notMatch(lines.at(-1), { err: { message: `${name} has not ended 10000 ms after the feed was stopped` } })
    mock.timers.tick(1)
    await until(() => lines.length === (name === 'onFirst' ? 1 : 2))
    t.match(lines.at(-1), {
      msg: 'a feed goes on',
      err: { message: `${name} has not ended 10000 ms after the feed was stopped` },
    })
  }
  await ended
})
