import type { FastifyBaseLogger } from 'fastify'
import type { Namespace, Server } from 'socket.io'
import type { ServerLimit } from '../../shared/limits/server-limit.js'
import { contain } from '../../shared/maybe-async.js'
import { createClosingAddresses } from './closing-addresses.js'

/*
 * The live namespaces of dynamic names. One is made when a socket is admitted to it or when the application asks for it. It
 * is closed when it has no sockets, no pending joins, and no sessions that can still be recovered.
 */

export interface DynamicNamespacesOptions {
  readonly io: Server
  /** How many may be open at a time. */
  readonly limit: ServerLimit
  readonly log: FastifyBaseLogger
  /** Whether an adapter communicates with other nodes. */
  readonly isShared: (adapter: Namespace['adapter']) => boolean
  /** Called when one was closed. */
  readonly forget: (address: string) => void
}

export interface DynamicNamespaces {
  /** Manages a namespace that Socket.IO has just made. */
  adopt(namespace: Namespace): void
  /** Whether Socket.IO has a namespace with this address, of a definition or of the application. */
  isLive(address: string): boolean
  /** Whether the namespace of an address is open, or may be opened within the limit. */
  hasRoomFor(address: string): boolean
  /** Keeps the namespace of an address open until `release`; makes it if it does not exist. */
  hold(address: string): void
  release(address: string): void
  /** A promise that resolves when the address may be opened again; undefined if it may be opened now. Never rejects. */
  whenFree(address: string): Promise<void> | undefined
}

interface DynamicNamespace {
  readonly namespace: Namespace
  holds: number
  timer?: NodeJS.Timeout
}

// How long an empty namespace stays open if its adapter communicates with other nodes: opening subscribes, closing unsubscribes.
const LINGER_MS = 10_000

/** An adapter that keeps sessions for recovery. */
interface AdapterWithSessions {
  /** Milliseconds until the last recoverable session expires; 0 if there is none. */
  pendingMs?(): number
}

export function createDynamicNamespaces({
  io,
  limit,
  log,
  isShared,
  forget,
}: DynamicNamespacesOptions): DynamicNamespaces {
  const children = new Map<string, DynamicNamespace>()
  limit.count(() => children.size)
  const closing = createClosingAddresses()
  // Empty namespaces that stay open for LINGER_MS.
  const lingering = new Set<string>()

  function release(address: string): void {
    // A held namespace is never closed.
    const child = children.get(address) as DynamicNamespace
    child.holds--
    closeIfEmpty(address)
  }

  /** `isIdle`: LINGER_MS have passed. Returns whether it was closed. */
  function closeIfEmpty(address: string, isIdle = false): boolean {
    const child = children.get(address)
    if (!child || child.holds > 0 || child.namespace.sockets.size > 0) return false
    clearTimeout(child.timer)
    const { adapter } = child.namespace
    const isOpenElsewhere = isShared(adapter)
    const pendingMs = (adapter as AdapterWithSessions).pendingMs?.() ?? 0
    const waitMs = Math.max(pendingMs, isOpenElsewhere && !isIdle ? LINGER_MS : 0)
    if (waitMs > 0) {
      child.timer = setTimeout(closeIfEmpty, waitMs, address, true).unref()
      if (isOpenElsewhere) lingering.add(address)
      return false
    }
    close(address, child)
    return true
  }

  function close(address: string, { namespace: { adapter } }: DynamicNamespace): void {
    children.delete(address)
    lingering.delete(address)
    let result: unknown
    contain(
      () => {
        result = adapter.close()
        return result
      },
      (error) => log.error({ err: error, namespace: address }, 'the adapter of a namespace did not close'),
    )
    if (isShared(adapter)) closing.add(address, result)
    // Socket.IO has no public way to remove a namespace; its own parent namespaces do the same.
    io._nsps.delete(address)
    forget(address)
  }

  return {
    adopt(namespace) {
      const { name } = namespace
      children.set(name, { namespace, holds: 0 })
      // Socket.IO calls it for every socket that it removes, also a refused one; its own parent namespaces use it, too.
      const { _remove: remove } = namespace
      namespace._remove = (socket) => {
        remove.call(namespace, socket)
        closeIfEmpty(name)
      }
      // A namespace that the application asked for, to emit, is closed afterwards.
      setImmediate(closeIfEmpty, name)
    },

    isLive: (address) => io._nsps.has(address),

    hasRoomFor(address) {
      if (children.has(address) || limit.hasRoom()) return true
      // Close a lingering namespace to make room. Those in the set may have been joined again.
      for (const other of lingering) {
        lingering.delete(other)
        if (closeIfEmpty(other, true) && limit.hasRoom()) return true
      }
      return false
    },

    whenFree: closing.whenOver,

    hold(address) {
      io.of(address)
      const child = children.get(address) as DynamicNamespace
      child.holds++
    },

    release,
  }
}
