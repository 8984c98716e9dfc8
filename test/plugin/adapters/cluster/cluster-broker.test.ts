import cluster from 'node:cluster'
import { EventEmitter } from 'node:events'
import t, { type Test } from 'tap'
import type { BrokerSettings, PlacedEntry } from '../../../../plugin/adapters/broker.js'
import { createClusterBroker } from '../../../../plugin/adapters/cluster/cluster-broker.js'
import { servePrimary } from '../../../../plugin/adapters/cluster/cluster-primary.js'
import { LogKeeper } from '../../../../plugin/adapters/cluster/log-keeper.js'
import { ServedWorker } from '../../../../plugin/adapters/cluster/served-worker.js'
import { setupPrimary } from '../../../../plugin/cluster.js'
import { until } from '../../harness.js'

/*
 * The broker of a worker, and the primary that serves it, in one process. What they say is serialized, as between two.
 * test/cluster/ has them in several processes.
 */

/** The ends of a channel, each of which hears what the other sends. */
class ChannelEnd extends EventEmitter {
  other!: ChannelEnd
  /** While it does not take anything, what was sent waits. */
  isStopped = false
  #waiting: (() => void)[] = []

  send(message: object, callback: (error: Error | null) => void): boolean {
    const take = () => {
      this.other.emit('message', JSON.parse(JSON.stringify(message)))
      callback(null)
    }
    if (this.isStopped) this.#waiting.push(take)
    else setImmediate(take)
    return true
  }

