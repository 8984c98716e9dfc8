import Fastify from 'fastify'
import t from 'tap'
import { type BuildNode, startLocalNode, testConformance } from '../../../plugin/conformance.js'
import namespaces from '../../../plugin/index.js'
import { MODE } from '../harness.js'
import { createBus } from './bus-adapter.js'
import { createKeeperSetup } from './keeper-cluster.js'

/*
 * The conformance suite over one node without an adapter, and over two nodes of one process with Socket.IO's own base of adapters.
 */

t.setTimeout(120_000)

const WITHOUT_BROKER = ['processes', 'restart', 'reset', 'partition', 'foreign entries'] as const

t.test('one node, in memory', async (t) => {
  const build: BuildNode = async (options) => {
    const app = Fastify()
    await app.register(namespaces, { ...MODE, ...options })
    return app
  }
  const left = testConformance((name, run) => t.test(name, run), {
    startNode: (settings) => startLocalNode(build, settings),
    lacks: [...WITHOUT_BROKER, 'nodes', 'takeover', 'cold addresses'],
  })
  t.ok(left.includes('a local emit reaches the clients of its node only'))
})

t.test('two nodes, over an adapter on the ClusterAdapter of Socket.IO', async (t) => {
  const adapter = createBus()
  const build: BuildNode = async (options) => {
    const app = Fastify()
    await app.register(namespaces, { ...MODE, ...options, io: { ...options.io, adapter: adapter as never } })
    return app
  }
  testConformance((name, run) => t.test(name, run), {
    startNode: (settings) => startLocalNode(build, settings),
    lacks: [...WITHOUT_BROKER, 'order', 'recovery', 'cold addresses'],
  })
})

t.test('two nodes, over a log keeper', async (t) => {
  testConformance((name, run) => t.test(name, run), createKeeperSetup())
})
