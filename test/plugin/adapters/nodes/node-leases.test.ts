import t from 'tap'
import type { Broker } from '../../../../plugin/adapters/broker.js'
import { KeeperConnection } from '../../../../plugin/adapters/cluster/keeper-connection.js'
import { LogKeeper } from '../../../../plugin/adapters/cluster/log-keeper.js'
import { NodeLeases } from '../../../../plugin/adapters/nodes/node-leases.js'
import { NodeMessages } from '../../../../plugin/adapters/nodes/node-messages.js'
import { withResolvers } from '../../harness.js'

/*
 * The leases of places on several nodes, over a broker in this process. The clock is the test's, for the nodes and the broker.
 */

/** A broker, and a function that adds a node to it. */
function startBroker() {
  const clock = { ms: 0 }
  const keeper = new LogKeeper({ now: () => clock.ms })
  let nodes = 0
  const written = new Set<string>()
  async function addNode() {
    const id = `node-${nodes++}`
    const connection = new KeeperConnection(keeper, id, 60_000)
    const commands: string[] = []
    let connections = 0
    const messages = new NodeMessages({ node: id, send: (to, body) => connection.send(to, body), report: () => {} })
    await connection.open({
      receiveEntry: () => {},
      receiveMessage: (body) => messages.receive(body),
      lost: () => {},
      connected: () => void connections++,
      resumed: () => {},
    })
    const count =
      <Args extends unknown[], Result>(name: string, run: (...args: Args) => Result) =>
      (...args: Args) => {
        commands.push(name)
        return run.apply(connection, args)
      }
    const broker = {
      putSession: count('put', (...args: Parameters<Broker['putSession']>) => {
        written.add(args[0])
        return connection.putSession(...args)
      }),
      readSession: count('read', connection.readSession),
      keepSessions: count('keep', connection.keepSessions),
    }
    const leases = new NodeLeases({ messages, broker, connections: () => connections, now: () => clock.ms })
    const released: string[] = []
    leases.onReleased((place) => released.push(place))
    return { leases, connection, broker, commands, released }
  }
  /** Loses what was written. */
  const loseAll = () => {
    for (const id of written) keeper.sessions.take(id)
  }
  return { clock, addNode, loseAll }
}

const PLACES = Array.from({ length: 1_000 }, (_, at) => `/stocks/${at}`)

t.test('of two nodes one has a place, and may use its lease for five seconds', async (t) => {
  const { clock, addNode } = startBroker()
  const [one, two] = [await addNode(), await addNode()]
  clock.ms = 1_000
  t.strictSame(await Promise.all([one.leases.claim('/a'), two.leases.claim('/a')]), [6_000, 0])
  t.strictSame(await Promise.all([one.leases.claim('/b'), two.leases.claim('/c')]), [6_000, 6_000])
  clock.ms = 2_000
  t.equal(await one.leases.claim('/a'), 6_000, 'since the broker was asked')
  clock.ms = 3_000
  t.equal(await one.leases.claim('/a'), 8_000)
})

t.test('however many places a node has, or waits for, it asks the broker one thing every two seconds', async (t) => {
  const { clock, addNode } = startBroker()
  const [one, two] = [await addNode(), await addNode()]
  const claim = () =>
    Promise.all([one, two].map(({ leases }) => Promise.all(PLACES.map((place) => leases.claim(place)))))
  await claim()
  for (const { commands } of [one, two]) commands.length = 0
  for (let ticks = 0; ticks < 7; ticks++) {
    clock.ms += 2_000
    const [ours, theirs] = await claim()
    t.ok(ours?.every((until) => until === clock.ms + 5_000))
    t.ok(theirs?.every((until) => until === 0))
  }
  t.strictSame(one.commands, Array(7).fill('keep'))
  t.strictSame(two.commands, Array(7).fill(['keep', 'read']).flat(), 'and whether the other one lives')
  let most = 0
  for (let ticks = 7; ticks < 15; ticks++) {
    const before = one.commands.length
    clock.ms += 2_000
    await claim()
    most = Math.max(most, one.commands.length - before)
  }
  t.equal(
    one.commands.filter((name) => name === 'put').length,
    PLACES.length,
    'and about each place every thirty seconds',
  )
  t.ok(most < PLACES.length / 3, 'not about all at once')
})

