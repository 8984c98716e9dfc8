import { type Child, startChild } from './child.js'
import type { Contender } from './contenders.js'
import type { Cores } from './cores.js'
import type { Scenario } from './scenarios.js'

/*
 * Starts and stops the servers. A quick run keeps them, and uses them again for scenarios with the same options.
 */

/** The first message of a server. */
export interface Greeting {
  readonly port: number
  readonly startMs: number
  /** CPU time in microseconds. */
  readonly startCpu: number
}

export interface Servers {
  /** Starts a server, or returns one that was kept. */
  take(contender: Contender, scenario: Scenario): Promise<Child>
  /** Stops a server, unless it is kept. */
  give(server: Child): Promise<void>
  /** Stops the servers that were kept. */
  stop(): Promise<void>
}

export function createServers(cores: Cores, isKept: boolean): Servers {
  const kept = new Map<string, Promise<Child>>()
  return {
    async take(contender, scenario) {
      const { hasHook, hasEverything, isUndeclared, namespaces } = scenario
      const key = JSON.stringify([contender.name, hasHook, hasEverything, isUndeclared, namespaces])
      const isFresh = !isKept || scenario.kind === 'heap' || scenario.kind === 'startup'
      const server = (!isFresh && kept.get(key)) || startServer(contender, scenario, cores)
      if (!isFresh) kept.set(key, server)
      return server
    },
    async give(server) {
      const all = await Promise.all(kept.values())
      if (!all.includes(server)) await server.stop()
    },
    async stop() {
      await Promise.all(Array.from(kept.values(), async (server) => (await server).stop()))
    },
  }
}

function startServer(contender: Contender, scenario: Scenario, cores: Cores): Promise<Child> {
  return startChild({
    file: '.built/server.js',
    args: [new URL(contender.file, import.meta.url).href, JSON.stringify(scenario)],
    core: cores.server,
    isStartMeasured: scenario.kind === 'startup',
    nodeOptions: scenario.kind === 'heap' ? ['--expose-gc'] : [],
  })
}
