import type { ServerLimit } from '../../shared/limits/server-limit.js'
import { FST_NSP_LOGS_DIFFER } from '../broker-errors.js'
import { ClusterMembers } from './membership.js'
import { NodeCounts } from './node-counts.js'
import type { NodeEpoch } from './node-epoch.js'
import type { NodeMessages } from './node-messages.js'
import type { NodeReport } from './node-report.js'

/*
 * What a node says of itself to all others: hello, every two seconds, and farewell. They are messages: whatever logs a node reads, it
 * hears them.
 */

export interface NodeHellosOptions {
  /** The id of this node. */
  readonly id: string
  readonly messages: NodeMessages
  readonly epoch: NodeEpoch
  /** The option `logs`, which is to be the same on every node. */
  readonly logs: number
  /** What the nodes have together. Each says with its hello what it has. */
  readonly limits?: Readonly<Record<string, ServerLimit>> | undefined
  /** What the nodes have appended to the logs: each says it with its hello. */
  readonly entries: {
    readonly appended: unknown
    /** Called with what each node says, this one included. */
    hear(node: string, appended: unknown): void
  }
  readonly report: NodeReport
  /** Milliseconds. */
  readonly now: () => number
}

/** Creates the members of the cluster, by what is heard of them. */
export function createMembers(options: NodeHellosOptions): ClusterMembers {
  const { id, messages, epoch, logs, limits = {}, entries, report, now } = options
  const counts = new NodeCounts(limits)
  // Nodes of an older version send, and read, the epoch only.
  const sayHello = (to?: string) =>
    messages.send(to, 'hello', epoch.value, { logs, has: counts.own, appended: entries.appended })
  const members = new ClusterMembers({
    sayHello() {
      sayHello()
      counts.told()
      entries.hear(id, entries.appended)
      // It may have lost its data while the connection stood. If it can't answer, it is asked again with the next hello.
      epoch.ask().catch(() => {})
    },
    onLost(node) {
      counts.lose(node)
      messages.lose(node)
    },
    now,
  })
  for (const limit of Object.values(limits)) limit.onMoved(() => members.hurry())

  messages.on('hello', (node, value, more) => {
    if (typeof value === 'string') void epoch.hear(value)
    const isNew = members.hear(node)
    const { logs: theirs, has, appended } = Object(more)
    if (members.isAlive(node)) {
      counts.hear(node, has)
      entries.hear(node, appended)
    }
    if (!isNew) return
    // A new node learns at once who is there.
    sayHello(node)
    if (Number.isInteger(theirs) && theirs !== logs)
      report(new FST_NSP_LOGS_DIFFER(node, theirs, logs), 'the nodes of this cluster do not hear each other everywhere')
  })
  messages.on('farewell', (node) => members.lose(node))
  return members
}
