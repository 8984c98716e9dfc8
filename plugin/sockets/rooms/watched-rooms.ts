import type { FastifyBaseLogger, FastifyInstance } from 'fastify'
import type { Namespace, Socket } from 'socket.io'
import type { NormalDefinition } from '../../definition/normalize/normalize-definition.js'
import type { JoinedRoom } from '../../definition/rooms/room-definition.js'
import { firstSegmentOf } from '../../definition/rooms/room-pattern.js'
import { requestOf } from '../../engine/http/connect-request.js'
import type { SocketRooms } from '../../events/rooms/socket-rooms.js'
import type { Presence } from '../../presence/present-sockets.js'
import { listen } from '../../shared/safe-listeners.js'
import type { FedPlace, PlaceFeeds } from '../feeds/place-feeds.js'

/*
 * Tells presence and feeds who enters the declared rooms of an address, and who leaves them: by `room:join`, by the server's own
 * `socket.join()`, by a recovery, or by a disconnect. Socket.IO's adapters say so.
 */

/** The parts of a mounted definition that are needed here. */
interface WatchedDefinition {
  readonly name: string
  readonly isDynamic: boolean
  readonly definition: NormalDefinition
  /** `this` of the definition's functions. */
  readonly context: FastifyInstance
  readonly rooms: Pick<SocketRooms, 'read'>
}

export interface WatchedRoomsOptions {
  readonly presence: Pick<Presence, 'enter' | 'leave' | 'exit'>
  readonly feeds: PlaceFeeds
  readonly log: FastifyBaseLogger
}

/** The events of Socket.IO's adapters. */
interface RoomEvents {
  on(event: 'join-room' | 'leave-room', listener: (room: string, id: string) => void): unknown
}

/**
 * Called with the namespace of each address. Without presence or a feed in a room, it does nothing.
 *
 * @returns a function to call with each socket that has joined, when its onConnect or its onRecover has ended
 */
export function watchRooms(
  namespace: Namespace,
  entry: WatchedDefinition,
  { presence, feeds, log }: WatchedRoomsOptions,
): (socket: Socket) => void {
  const { definition, context: instance, isDynamic, rooms } = entry
  const watched = new Set([...definition.rooms].flatMap(([name, room]) => (room.presence || room.feed ? [name] : [])))
  if (watched.size === 0) return () => {}
  const { name: address, adapter } = namespace
  const joined = new WeakSet<Socket>()
  const placeOf = (room: string) => JSON.stringify([address, room])
  const isWatched = (room: string) => watched.has(firstSegmentOf(room))

  function enter(socket: Socket, name: string): void {
    rooms.read(name, (room, { feed }) => {
      // Checking its params may have taken a while.
      if (!socket.rooms.has(name)) return
      presence.enter(socket, entry, requestOf(socket), room)
      if (feed) feeds.enter(placeOf(name), () => describe(socket, room, feed))
    })
  }

  function describe(socket: Socket, room: JoinedRoom<unknown>, feed: FedPlace['feed']): FedPlace {
    const params = { ...(requestOf(socket).params as object) }
    return {
      isDynamic,
      feed,
      instance,
      context: { namespace, params, room, log: log.child({ namespace: address, room: room.name }) },
      // An adapter that says that the last one has left still has the room.
      hasClients: () => Number(adapter.rooms.get(room.name)?.size) > 0,
    }
  }

  const events = adapter as unknown as RoomEvents
  events.on('join-room', (room, id) => {
    const socket = isWatched(room) && namespace.sockets.get(id)
    if (socket && joined.has(socket)) enter(socket, room)
  })
  events.on('leave-room', (room, id) => {
    if (!isWatched(room)) return
    const socket = namespace.sockets.get(id)
    if (socket) presence.exit(socket, room)
    feeds.leave(placeOf(room))
  })

  return (socket) => {
    joined.add(socket)
    for (const room of socket.rooms) if (isWatched(room)) enter(socket, room)
    listen(socket, 'disconnecting', () => {
      for (const room of socket.rooms) if (isWatched(room)) presence.leave(socket, room)
    })
  }
}
