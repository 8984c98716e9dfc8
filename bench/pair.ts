import { type Child, startChild } from './child.js'
import type { Contender } from './contenders.js'
import type { Cores } from './cores.js'
import type { Order } from './load.js'
import type { Scenario } from './scenarios.js'

/*
 * A contender's server, and the load that drives it.
 */

/** What a server says when it is there. */
export interface Greeting {
  readonly port: number
  readonly startMs: number
  /** Microseconds. */
  readonly startCpu: number
}

export interface Pair {
  readonly server: Child
  readonly load: Child
  stop(): Promise<void>
}

export async function startServer(contender: Contender, scenario: Scenario, cores: Cores): Promise<Child> {
  return startChild({
    file: '.built/server.js',
    args: [new URL(contender.file, import.meta.url).href, JSON.stringify(scenario)],
    core: cores.server,
    nodeOptions: scenario.kind === 'heap' ? ['--expose-gc'] : [],
  })
}

/** Starts both; the load has not connected yet. */
export async function startPair(contender: Contender, scenario: Scenario, cores: Cores): Promise<Pair> {
  const server = await startServer(contender, scenario, cores)
  const { port } = server.greeting as Greeting
  const { dialect, hasEnvelope } = contender
  const order: Order = { port, dialect, hasEnvelope, scenario }
  const load = await startChild({ file: '.built/load.js', args: [JSON.stringify(order)], core: cores.load })
  return {
    server,
    load,
    async stop() {
      await Promise.all([load.stop(), server.stop()])
    },
  }
}
