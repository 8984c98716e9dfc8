import type { FastifyBaseLogger } from 'fastify'
import type { Namespace, Server } from 'socket.io'
import { isWithin } from '../../shared/limits.js'
import { contain } from '../../shared/maybe-async.js'
import { createQuarantine } from './closing-addresses.js'

/*
 * The live namespaces of dynamic names. One comes to life when somebody has been admitted to it, or when the application
 * asks for it, and goes when nobody is left in it, nobody is on the way to it, and no session of it waits to be recovered.
 */

export interface ChildrenOptions {
  readonly io: Server
  /** How many may be open at a time, 0 for no bound. */
  readonly limit: number
  readonly log: FastifyBaseLogger
  /** Whether an adapter speaks to other nodes. */
  readonly isShared: (adapter: Namespace['adapter']) => boolean
  /** Hears of one that has gone. */
  readonly forget: (address: string) => void
}

export interface Children {
  /** Takes a namespace that Socket.IO has just made into care. */
  adopt(namespace: Namespace): void
  /** Whether Socket.IO has a namespace of that address, of a definition or of the application. */
  isLive(address: string): boolean
  /** Whether the namespace of an address is open, or may be. */
  hasRoomFor(address: string): boolean
  /** Keeps the namespace of an address alive until `release`; it is made if need be. */
  hold(address: string): void
  release(address: string): void
  /** Resolves when the namespace of an address may be opened again; undefined if it may be now. Never rejects. */
  whenFree(address: string): Promise<void> | undefined
}

interface Child {
  readonly namespace: Namespace
  holds: number
  timer?: NodeJS.Timeout
}

// How long an empty namespace stays whose adapter speaks to other nodes: for it, to come and go is to subscribe and unsubscribe.
const LINGER_MS = 10_000

/** What an adapter that keeps sessions for a recovery says of them. */
interface SessionKeeper {
  /** Milliseconds until the last session that waits has expired; 0 for none. */
  pendingMs?(): number
}

export function createChildren({ io, limit, log, isShared, forget }: ChildrenOptions): Children {
  const children = new Map<string, Child>()
  const quarantine = createQuarantine()
  // Addresses that were left empty, and linger.
  const lingering = new Set<string>()

  function release(address: string): void {
    // Who holds it has kept it here.
    const child = children.get(address) as Child
    child.holds--
    closeIfEmpty(address)
  }

  /** `isIdle`: it has lingered. out: whether it has closed. */
  function closeIfEmpty(address: string, isIdle = false): boolean {
    const child = children.get(address)
    if (!child || child.holds > 0 || child.namespace.sockets.size > 0) return false
    clearTimeout(child.timer)
    const { adapter } = child.namespace
    const isOpenElsewhere = isShared(adapter)
    const pendingMs = (adapter as SessionKeeper).pendingMs?.() ?? 0
    const waitMs = Math.max(pendingMs, isOpenElsewhere && !isIdle ? LINGER_MS : 0)
    if (waitMs > 0) {
      child.timer = setTimeout(closeIfEmpty, waitMs, address, true).unref()
      if (isOpenElsewhere) lingering.add(address)
      return false
    }
    close(address, child)
    return true
  }

  function close(address: string, { namespace: { adapter } }: Child): void {
    children.delete(address)
    lingering.delete(address)
    let closing: unknown
    contain(
      () => {
        closing = adapter.close()
        return closing
      },
      (error) => log.error({ err: error, namespace: address }, 'the adapter of a namespace did not close'),
    )
    if (isShared(adapter)) quarantine.add(address, closing)
    // Socket.IO has no public word for it; its own parent namespaces do the same.
    io._nsps.delete(address)
    forget(address)
  }

  return {
    adopt(namespace) {
      const { name } = namespace
      children.set(name, { namespace, holds: 0 })
      // Where Socket.IO takes a socket out, also one that was refused; its own parent namespaces listen here, too.
      const { _remove: remove } = namespace
      namespace._remove = (socket) => {
        remove.call(namespace, socket)
        closeIfEmpty(name)
      }
      // One that the application has asked for, to emit something: when it has done so.
      setImmediate(closeIfEmpty, name)
    },

    isLive: (address) => io._nsps.has(address),

    hasRoomFor(address) {
      if (children.has(address) || isWithin(children.size + 1, limit)) return true
      // One that only lingers makes room; who is in the list may have been joined again.
      for (const other of lingering) {
        lingering.delete(other)
        if (closeIfEmpty(other, true)) return true
      }
      return false
    },

    whenFree: quarantine.whenOver,

    hold(address) {
      io.of(address)
      const child = children.get(address) as Child
      child.holds++
    },

    release,
  }
}
