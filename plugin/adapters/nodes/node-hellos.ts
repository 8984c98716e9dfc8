import { ClusterMembers } from './membership.js'
import type { NodeEpoch } from './node-epoch.js'
import type { NodeMessages } from './node-messages.js'

/*
 * What a node says of itself to all others: hello, every two seconds, and farewell. They are messages: whatever logs a node reads, it
 * hears them.
 */

export interface NodeHellosOptions {
  readonly messages: NodeMessages
  readonly epoch: NodeEpoch
  /** Milliseconds. */
  readonly now: () => number
}

/** Creates the members of the cluster, by what is heard of them. */
export function createMembers({ messages, epoch, now }: NodeHellosOptions): ClusterMembers {
  const sayHello = (to?: string) => messages.send(to, 'hello', epoch.value)
  const members = new ClusterMembers({ sayHello, onLost: (node) => messages.lose(node), now })

  messages.on('hello', (node, value) => {
    if (typeof value === 'string') void epoch.hear(value)
    // A new node learns at once who is there.
    if (members.hear(node)) sayHello(node)
  })
  messages.on('farewell', (node) => members.lose(node))
  return members
}
