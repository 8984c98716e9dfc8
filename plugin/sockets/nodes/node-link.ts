import { randomBytes } from 'node:crypto'
import { hostname } from 'node:os'
import type { Server } from 'socket.io'
import { contain } from '../../shared/maybe-async.js'
import { isClusterAdapter } from '../adapter-features.js'

/*
 * Messages to the other nodes of a cluster, by the root namespace, which is live on each of them: by a server-side emit of
 * whatever adapter the application has.
 */

/** A link to the other nodes. What it sends may be lost. */
export interface NodeLink {
  /** The name of this node, new for each start. */
  readonly id: string
  /** Sends a value of JSON to another node; to all others if `to` is undefined. */
  send(kind: string, data: unknown, to?: string): void
  /** Calls `handle` for each message of a kind. What it throws is logged. */
  on(kind: string, handle: (from: string, data: unknown) => void): void
  /** How many other nodes there are, and the names of those that are known. Never rejects; without a broker nobody is there. */
  others(): Promise<{ readonly count: number; readonly names: readonly string[] }>
}

/** A wire format. */
const NODE_MESSAGE = 'fastify-namespaces:node'

// A stranger may send any number of names.
const NAMES_LIMIT = 256
const LONGEST_NAME = 200

/** @param report - called with what the adapter throws */
export function createAdapterLink(io: Server, report: (error: unknown) => void): NodeLink {
  const root = io.of('/')
  const own = `${hostname()}:${process.pid}:${randomBytes(4).toString('hex')}`
  const handlers = new Map<string, (from: string, data: unknown) => void>()
  const names = new Set<string>()

  root.on(NODE_MESSAGE, (from: unknown, to: unknown, kind: unknown, data: unknown) => {
    if (typeof from !== 'string' || from.length > LONGEST_NAME) throw new TypeError('A message without a sender')
    if (names.size >= NAMES_LIMIT) names.clear()
    names.add(from)
    if (to === null || to === own) handlers.get(String(kind))?.(from, data)
  })

  return {
    id: own,
    send(kind, data, to) {
      const { adapter } = root
      if (!isClusterAdapter(adapter)) return
      contain(() => adapter.serverSideEmit([NODE_MESSAGE, own, to ?? null, kind, data]), report)
    },
    on(kind, handle) {
      handlers.set(kind, handle)
    },
    async others() {
      const known = [...names]
      if (!isClusterAdapter(root.adapter)) return { count: 0, names: known }
      try {
        return { count: (await root.adapter.serverCount()) - 1, names: known }
      } catch (error) {
        report(error)
        return { count: 0, names: known }
      }
    },
  }
}
