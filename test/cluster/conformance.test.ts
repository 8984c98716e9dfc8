import { type ChildProcess, fork } from 'node:child_process'
import cluster from 'node:cluster'
import { readFile } from 'node:fs/promises'
import t, { type Test } from 'tap'
import {
  type ConformanceNode,
  type ConformanceSetup,
  connectNode,
  nodeEnvironment,
  testConformance,
} from '../../plugin/conformance.js'
import { bundle } from './bundle.js'
import { hasPostgres } from './postgres.js'
import { hasRedis } from './redis.js'
import type { StallingProxy } from './stalling-proxy.js'
import { TESTED, type TestedAdapter } from './tested-adapters.js'
import { BROKERS } from './tested-brokers.js'

/*
 * The conformance suite over real brokers, each node a process.
 */

t.setTimeout(300_000)
// Most of the time is spent on waiting.
t.jobs = 3

const program = await bundle('test/cluster/conformance-node.ts')
cluster.setupPrimary({ exec: program, execArgv: [], serialization: 'advanced' })

async function createSetup(t: Test, tested: TestedAdapter): Promise<ConformanceSetup> {
  const { broker: kind, lacks } = TESTED[tested]
  const broker = await BROKERS[kind](t)
  const proxies = new Map<ConformanceNode, StallingProxy>()
  return {
    lacks,
    async startNode(settings) {
      const { name, proxy } = await broker.connect()
      // tap puts its own loader into NODE_OPTIONS.
      const variables = { NODE_OPTIONS: '', TESTED_ADAPTER: tested, BROKER: name, ...nodeEnvironment(settings) }
      const env = { ...process.env, ...variables }
      const child: ChildProcess = kind === 'primary' ? cluster.fork(env).process : fork(program, { env, execArgv: [] })
      const node = await connectNode(child)
      if (!proxy) return node
      const whole: ConformanceNode = {
        ...node,
        async close() {
          await node.close()
          proxy.close()
        },
      }
      proxies.set(whole, proxy)
      return whole
    },
    broker: {
      ...broker,
      isolate: async (node) => proxies.get(node)?.stall(),
      rejoin: async (node) => proxies.get(node)?.heal(),
    },
  }
}

const skips = {
  redis: !(await hasRedis()) && 'redis-server is not installed',
  postgres: !(await hasPostgres()) && 'PostgreSQL is not installed',
  primary: false,
}

for (const tested of Object.keys(TESTED) as TestedAdapter[]) {
  t.test(tested, { skip: skips[TESTED[tested].broker], buffered: true }, async (t) => {
    testConformance((name, run) => t.test(name, run), await createSetup(t, tested))
  })
}

t.test('docs/scaling.md says what each of them lacks', async (t) => {
  const text = await readFile(new URL('../../docs/scaling.md', import.meta.url), 'utf8')
  const [, section = ''] = /^## What each holds$(.+?)^## /ms.exec(text) ?? []
  const rows = [...section.matchAll(/^\| (`.+) \| (.+) \|$/gm)]
  const said = rows.map(([, name, lacks = '']) => [
    name,
    [...lacks.matchAll(/`([^`]+)`/g)].map(([, ability]) => ability),
  ])
  t.strictSame(
    said,
    Object.values(TESTED).map(({ name, lacks }) => [name, lacks]),
  )
})
