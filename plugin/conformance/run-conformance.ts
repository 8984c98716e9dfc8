import assert from 'node:assert/strict'
import type { Ability, CheckContext, ConformanceBroker, ConformanceCheck } from './check.js'
import { addressChecks } from './checks/address-checks.js'
import { answerChecks } from './checks/answer-checks.js'
import { brokerChecks } from './checks/broker-checks.js'
import { commandChecks } from './checks/command-checks.js'
import { deliveryChecks } from './checks/delivery-checks.js'
import { faultChecks } from './checks/fault-checks.js'
import { recoveryChecks } from './checks/recovery-checks.js'
import { sessionChecks } from './checks/session-checks.js'
import type { ConformanceNode, ConformanceNodeSettings } from './conformance-node.js'
import { openClient, type SuiteClient, waitFor } from './suite-client.js'

/*
 * `testConformance()`: runs the checks that an adapter is up to, for any test runner.
 */

/** How the suite starts nodes with an adapter. */
export interface ConformanceSetup {
  /** Starts a node, e.g. with `startLocalNode()` or `connectNode()`. */
  startNode(settings: ConformanceNodeSettings): Promise<ConformanceNode>
  /**
   * What the checks may do to the broker.
   * @defaultValue nothing: the adapter must lack `restart`, `reset`, `partition` and `foreign entries`
   */
  broker?: Partial<ConformanceBroker>
  /**
   * What the adapter can't do. The checks that need it are left out.
   * @defaultValue `[]`
   */
  lacks?: readonly Ability[]
}

/** Declares a test: `test` of `node:test`, or of another runner. Tests must run one after another. */
export type DeclareTest = (name: string, run: () => Promise<void>) => unknown

const CHECKS: readonly ConformanceCheck[] = [
  ...deliveryChecks,
  ...addressChecks,
  ...answerChecks,
  ...commandChecks,
  ...recoveryChecks,
  ...sessionChecks,
  ...faultChecks,
  ...brokerChecks,
]

const SETTINGS: ConformanceNodeSettings = { field: 'text' }
/** Between two emits of `settle()`, in milliseconds. */
const SETTLE_MS = 20

/**
 * Declares a test for each check of the suite. The first one starts the nodes, the last one closes them.
 *
 * @param test - declares a test
 * @param setup - how nodes are started, and what the adapter lacks
 * @returns the names of the checks that are left out, because of what the adapter lacks
 *
 * @example
 * import { test } from 'node:test'
 * import { startLocalNode, testConformance } from 'fastify-namespaces/conformance'
 *
 * testConformance(test, {
 *   startNode: (settings) => startLocalNode(build, settings),
 *   lacks: ['processes', 'restart', 'reset', 'partition', 'foreign entries'],
 * })
 */
export function testConformance(test: DeclareTest, { startNode, broker = {}, lacks = [] }: ConformanceSetup): string[] {
  const nodes: ConformanceNode[] = []
  const chosen = CHECKS.filter(({ needs }) => !needs.some((ability) => lacks.includes(ability)))
  let addresses = 0

  test('nodes start and listen', async () => {
    nodes.push(await startNode(SETTINGS))
    nodes.push(lacks.includes('nodes') ? (nodes[0] as ConformanceNode) : await startNode(SETTINGS))
  })
  for (const { name, run } of chosen) {
    test(name, async () => {
      const [one, two] = nodes as [ConformanceNode, ConformanceNode]
      const ends: (() => unknown)[] = []
      const address = `/rooms/${++addresses}`
      const context: CheckContext = {
        one,
        two,
        broker: broker as ConformanceBroker,
        address,
        async startNode(settings = SETTINGS) {
          const node = await startNode(settings)
          ends.push(() => node.close())
          return node
        },
        async join(node, { address: other = address, ...options } = {}) {
          const client = await openClient(node, other, options)
          ends.push(() => client.close())
          await client.connected()
          return client
        },
        settle: (clients, from = [one, two]) => settle(address, clients, from),
      }
      try {
        await run(context)
      } finally {
        for (const end of ends.reverse()) await end()
      }
    })
  }
  test('no node had an uncaught error, and every node closes', async () => {
    const open = new Set(nodes)
    for (const node of open) assert.deepEqual(await node.call('faults'), [])
    for (const node of open) await node.close()
  })
  return CHECKS.filter((check) => !chosen.includes(check)).map(({ name }) => name)
}

/** Waits until subscriptions are in place: what each node emits arrives at all clients. Then nothing of it is still on its way. */
async function settle(
  address: string,
  clients: readonly SuiteClient[],
  nodes: readonly ConformanceNode[],
): Promise<void> {
  for (const [index, node] of nodes.entries()) {
    const isHeard = (mark: string) => clients.every((client) => client.isWarm(mark))
    const mark = `${performance.now()} ${index}`
    await waitFor(`the emits of node ${index} arrive at ${address}`, async () => {
      await node.call('emit', address, 'warm', mark)
      await new Promise((resolve) => setTimeout(resolve, SETTLE_MS))
      return isHeard(mark)
    })
    // The emits of one node arrive in order, and this is the last one.
    await node.call('emit', address, 'warm', `${mark} end`)
    await waitFor(`the last emit of node ${index} arrives at ${address}`, () => isHeard(`${mark} end`))
  }
}
