import type { ConformanceNode, ConformanceNodeSettings } from './conformance-node.js'
import type { SuiteClient, SuiteClientOptions } from './suite-client.js'

/*
 * A check of the conformance suite, and what it is given.
 */

/**
 * What an adapter, or the setup of its test, may lack.
 * `nodes`: there is more than one node.
 * `emit order`: the emits of one node arrive in their order.
 * `order`: all clients of an address receive the emits of all nodes in one order.
 * `recovery`: a client that comes back to its node recovers its session.
 * `distant recovery`: it does so on another node.
 * `takeover`: it does so before the loss of its connection was noticed.
 * `cold addresses`: what is said to an address with no socket here creates no namespace here.
 * `server-side acks`: `serverSideEmitWithAck()`.
 * `late nodes`: a node that does not answer is left out; the others' answers arrive.
 * `processes`: nodes can be sent signals.
 * `foreign entries`: `broker.sendForeign()`.
 * `restart`, `reset`, `partition`: the broker can do so, and no emit is lost by it.
 */
export type Ability =
  | 'nodes'
  | 'emit order'
  | 'order'
  | 'recovery'
  | 'distant recovery'
  | 'takeover'
  | 'cold addresses'
  | 'server-side acks'
  | 'late nodes'
  | 'processes'
  | 'foreign entries'
  | 'restart'
  | 'reset'
  | 'partition'

/** What the checks do to a broker. */
export interface ConformanceBroker {
  /** Ends it at once, as SIGKILL does. */
  stop(): Promise<unknown>
  /** Starts it again, with the data that it has kept, if it keeps any. */
  start(): Promise<unknown>
  /** Removes all data while it runs. */
  reset(): Promise<unknown>
  /** Stalls the connection of a node, without closing it. */
  isolate(node: ConformanceNode): Promise<unknown>
  /** Ends `isolate()`. */
  rejoin(node: ConformanceNode): Promise<unknown>
  /** Sends what no node of ours would send, wherever the adapter listens. */
  sendForeign(): Promise<unknown>
}

/** What a check is given. The nodes live as long as the suite; clients and nodes that a check starts end with it. */
export interface CheckContext {
  readonly one: ConformanceNode
  /** Another node; the same one if the adapter lacks `nodes`. */
  readonly two: ConformanceNode
  readonly broker: ConformanceBroker
  /** An address of its own, with nobody there. */
  readonly address: string
  startNode(settings?: ConformanceNodeSettings): Promise<ConformanceNode>
  /** Joins `address`, or another one. */
  join(node: ConformanceNode, options?: SuiteClientOptions & { readonly address?: string }): Promise<SuiteClient>
  /** Waits until what each node emits to `address` arrives at all these clients. */
  settle(clients: readonly SuiteClient[], nodes?: readonly ConformanceNode[]): Promise<void>
}

export interface ConformanceCheck {
  /** A sentence of the specification. */
  readonly name: string
  readonly needs: readonly Ability[]
  run(context: CheckContext): Promise<void>
}
