import { type Child, startChild } from './child.js'
import type { Contender } from './contenders.js'
import type { Cores } from './cores.js'
import type { Effort } from './figure.js'
import type { Order } from './load.js'
import type { Scenario } from './scenarios.js'
import type { Greeting, Servers } from './servers.js'

/*
 * Starts a contender's server together with the load that drives it.
 */

/** What every measurement needs. */
export interface Setup {
  readonly cores: Cores
  readonly servers: Servers
  readonly effort: Effort
}

export interface Pair {
  readonly server: Child
  readonly load: Child
  /** Stops the load and gives the server back. */
  stop(): Promise<void>
}

/** Starts both. The load does not connect yet. */
export async function startPair(contender: Contender, scenario: Scenario, { cores, servers }: Setup): Promise<Pair> {
  const server = await servers.take(contender, scenario)
  const { port } = server.greeting as Greeting
  const { dialect, hasEnvelope } = contender
  const order: Order = { port, dialect, hasEnvelope, scenario }
  const load = await startChild({ file: '.built/load.js', args: [JSON.stringify(order)], core: cores.load })
  return {
    server,
    load,
    async stop() {
      await load.stop()
      await servers.give(server)
    },
  }
}
