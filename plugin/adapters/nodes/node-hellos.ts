import { FST_NSP_LOGS_DIFFER } from '../broker-errors.js'
import { ClusterMembers } from './membership.js'
import type { NodeEpoch } from './node-epoch.js'
import type { NodeMessages } from './node-messages.js'
import type { NodeReport } from './node-report.js'

/*
 * What a node says of itself to all others: hello, every two seconds, and farewell. They are messages: whatever logs a node reads, it
 * hears them.
 */

export interface NodeHellosOptions {
  readonly messages: NodeMessages
  readonly epoch: NodeEpoch
  /** The option `logs`, which is to be the same on every node. */
  readonly logs: number
  readonly report: NodeReport
  /** Milliseconds. */
  readonly now: () => number
}

/** Creates the members of the cluster, by what is heard of them. */
export function createMembers({ messages, epoch, logs, report, now }: NodeHellosOptions): ClusterMembers {
  // Nodes of an older version send, and read, the epoch only.
  const sayHello = (to?: string) => messages.send(to, 'hello', epoch.value, { logs })
  const members = new ClusterMembers({ sayHello, onLost: (node) => messages.lose(node), now })

  messages.on('hello', (node, value, more) => {
    if (typeof value === 'string') void epoch.hear(value)
    if (!members.hear(node)) return
    // A new node learns at once who is there.
    sayHello(node)
    const { logs: theirs } = Object(more)
    if (Number.isInteger(theirs) && theirs !== logs)
      report(new FST_NSP_LOGS_DIFFER(node, theirs, logs), 'the nodes of this cluster do not hear each other everywhere')
  })
  messages.on('farewell', (node) => members.lose(node))
  return members
}
