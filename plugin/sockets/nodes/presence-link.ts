import type { Server } from 'socket.io'
import type { PresenceLink } from '../../presence/presence-peers.js'
import { isClusterAdapter } from '../adapter-features.js'
import type { NodeLink } from './node-link.js'

/*
 * How nodes tell each other who is here: by the messages of the plugin's own broker; else by server-side emits of whatever adapter the
 * application has.
 */

/** A node of a cluster of the plugin's own: see adapters/cluster-node.ts. */
export interface OwnNode {
  readonly id: string
  readonly messages: {
    send(to: string | undefined, kind: string, ...data: unknown[]): void
    on(kind: string, handle: (from: string, ...data: unknown[]) => void): void
  }
}

/** A wire format, between nodes. */
const KIND = 'presence'

/** @returns undefined without other nodes */
export function createPresenceLink(io: Server, node: OwnNode | undefined, link: NodeLink): PresenceLink | undefined {
  if (node) {
    const { id, messages } = node
    return {
      id,
      send: (to, message) => messages.send(to, KIND, message),
      receive: (receive) => messages.on(KIND, receive),
    }
  }
  if (!isClusterAdapter(io.of('/').adapter)) return undefined
  return {
    id: link.id,
    send: (to, message) => link.send(KIND, message, to),
    receive: (receive) => link.on(KIND, receive),
  }
}
