import type { FastifyInstance } from 'fastify'
import type { Socket } from 'socket.io'
import type { CompiledRoom } from '../../definition/compile-contract.js'
import { ROOM_LEFT } from '../../definition/rooms/room-events.js'
import { findRoom, isSpelt, type NamedRoom } from '../../definition/rooms/room-pattern.js'
import type { JoinedRoom } from '../../definition/rooms/room-types.js'
import { SchemaMismatch } from '../../schema/schema.js'
import { isRefusal, toWireError } from '../../shared/client-error.js'
import { FST_NSP_ROOM_PARAMS_INVALID, FST_NSP_ROOM_UNKNOWN } from '../../shared/errors/room-errors.js'
import { FST_NSP_HANDLER_TIMEOUT, FST_NSP_SOCKET_GONE } from '../../shared/errors.js'
import { after, isThenable, mapError, promiseOf, runSteps } from '../../shared/maybe-async.js'
import { withTimeout } from '../../shared/timeout.js'
import type { RunContext } from '../event-context.js'
import type { Handle } from '../relay.js'
import type { SocketContext } from '../socket-context.js'

/*
 * The declared rooms of a definition: clients join and leave them, and `reauthenticate()` asks again whether they may be in them. Which
 * rooms a socket is in, Socket.IO knows: also after a recovery, and of rooms into which the server has put it.
 */

export interface SocketRoomsOptions {
  /** By the first segments of their names. */
  readonly rooms: ReadonlyMap<string, CompiledRoom>
  /** `this` of `preJoin`. */
  readonly instance: FastifyInstance
  /** The name of the namespace, for error messages. */
  readonly namespace: string
  /** The time limit of `preJoin` in `reauthenticate()`. Milliseconds; 0 turns it off. */
  readonly timeoutMs: number
  /** Resolves when what is given to those who join a room is known; undefined: it is. */
  readonly ready: (address: string, room: string) => Promise<void> | undefined
}

export interface SocketRooms {
  /** Handles `room:join`. */
  readonly join: Handle
  /** Handles `room:leave`. */
  readonly leave: Handle
  /** Authorises each declared room of a socket again; leaves those that it may not be in any more. Never rejects. */
  readonly reauthorise: (connection: SocketContext) => Promise<void>
  /** Calls `use` with the declared room of a name: at once, or when its params are checked. Not if there is none. */
  readonly read: (name: string, use: (room: JoinedRoom<unknown>, declared: CompiledRoom) => void) => void
}

type FoundRoom = NamedRoom<CompiledRoom>
type AnyContext = Pick<RunContext, 'socket' | 'namespace' | 'params' | 'request' | 'log' | 'emit' | 'to' | 'ask'>

