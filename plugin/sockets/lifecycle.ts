import { randomUUID } from 'node:crypto'
import type { FastifyBaseLogger, FastifyInstance, FastifyRequest } from 'fastify'
import type { DisconnectReason, Namespace, Socket } from 'socket.io'
import type { Contract } from '../definition/compile-contract.js'
import type { DisconnectContext } from '../definition/namespace-definition.js'
import type { NormalDefinition } from '../definition/normalize/normalize-definition.js'
import { keepSocketRequest, requestOf } from '../engine/http/connect-request.js'
import { socketStateOf } from '../engine/http/socket-state.js'
import type { EmitCheck } from '../events/emits/check-emit.js'
import { gateOf } from '../events/gate/event-gate.js'
import { type ContextTools, SocketContext } from '../events/socket-context.js'
import { callIn } from '../shared/async-scope.js'
import { isExposed, toWireError } from '../shared/client-error.js'
import { FST_NSP_HANDLER_TIMEOUT, FST_NSP_INTERNAL, FST_NSP_SOCKET_GONE } from '../shared/errors.js'
import { logError } from '../shared/log/error-log.js'
import { after, isThenable } from '../shared/maybe-async.js'
import { listen } from '../shared/safe-listeners.js'
import { withTimeout } from '../shared/timeout.js'
import type { Identities } from './identities.js'

/*
 * The life of one joined socket: onConnect, or onRecover where its session has come back, its events, and onDisconnect
 * when it has gone.
 */

/** What a life needs of a definition that is mounted. */
interface Mounted {
  readonly definition: NormalDefinition
  /** `this` of its functions. */
  readonly context: FastifyInstance
  readonly contract: Contract
}

export interface LifeOptions {
  readonly readmit: (socket: Socket, auth: object) => Promise<FastifyRequest>
  readonly identities: Pick<Identities, 'keep' | 'release'>
  readonly emitCheck: EmitCheck
  /** Milliseconds, 0 for no bound: of onConnect, and of onRecover. */
  readonly onConnectTimeoutMs: number
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

export function createLife({ readmit, identities, emitCheck, onConnectTimeoutMs, log }: LifeOptions): Live {
  const tools: ContextTools = { emitCheck, readmit: reauthenticate }

  /** The socket's identity is that of the new request, or, where anything fails, the one it was. */
  async function reauthenticate(socket: Socket, auth: object): Promise<FastifyRequest> {
    if (!socket.connected) throw new FST_NSP_SOCKET_GONE()
    const request = await readmit(socket, auth)
    if (!identities.keep(socket, request)) throw new FST_NSP_SOCKET_GONE()
    keepSocketRequest(socket, request)
    return request
  }

  /** Logs a failure under an id. out: what those are told who wait for it. */
  function report(what: string, socket: Socket, error: unknown): Error {
    const id = randomUUID()
    logError(log, error, { namespace: socket.nsp.name, socketId: socket.id, errorId: id }, `${what} failed`)
    // What was thrown may be such that it can't even be asked what it is.
    const { code } = toWireError(error)
    if (code === 'FST_NSP_HANDLER_TIMEOUT' || (code !== 'FST_NSP_INTERNAL' && isExposed(error))) return error as Error
    return Object.assign(new FST_NSP_INTERNAL(), { details: { id } })
  }

  /** Begins a life. out: nothing where that went well; a failure comes as a promise, for others have not met the socket yet. */
  function begin(
    context: SocketContext,
    { definition, context: instance }: Mounted,
  ): undefined | Promise<Error | undefined> {
    const socket = context.socket as Socket
    const [what, call] = socket.recovered
      ? (['onRecover', definition.onRecover] as const)
      : (['onConnect', definition.onConnect] as const)
    try {
      const begun: unknown = call && callIn(context.scope, call, instance, context as never)
      if (!isThenable(begun)) return undefined
      const late = () => new FST_NSP_HANDLER_TIMEOUT(what, 'onConnectTimeoutMs', onConnectTimeoutMs)
      return withTimeout(begun, onConnectTimeoutMs, late).then(
        () => undefined,
        (error) => report(what, socket, error),
      )
    } catch (error) {
      return Promise.resolve(report(what, socket, error))
    }
  }

  function leave(this: Socket, reason: DisconnectReason): void {
    ;(socketStateOf(this).context as SocketContext).abort(reason)
    identities.release(this)
  }

  async function end(context: SocketContext, mounted: Mounted, departure: Departure): Promise<void> {
    const { definition, context: instance } = mounted
    const { socket, namespace, params, request, log, emit, to, ask, reauthenticate } = context
    const own = { socket, namespace, params, request, log, emit, to, ask, reauthenticate }
    try {
      await definition.onDisconnect?.call(instance, { ...own, ...departure } as unknown as DisconnectContext<unknown>)
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
      report('userIdOf', socket, error)
      return false
    }
  }

  return (socket, namespace, mounted, hold) => {
    if (!isKept(socket)) return
    const { definition, contract } = mounted
    const context = new SocketContext({ socket, namespace, request: requestOf(socket), contract, tools })
    socketStateOf(socket).context = context
    let begun: undefined | Promise<Error | undefined>
    listen(socket, 'disconnect', leave)
    if (definition.onDisconnect) {
      let rooms: ReadonlySet<string> = socket.rooms
      const part = (departure: Departure) => end(context, mounted, departure)
      listen(socket, 'disconnecting', () => {
        rooms = new Set(socket.rooms)
      })
      // Its onConnect ends first, also one that disconnects its socket itself.
      listen(socket, 'disconnect', (reason: DisconnectReason) => {
        hold(
          Promise.resolve().then(() => after(begun, () => callIn(context.scope, part, undefined, { reason, rooms }))),
        )
      })
    }
    // Called in this tick: a listener that it adds at once misses nothing.
    begun = begin(context, mounted)
    const open = (failure: Error | undefined) => {
      const gate = gateOf(socket)
      if (!failure) {
        gate?.open(context)
        return
      }
      // Before it goes: its connection may live on with other namespaces, and whoever waits for an ack would wait for ever.
      if (socket.connected) gate?.endWaiting(failure)
      socket.disconnect()
    }
    const opened = after(begun, open)
    if (isThenable(opened)) hold(opened as Promise<void>)
  }
}

interface Departure {
  readonly reason: DisconnectReason
  readonly rooms: ReadonlySet<string>
}