t.test('a lease outlives what the broker keeps of it', async (t) => {
  const { clock, addNode } = startBroker()
  const [one, two] = [await addNode(), await addNode()]
  for (let ticks = 0; ticks < 200; ticks++) {
    t.equal(await one.leases.claim('/a'), clock.ms + 5_000)
    t.equal(await two.leases.claim('/a'), 0)
    clock.ms += 2_000
  }
})

t.test('the places of a node that is silent for eight seconds go to those that ask, each to one', async (t) => {
  const { clock, addNode } = startBroker()
  const [one, two, three] = [await addNode(), await addNode(), await addNode()]
  await one.leases.claim('/a')
  await two.leases.claim('/a')
  clock.ms = 7_999
  t.equal(await two.leases.claim('/a'), 0)
  clock.ms += 2_000
  t.strictSame((await Promise.all([three, two].map(({ leases }) => leases.claim('/a')))).toSorted(), [0, 14_999])
  t.equal(await one.leases.claim('/a'), 0, 'it has none any more')
  await one.leases.release('/a')
  t.strictSame((await Promise.all([three, two].map(({ leases }) => leases.claim('/a')))).toSorted(), [0, 14_999])
})

t.test('a node that was silent has again what nobody has taken', async (t) => {
  const { clock, addNode } = startBroker()
  const [one, two] = [await addNode(), await addNode()]
  await one.leases.claim('/a')
  clock.ms = 8_000
  t.equal(await one.leases.claim('/a'), 13_000)
  t.equal(await two.leases.claim('/a'), 0)
})

t.test('a lease that is given back is free, and the other nodes hear of it', async (t) => {
  const { clock, addNode } = startBroker()
  const [one, two] = [await addNode(), await addNode()]
  await one.leases.claim('/a')
  t.equal(await two.leases.claim('/a'), 0)
  await two.leases.release('/a')
  t.equal(await two.leases.claim('/a'), 0, 'another node can not give it back')
  await one.leases.release('/a')
  await new Promise(setImmediate)
  t.strictSame([one.released, two.released], [[], ['/a']])
  clock.ms += 1
  t.equal(await two.leases.claim('/a'), 5_000)
  await one.leases.release('/a')
  t.equal(await one.leases.claim('/a'), 0, 'nor one that has had it')
})

t.test('a place that is given back while a node asks is free when it asks again', async (t) => {
  const { clock, addNode } = startBroker()
  const [one, two] = [await addNode(), await addNode()]
  await one.leases.claim('/a')
  const { readSession } = two.broker
  two.broker.readSession = (id) => {
    clock.ms += 1
    return readSession(id)
  }
  const released = one.leases.release('/a')
  t.equal(await two.leases.claim('/a'), 0)
  await released
  t.not(await two.leases.claim('/a'), 0)
})

t.test('after a loss of the connection, each place is asked about again', async (t) => {
  const { clock, addNode } = startBroker()
  const [one, two] = [await addNode(), await addNode()]
  await one.leases.claim('/a')
  await two.leases.claim('/a')
  two.connection.cut()
  await t.rejects(two.leases.claim('/b'), 'without the broker nobody knows')
  // It is not told.
  await one.leases.release('/a')
  clock.ms += 1
  two.connection.restore()
  t.equal(await two.leases.claim('/a'), 5_000)
})

t.test('a broker that has lost everything has the leases of those that ask first', async (t) => {
  const { clock, addNode, loseAll } = startBroker()
  const [one, two] = [await addNode(), await addNode()]
  await one.leases.claim('/a')
  await two.leases.claim('/b')
  loseAll()
  clock.ms += 2_000
  t.equal(await two.leases.claim('/a'), 7_000)
  t.equal(await one.leases.claim('/a'), 0)
  t.equal(await one.leases.claim('/b'), 7_000)
  t.equal(await two.leases.claim('/b'), 0)
})

t.test('a node whose broker is slow has one lease', async (t) => {
  const { clock, addNode } = startBroker()
  const [one, two] = [await addNode(), await addNode()]
  const { putSession } = one.broker
  const slow = withResolvers()
  one.broker.putSession = async (...args) => {
    await slow.promise
    return putSession(...args)
  }
  const first = one.leases.claim('/a')
  clock.ms += 3_000
  const second = one.leases.claim('/b')
  slow.resolve()
  t.strictSame(await Promise.all([first, second]), [5_000, 5_000], 'since it was asked')
  t.equal(await two.leases.claim('/a'), 0)
  t.strictSame(one.commands, ['put', 'put', 'put'])
})
