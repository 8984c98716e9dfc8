import type { FastifyBaseLogger, FastifyRequest } from 'fastify'
import type { DisconnectReason, Namespace, Socket } from 'socket.io'
import { ConnectionContext, type ContextTools } from './context.js'
import type { Contract } from './contract.js'
import type { DisconnectContext } from './definition.js'
import type { EmitCheck } from './emit-check.js'
import { FST_NSP_SOCKET_GONE } from './errors.js'
import { gateOf } from './gate.js'
import type { Identities } from './identity.js'
import { listen } from './listeners.js'
import type { NormalDefinition } from './normal-form.js'
import { keepRequest, requestOf } from './request.js'
import { after, isThenable } from './sequence.js'

/*
 * The life of one joined socket: onConnect, or onRecover where its session has come back, its events, and onDisconnect
 * when it has gone.
 */

/** What a life needs of a definition that is mounted. */
interface Mounted {
  readonly definition: NormalDefinition
  readonly contract: Contract
}

export interface LifeOptions {
  readonly readmit: (socket: Socket, auth: object) => Promise<FastifyRequest>
  readonly identities: Pick<Identities, 'keep' | 'release'>
  readonly emitCheck: EmitCheck
  readonly log: FastifyBaseLogger
}

/**
 * Lives the life of a socket that has just joined. `hold` is given what a server that closes waits for: its onConnect and
 * its onDisconnect, while they run.
 */
export type Live = (
  socket: Socket,
  namespace: Namespace,
  mounted: Mounted,
  hold: (end: Promise<unknown>) => void,
) => void

const CONTEXT = Symbol('context')

/** A socket, as it is here. */
type Living = Socket & { [CONTEXT]: ConnectionContext }

export function createLife({ readmit, identities, emitCheck, log }: LifeOptions): Live {
  const tools: ContextTools = { emitCheck, readmit: reauthenticate }

  /** The socket's identity is that of the new request, or, where anything fails, the one it was. */
  async function reauthenticate(socket: Socket, auth: object): Promise<FastifyRequest> {
    if (!socket.connected) throw new FST_NSP_SOCKET_GONE()
    const request = await readmit(socket, auth)
    if (!identities.keep(socket, request)) throw new FST_NSP_SOCKET_GONE()
    keepRequest(socket, request)
    return request
  }

  function report(what: string, socket: Socket, error: unknown): false {
    log.error({ err: error, namespace: socket.nsp.name, socketId: socket.id }, `${what} failed`)
    return false
  }

  /** Begins a life. out: whether that went well; a failure comes as a promise, for others have not met the socket yet. */
  function begin(context: ConnectionContext, { definition }: Mounted): true | Promise<boolean> {
    const socket = context.socket as Socket
    const [what, call] = socket.recovered
      ? (['onRecover', definition.onRecover] as const)
      : (['onConnect', definition.onConnect] as const)
    try {
      const begun = call?.call(definition, context as never) as unknown
      if (!isThenable(begun)) return true
      return Promise.resolve(begun).then(
        () => true,
        (error) => report(what, socket, error),
      )
    } catch (error) {
      return Promise.resolve(report(what, socket, error))
    }
  }

  function leave(this: Socket, reason: DisconnectReason): void {
    ;(this as Living)[CONTEXT].abort(reason)
    identities.release(this)
  }

  async function end(context: ConnectionContext, { definition }: Mounted, departure: Departure): Promise<void> {
    const { socket, namespace, params, request, log, emit, to, ask, reauthenticate } = context
    const own = { socket, namespace, params, request, log, emit, to, ask, reauthenticate }
    try {
      await definition.onDisconnect?.({ ...own, ...departure } as unknown as DisconnectContext<unknown>)
    } catch (error) {
      report('onDisconnect', socket as Socket, error)
    }
  }

  /** Whether a socket may live. What `userIdOf` throws leaves none that nobody could disconnect. */
  function isKept(socket: Socket): boolean {
    try {
      return identities.keep(socket, requestOf(socket))
    } catch (error) {
      // Others have not met it yet.
      queueMicrotask(() => socket.disconnect())
      return report('userIdOf', socket, error)
    }
  }

  return (socket, namespace, mounted, hold) => {
    if (!isKept(socket)) return
    const { definition, contract } = mounted
    const context = new ConnectionContext({ socket, namespace, request: requestOf(socket), contract, tools })
    ;(socket as Living)[CONTEXT] = context
    let begun: boolean | Promise<boolean> = true
    listen(socket, 'disconnect', leave)
    if (definition.onDisconnect) {
      let rooms: ReadonlySet<string> = socket.rooms
      listen(socket, 'disconnecting', () => {
        rooms = new Set(socket.rooms)
      })
      // Its onConnect ends first, also one that disconnects its socket itself.
      listen(socket, 'disconnect', (reason: DisconnectReason) => {
        hold(Promise.resolve().then(() => after(begun, () => end(context, mounted, { reason, rooms }))))
      })
    }
    // Called in this tick: a listener that it adds at once misses nothing.
    begun = begin(context, mounted)
    const open = (isWell: boolean) => {
      if (isWell) gateOf(socket)?.open(context)
      else socket.disconnect()
    }
    const opened = after(begun, open)
    if (isThenable(opened)) hold(opened as Promise<void>)
  }
}

interface Departure {
  readonly reason: DisconnectReason
  readonly rooms: ReadonlySet<string>
}
