import type { FastifyBaseLogger } from 'fastify'
import type { Namespace, Server, Socket } from 'socket.io'
import { isWithin } from './limits.js'
import { contain } from './sequence.js'

/*
 * The live namespaces of dynamic names. One comes to life when somebody has been admitted to it, or when the application
 * asks for it, and goes when nobody is left in it, nobody is on the way to it, and no session of it waits to be recovered.
 */

export interface ChildrenOptions {
  readonly io: Server
  /** How many may be open at a time, 0 for no bound. */
  readonly limit: number
  readonly log: FastifyBaseLogger
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
  /** Makes a hold that of a socket: it ends when the socket has connected, or has been refused. */
  seat(socket: Socket): void
}

interface Child {
  readonly namespace: Namespace
  holds: number
  timer?: NodeJS.Timeout
}

const SEAT = Symbol('seat')

/** A socket that has a hold, while it is on the way. */
type Seated = Socket & { [SEAT]?: boolean }

/** What an adapter that keeps sessions for a recovery says of them. */
interface SessionKeeper {
  /** Milliseconds until the last session that waits has expired; 0 for none. */
  pendingMs?(): number
}

export function createChildren({ io, limit, log, forget }: ChildrenOptions): Children {
  const children = new Map<string, Child>()

  function leaveSeat(socket: Seated): void {
    if (!socket[SEAT]) return
    socket[SEAT] = false
    release(socket.nsp.name)
  }

  function release(address: string): void {
    // Who holds it has kept it here.
    const child = children.get(address) as Child
    child.holds--
    closeIfEmpty(address)
  }

  function closeIfEmpty(address: string): void {
    const child = children.get(address)
    if (!child || child.holds > 0 || child.namespace.sockets.size > 0) return
    clearTimeout(child.timer)
    const pendingMs = (child.namespace.adapter as SessionKeeper).pendingMs?.() ?? 0
    if (pendingMs > 0) {
      child.timer = setTimeout(closeIfEmpty, pendingMs, address).unref()
      return
    }
    children.delete(address)
    contain(
      () => child.namespace.adapter.close(),
      (error) => log.error({ err: error, namespace: address }, 'the adapter of a namespace did not close'),
    )
    // Socket.IO has no public word for it; its own parent namespaces do the same.
    io._nsps.delete(address)
    forget(address)
  }

  return {
    adopt(namespace) {
      const { name } = namespace
      children.set(name, { namespace, holds: 0 })
      namespace.on('connection', leaveSeat)
      // Where Socket.IO takes a socket out, also one that was refused; its own parent namespaces listen here, too.
      const { _remove: remove } = namespace as unknown as { _remove(socket: Socket): void }
      Object.assign(namespace, {
        _remove(socket: Socket) {
          remove.call(namespace, socket)
          leaveSeat(socket)
          closeIfEmpty(name)
        },
      })
      // One that the application has asked for, to emit something: when it has done so.
      setImmediate(closeIfEmpty, name)
    },

    isLive: (address) => io._nsps.has(address),

    hasRoomFor: (address) => children.has(address) || isWithin(children.size + 1, limit),

    hold(address) {
      io.of(address)
      const child = children.get(address) as Child
      child.holds++
    },

    release,

    seat(socket: Seated) {
      socket[SEAT] = true
    },
  }
}