export function createSocketRooms({ rooms, instance, namespace, timeoutMs, ready }: SocketRoomsOptions): SocketRooms {
  /** The last join or leave of each room that has not ended, by socket: those of one room run one after another. */
  const pending = new WeakMap<object, Map<string, Promise<unknown>>>()

  function unknownRoom(): Error {
    const patterns = [...rooms.values()].map(({ pattern }) => pattern)
    return new FST_NSP_ROOM_UNKNOWN(namespace, `it has ${patterns.join(', ')}, written by roomName()`)
  }

  function foundIn(context: RunContext): FoundRoom {
    const found = findRoom(rooms, context.event.payload as string)
    if (!found) throw unknownRoom()
    return found
  }

  /** Runs after what is under way for this room, at once if there is nothing. */
  function inTurn(socket: object, name: string, run: () => unknown): unknown {
    const own = pending.get(socket) ?? new Map<string, Promise<unknown>>()
    const before = own.get(name)
    const result = before ? before.then(run) : run()
    if (!isThenable(result)) return undefined
    const ended = promiseOf(result).then(forget, forget)
    function forget(): void {
      if (own.get(name) === ended) own.delete(name)
    }
    own.set(name, ended)
    pending.set(socket, own)
    return result
  }

  function check({ room, texts }: FoundRoom): unknown {
    if (!room.checkParams) return texts
    const checked = mapError<object>(
      room.checkParams,
      (error) => {
        if (!(error instanceof SchemaMismatch)) throw error
        throw Object.assign(new FST_NSP_ROOM_PARAMS_INVALID(room.pattern), { details: error.mismatches })
      },
      { ...texts },
    )
    return after(checked, (params) => {
      if (!isSpelt(texts, params)) throw unknownRoom()
      return params
    })
  }

  /** Asks whether a socket may be in a room; if its identity changes meanwhile, once more. Throws the refusal. */
  function authorise(found: FoundRoom, context: AnyContext): unknown {
    const { room, name } = found
    const { socket, namespace, params, request, log, emit, to, ask } = context
    return after(check(found), (checked) => {
      const own = {
        socket,
        namespace,
        params,
        request,
        log,
        emit,
        to,
        ask,
        room: Object.freeze({ name, params: checked }),
      }
      const steps = room.preJoin.map((hook) => () => hook.call(instance, own))
      return after(runSteps(steps, undefined), () =>
        context.request === request ? undefined : authorise(found, context),
      )
    })
  }

  /** Authorises, and waits for what is given to those who join. */
  function admit(found: FoundRoom, context: AnyContext): unknown {
    return after(authorise(found, context), () => {
      const { socket, request } = context
      return after(ready(socket.nsp.name, found.name), () =>
        context.request === request ? undefined : admit(found, context),
      )
    })
  }

  // The only places where a client enters a declared room, and where it leaves one before it disconnects.
  function enter({ name }: FoundRoom, { socket }: AnyContext): unknown {
    return socket.join(name)
  }

  function exit({ name }: FoundRoom, { socket }: AnyContext): unknown {
    return socket.leave(name)
  }

  async function authoriseAgain(found: FoundRoom, connection: SocketContext): Promise<void> {
    const { socket, log } = connection
    const late = () => new FST_NSP_HANDLER_TIMEOUT(`preJoin of ${found.room.pattern}`, 'handlerTimeoutMs', timeoutMs)
    try {
      await withTimeout(Promise.resolve(authorise(found, connection)), timeoutMs, late)
    } catch (error) {
      if (!socket.rooms.has(found.name)) return
      if (!isRefusal(error)) log.error({ err: error, room: found.name }, 'preJoin failed: the socket leaves the room')
      await exit(found, connection)
      ;(socket as Socket).emit(ROOM_LEFT, { room: found.name, code: toWireError(error).code })
    }
  }

  return {
    join(context) {
      const found = foundIn(context)
      const { socket } = context
      return inTurn(socket, found.name, () => {
        if (socket.rooms.has(found.name)) return undefined
        const admitted = admit(found, context)
        if (!isThenable(admitted)) return enter(found, context)
        return untilAborted(admitted, context).then(() => enter(found, context))
      })
    },

    leave(context) {
      const found = foundIn(context)
      return inTurn(context.socket, found.name, () => exit(found, context))
    },

    read(name, use) {
      const found = findRoom(rooms, name)
      if (!found) return
      const give = (params: unknown) => use(Object.freeze({ name, params }), found.room)
      let checked: unknown
      try {
        checked = check(found)
      } catch {
        // The server has put a socket into a room that no client could join.
        return
      }
      if (isThenable(checked)) void promiseOf(checked).then(give, () => {})
      else give(checked)
    },

    async reauthorise(connection) {
      const { socket } = connection
      const guarded = [...socket.rooms]
        .flatMap((name) => findRoom(rooms, name) ?? [])
        .filter(({ room }) => room.preJoin.length > 0)
      await Promise.all(guarded.map((found) => inTurn(socket, found.name, () => authoriseAgain(found, connection))))
    },
  }
}

/** An event that has ended does not let its socket in any more. The reason of a disconnect has no code, and would be logged as a failure. */
function untilAborted(pending: PromiseLike<unknown>, { signal, socket }: RunContext): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const stop = () => reject(socket.connected ? signal.reason : new FST_NSP_SOCKET_GONE())
    if (signal.aborted) stop()
    signal.addEventListener('abort', stop)
    pending.then(resolve, reject)
  })
}