  start(): void {
    this.isStopped = false
    for (const take of this.#waiting.splice(0)) take()
  }
}

function createChannel() {
  const [primary, worker] = [new ChannelEnd(), new ChannelEnd()]
  primary.other = worker
  worker.other = primary
  return { primary, worker }
}

let nodes = 0

/** A worker's broker, which is closed with its test, and what it has told. */
function createBroker(t: Test, worker: ChannelEnd | object, settings: Partial<BrokerSettings> = {}) {
  const entries: (PlacedEntry & { log: number })[] = []
  const [messages, losses, resumed, warnings]: string[][] = [[], [], [], []] as [string[], string[], string[], string[]]
  const node = `node${++nodes}`
  const all = { node, prefix: 'test', windowMs: 60_000, connectTimeoutMs: 10_000, waitForBroker: false, ...settings }
  const broker = createClusterBroker({ ...all, warn: (message) => void warnings?.push(message) }, worker as never)
  t.teardown(() => broker.close())
  const receiver = {
    receiveEntry: (log: number, entry: PlacedEntry) => void entries.push({ log, ...entry }),
    receiveMessage: (body: string) => void messages?.push(body),
    lost: ({ message }: Error) => void losses?.push(message),
    connected: () => {},
    resumed: (log: number, continuity: string) => void resumed?.push(`${log} ${continuity}`),
  }
  return { broker, node: all.node, entries, messages, losses, resumed, warnings, open: () => broker.open(receiver) }
}

/** Workers of one keeper. */
async function startWorkers(t: Test, count: number, mostPending?: number) {
  const keeper = new LogKeeper()
  const workers = Array.from({ length: count }, () => {
    const { primary, worker } = createChannel()
    const served = new ServedWorker(primary, () => keeper, mostPending)
    primary.on('message', (message) => served.receive(message))
    return { ...createBroker(t, worker), primary, worker, served }
  })
  await Promise.all(workers.map(({ open }) => open()))
  return workers
}

type Worker = Awaited<ReturnType<typeof startWorkers>>[number]

t.test('workers read the entries of a log in one order', async (t) => {
  const [one, two] = (await startWorkers(t, 2)) as [Worker, Worker]
  t.equal(one.broker.kind, 'cluster')
  t.equal(one.broker.isConnected, true)
  t.equal(await one.broker.follow(3), '0')
  await two.broker.follow(3)
  const appends = [one, two, one].map(({ broker, node }, index) =>
    broker.append(3, { node, number: index + 1, body: `${index}` }),
  )
  await Promise.all(appends)
  await until(() => one.entries.length === 3 && two.entries.length === 3)
  t.strictSame(one.entries, two.entries)
  t.match(await one.broker.read(3, '1', 1), { entries: [{ position: '2' }], hasGap: false })
  one.broker.unfollow(3)
  await two.broker.append(3, { node: two.node, number: 9, body: '' })
  await until(() => two.entries.length === 4)
  t.equal(one.entries.length, 3)
})

t.test('messages, sessions and epochs pass through the primary', async (t) => {
  const [one, two] = (await startWorkers(t, 2)) as [Worker, Worker]
  one.broker.send(two.node, 'to one')
  one.broker.send(undefined, 'to all')
  await until(() => two.messages.length === 2 && one.messages.length === 1)
  t.strictSame(two.messages, ['to one', 'to all'])

  await one.broker.putSession('a', 'text', 60_000, '')
  t.strictSame(await one.broker.keepSessions(['a', 'unknown'], 60_000), ['unknown'])
  t.strictSame(await Promise.all([one, two].map(({ broker }) => broker.takeSession('a'))), ['text', undefined])
  t.equal(await one.broker.putSession('held', 'two', 60_000, 'two'), true)
  t.equal(await one.broker.putSession('held', 'one', 60_000, 'one'), false)
  t.equal(await one.broker.takeSession('held'), 'two')
  await one.broker.putSession('b', 'text', 60_000, '')
  t.equal(await two.broker.readSession('b'), 'text')
  await two.broker.dropSession('b')
  t.equal(await one.broker.readSession('b'), undefined)

  const epoch = await one.broker.epoch()
  t.equal(await two.broker.epoch(), epoch)
  t.not(await two.broker.renewEpoch(epoch), epoch)
})

t.test('a worker that takes nothing is cut off, and gets what it has missed once it takes it', async (t) => {
  const [slow, other] = (await startWorkers(t, 2, 1_000)) as [Worker, Worker]
  await slow.broker.follow(0)
  slow.primary.isStopped = true
  const bodies = Array.from({ length: 20 }, (_, index) => `${index}${'x'.repeat(200)}`)
  for (const [index, body] of bodies.entries())
    await other.broker.append(0, { node: other.node, number: index + 1, body })
  other.broker.send(slow.node, 'lost')
  slow.broker.append(0, { node: slow.node, number: 1, body: '' }).catch(() => {})
  slow.primary.start()
  await until(() => slow.entries.length === 20 && slow.broker.isConnected)
  t.strictSame(
    slow.entries.map(({ body }) => body),
    bodies,
  )
  t.ok(slow.losses.length > 0)
  t.equal(slow.resumed[0], '0 continuous')
  t.strictSame(slow.messages, [])
})

t.test('what a worker sends ends nothing in the primary', async (t) => {
  const [{ broker, worker, node, entries }] = (await startWorkers(t, 1)) as [Worker]
  await broker.follow(0)
  const send = (fastifyNamespaces: unknown) => worker.send({ fastifyNamespaces }, () => {})
  const garbage = [
    null,
    7,
    'x',
    [],
    {},
    { node: 7 },
    { node: 'x'.repeat(201) },
    { node: 'unknown', call: 'epoch', id: 1 },
  ]
  for (const item of [...garbage, garbage]) send([item])
  for (const value of garbage) send(value)
  const calls: [call: string, args?: unknown][] = [
    ['__proto__', []],
    ['constructor', []],
    ['epoch'],
    ['append', []],
    ['append', [0, null]],
    ['append', [64, { node, number: 1, body: '' }]],
    ['append', [0.5, { node, number: 1, body: '' }]],
    ['append', [0, { node, number: 'x', body: '' }]],
    ['read', [0, 7, 1]],
    ['keepSessions', ['x', 1]],
    ['send', [7, '']],
  ]
  for (const [call, args] of calls) {
    send([{ node, call, args }])
    send([{ node, call, args, id: 999 }])
  }
  send([
    { node: 'one', call: 'open', prefix: 7, windowMs: 1 },
    { node: 'one', call: 'open', prefix: 'x', windowMs: '1' },
  ])
  send([{ node: 'one', call: 'open', prefix: 'x'.repeat(201), windowMs: 1 }])
  send(Array.from({ length: 100 }, (_, index) => ({ node: `node ${index}`, call: 'open', prefix: 'x', windowMs: 1 })))
  send([{ node, call: 'open', prefix: 'again', windowMs: 1 }])
  await broker.append(0, { node, number: 1, body: 'x' })
  await until(() => entries.length === 1)
})

t.test('calls fail while the primary has cut the worker off, and once it is gone', async (t) => {
  const [{ broker, worker, primary, losses }] = (await startWorkers(t, 1)) as [Worker]
  await t.rejects(broker.follow(64), { message: 'not a log' })
  primary.isStopped = true
  const pending = broker.epoch()
  worker.emit('disconnect')
  await t.rejects(pending, { message: 'The primary is gone' })
  t.strictSame(losses, ['The primary is gone'])
  await t.rejects(broker.epoch(), { message: 'The primary is not connected' })
  broker.send(undefined, 'lost')
  worker.emit('disconnect')
  t.equal(losses.length, 1)
})

t.test('a call that waits when the broker is closed is rejected', async (t) => {
  const [{ broker, primary }] = (await startWorkers(t, 1)) as [Worker]
  primary.isStopped = true
  const pending = t.rejects(broker.epoch(), { message: 'The broker was closed' })
  await broker.close()
  await pending
})

t.test('outside of a worker, and without a primary that serves, open() says what to do', async (t) => {
  const outside = createBroker(t, new EventEmitter())
  await t.rejects(outside.open(), {
    code: 'FST_NSP_BROKER_UNREACHABLE',
    message:
      'The broker of adapter.type cluster needs a worker: start this file by cluster.fork(), or leave adapter out',
  })
  const alone = createBroker(t, createChannel().worker, { connectTimeoutMs: 20 })
  await t.rejects(alone.open(), {
    code: 'FST_NSP_BROKER_UNREACHABLE',
    message:
      /was not answered by the primary within 20 ms: call setupPrimary\(\) of 'fastify-namespaces\/cluster' in the primary$/,
  })
  const { worker } = createChannel()
  const left = createBroker(t, worker)
  const opened = left.open()
  worker.emit('disconnect')
  await t.rejects(opened, { message: 'The primary is gone' })
})

t.test('with waitForBroker it is open once the primary serves', async (t) => {
  const { primary, worker } = createChannel()
  let waits = 0
  const { broker, open, warnings } = createBroker(t, worker, {
    connectTimeoutMs: 20,
    waitForBroker: true,
    onWait: () => void waits++,
  })
  const opened = open()
  await until(() => warnings.length === 1)
  t.equal(waits, 1)
  t.equal(broker.isConnected, false)
  const served = new ServedWorker(primary, () => new LogKeeper())
  primary.on('message', (message) => served.receive(message))
  await opened
  t.equal(broker.isConnected, true)
})

/** The module of a primary, whose workers are channels. */
class Primary extends EventEmitter {
  readonly isPrimary = true
  fork(): ChannelEnd {
    const { primary, worker } = createChannel()
    primary.on('message', (message) => this.emit('message', primary, message))
    return worker
  }
}

t.test('the primary has a keeper for each prefix, and forgets a worker that is gone', async (t) => {
  const primary = new Primary()
  servePrimary(primary as never)
  servePrimary(primary as never)
  t.equal(primary.listenerCount('message'), 1)
  const [one, two] = ['a', 'b'].map((prefix) => createBroker(t, primary.fork(), { prefix })) as [
    never,
    never,
  ] as ReturnType<typeof createBroker>[]
  await Promise.all([one?.open(), two?.open()])
  t.not(await one?.broker.epoch(), await two?.broker.epoch())
  const worker = primary.fork()
  const lost = createBroker(t, worker, { prefix: 'a' })
  await lost.open()
  primary.emit('disconnect', worker.other)
  primary.emit('disconnect', worker.other)
  one?.broker.send(lost.node, 'to nobody')
  one?.broker.send(undefined, 'to all')
  await until(() => one?.messages.length === 1)
  t.strictSame(lost.messages, [])

  const epochs = new Set<string>()
  for (let count = 0; count < 70; count++) {
    const { broker, open } = createBroker(t, primary.fork(), { prefix: `invented ${count}` })
    await open()
    epochs.add(await broker.epoch())
  }
  t.equal(epochs.size, 63)
})

t.test('setupPrimary() serves the cluster of this process, and is refused in a worker', async (t) => {
  const before = cluster.listenerCount('message')
  setupPrimary()
  setupPrimary()
  t.equal(cluster.listenerCount('message'), before + 1)
  t.throws(() => servePrimary({ isPrimary: false } as never), {
    code: 'FST_NSP_BROKER_UNREACHABLE',
    message: /is served by the primary: call setupPrimary\(\) only where cluster\.isPrimary$/,
  })
})

t.test('what an entry changes of retained values passes to the primary, and is read from there', async (t) => {
  const [one, two] = (await startWorkers(t, 2)) as [Worker, Worker]
  const change = { set: 's', most: 2, ttlMs: 60_000 }
  const retained = [
    { ...change, key: 'a', value: '1' },
    { ...change, key: 'b', value: '2' },
    { ...change, key: 'a', value: undefined },
  ]
  await two.broker.follow(0)
  await one.broker.append(0, { node: one.node, number: 1, body: '', retained })
  t.strictSame(await two.broker.readRetained(0, ['s']), { end: '1', values: [{ set: 's', key: 'b', value: '2' }] })
  await until(() => two.entries.length === 1)
  t.notOk('retained' in Object(two.entries[0]), 'they are not delivered')
  for (const wrong of [
    7,
    [null],
    [
      { ...change, key: 'a' },
      { ...change, key: 'a', most: '2' },
    ],
  ])
    await t.rejects(one.broker.append(0, { node: one.node, number: 2, body: '', retained: wrong as never }))
  await t.rejects(one.broker.readRetained(0, [7 as never]))
})
