import { randomUUID } from 'node:crypto'
import type { FastifyBaseLogger, FastifyInstance, FastifyRequest } from 'fastify'
import type { DisconnectReason, Namespace, Socket } from 'socket.io'
import type { Contract } from '../definition/compile-contract.js'
import type { DisconnectContext } from '../definition/context-types.js'
import type { NormalDefinition } from '../definition/normalize/normalize-definition.js'
import { keepSocketRequest, requestOf } from '../engine/http/connect-request.js'
import { socketStateOf } from '../engine/http/socket-state.js'
import type { EmitCheck } from '../events/emits/check-emit.js'
import { gateOf } from '../events/gate/socket-gate.js'
import type { SocketRooms } from '../events/rooms/socket-rooms.js'
import { type ContextTools, SocketContext } from '../events/socket-context.js'
import type { Described } from '../joining/contract-difference.js'
import type { Presence } from '../presence/present-sockets.js'
import { callIn } from '../shared/async-scope.js'
import { isExposed, toWireError } from '../shared/client-error.js'
import { FST_NSP_HANDLER_TIMEOUT, FST_NSP_INTERNAL, FST_NSP_SOCKET_GONE } from '../shared/errors.js'
import { logError } from '../shared/log/error-log.js'
import { after, isThenable } from '../shared/maybe-async.js'
import { listen } from '../shared/safe-listeners.js'
import { withTimeout } from '../shared/timeout.js'
import { tellDifference } from './contract-notice.js'
import type { Identities } from './identities.js'

/*
 * The lifecycle of a joined socket: onConnect, or onRecover if its session was recovered; then its events; then onDisconnect.
 */

/** The parts of a mounted definition that are needed here. */
interface LifecycleDefinition extends Described {
  readonly name: string
  readonly definition: NormalDefinition
  /** `this` of the definition's functions. */
  readonly context: FastifyInstance
  readonly contract: Contract
  readonly rooms: SocketRooms
}

export interface LifecycleOptions {
  readonly readmit: (socket: Socket, auth: object) => Promise<FastifyRequest>
  readonly identities: Pick<Identities, 'keep' | 'release' | 'userOf'>
  readonly emitCheck: EmitCheck
  /** Who is here. */
  readonly presence: Pick<Presence, 'renew' | 'leave' | 'update'>
  /** Called when the onConnect of a socket has ended, or its onRecover. */
  readonly joined: (socket: Socket) => void
  /** The time limit of onConnect and of onRecover. Milliseconds; 0 turns it off. */
  readonly onConnectTimeoutMs: number
  readonly log: FastifyBaseLogger
}

/**
 * Runs the lifecycle of a socket that has just joined. `hold` is called with a promise of its onConnect and of its
 * onDisconnect while they run: a closing server waits for them. `opened` is called when onConnect has ended well, or onRecover.
 */
export type RunLifecycle = (
  socket: Socket,
  namespace: Namespace,
  mounted: LifecycleDefinition,
  hold: (end: Promise<unknown>) => void,
  opened: (socket: Socket) => void,
) => void

export function createLifecycle({
  readmit,
  identities,
  emitCheck,
  presence,
  joined,
  onConnectTimeoutMs,
  log,
}: LifecycleOptions): RunLifecycle {
  const { userOf } = identities
  const tools: ContextTools = { emitCheck, readmit: reauthenticate, userOf, updatePresence: presence.update }

  /** Assigns the identity of a new request to the socket; if anything fails, its identity stays. */
  async function reauthenticate(socket: Socket, auth: object): Promise<FastifyRequest> {
    if (!socket.connected) throw new FST_NSP_SOCKET_GONE()
    const request = await readmit(socket, auth)
    if (!identities.keep(socket, request)) throw new FST_NSP_SOCKET_GONE()
    keepSocketRequest(socket, request)
    presence.renew(socket, request)
    return request
  }

  /** Logs an error under an id. Returns the error for callers that wait for an ack. */
  function report(what: string, socket: Socket, error: unknown): Error {
    const id = randomUUID()
    logError(log, error, { namespace: socket.nsp.name, socketId: socket.id, errorId: id }, `${what} failed`)
    // Reading the thrown value may itself throw.
    const { code } = toWireError(error)
    if (code === 'FST_NSP_HANDLER_TIMEOUT' || (code !== 'FST_NSP_INTERNAL' && isExposed(error))) return error as Error
    return Object.assign(new FST_NSP_INTERNAL(), { details: { id } })
  }

  /** Calls onConnect or onRecover. Returns undefined on success; an error as a promise, as other listeners have not run yet. */
  function begin(
    context: SocketContext,
    { definition, context: instance }: LifecycleDefinition,
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
    presence.leave(this)
  }

  async function end(
    context: SocketContext,
    mounted: LifecycleDefinition,
    disconnection: Disconnection,
  ): Promise<void> {
    const { definition, context: instance } = mounted
    const { socket, namespace, params, request, log, emit, to, ask, reauthenticate, presence } = context
    const own = { socket, namespace, params, request, log, emit, to, ask, reauthenticate, presence }
    try {
      await definition.onDisconnect?.call(instance, {
        ...own,
        ...disconnection,
      } as unknown as DisconnectContext<unknown>)
    } catch (error) {
      report('onDisconnect', socket as Socket, error)
    }
  }

  /** Whether the socket's identity was stored. If `userIdOf` throws, the socket is disconnected: `disconnectUser` could not find it. */
  function isKept(socket: Socket): boolean {
    try {
      return identities.keep(socket, requestOf(socket))
    } catch (error) {
      // Later, so that other `connection` listeners run first.
      queueMicrotask(() => socket.disconnect())
      report('userIdOf', socket, error)
      return false
    }
  }

  return (socket, namespace, mounted, hold, opened) => {
    if (!isKept(socket)) return
    const { definition, contract, rooms } = mounted
    const context = new SocketContext({ socket, namespace, request: requestOf(socket), contract, rooms, tools })
    socketStateOf(socket).context = context
    tellDifference(socket, mounted)
    let begun: undefined | Promise<Error | undefined>
    listen(socket, 'disconnect', leave)
    if (definition.onDisconnect) {
      let rooms: ReadonlySet<string> = socket.rooms
      const runOnDisconnect = (disconnection: Disconnection) => end(context, mounted, disconnection)
      listen(socket, 'disconnecting', () => {
        rooms = new Set(socket.rooms)
      })
      // After its onConnect has ended, also if onConnect disconnects the socket.
      listen(socket, 'disconnect', (reason: DisconnectReason) => {
        hold(
          Promise.resolve().then(() =>
            after(begun, () => callIn(context.scope, runOnDisconnect, undefined, { reason, rooms })),
          ),
        )
      })
    }
    // Called synchronously: a listener that onConnect adds at once misses no event.
    begun = begin(context, mounted)
    const open = (failure: Error | undefined) => {
      const gate = gateOf(socket)
      if (!failure) {
        gate?.open(context)
        joined(socket)
        if (socket.connected) opened(socket)
        return
      }
      // Before the disconnect: the connection may stay open for other namespaces, and a waiting ack would never be answered.
      if (socket.connected) gate?.endWaiting(failure)
      socket.disconnect()
    }
    const ended = after(begun, open)
    if (isThenable(ended)) hold(ended as Promise<void>)
  }
}

interface Disconnection {
  readonly reason: DisconnectReason
  readonly rooms: ReadonlySet<string>
}
