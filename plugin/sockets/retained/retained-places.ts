import type { FastifyBaseLogger } from 'fastify'
import type { Namespace, Server, Socket } from 'socket.io'
import type { BroadcastOptions } from 'socket.io-adapter'
import type { Contract } from '../../definition/compile-contract.js'
import { findRoom } from '../../definition/rooms/room-pattern.js'
import {
  type EncodedEmit,
  isTooLong,
  type RetainedItem,
  type RetainedMark,
  type RetainedStore,
} from '../../shared/retained-emits.js'
import { settlesWithin } from '../../shared/timeout.js'
import { createFailureLog } from '../guard/failure-log.js'
import { OwnValues } from './own-values.js'
import { markOf } from './retain-mark.js'
import { createRetainedSend, encodeKept } from './retained-packet.js'
import type { PlaceValue } from './retained-place.js'
import { SharedValues } from './shared-values.js'

/*
 * Keeps the last values of emits, and gives them to those who join an address or a room. With a store that all nodes share, what is
 * kept here is what this node has delivered; without one, what it has emitted.
 */

/** Keeps what is emitted. */
export interface RetainedPlaces {
  /** Sends an emit by `send`; with the mark in its flags, if the nodes keep it together. */
  emit<Result>(
    address: string,
    data: unknown[],
    opts: BroadcastOptions,
    send: (opts: BroadcastOptions) => Result,
  ): Result
  /** What an emit of the outbox keeps; undefined: nothing. */
  mark(address: string, data: unknown[], rooms: readonly string[]): RetainedMark | undefined
  /** Called with the namespace of each live address. */
  mount(namespace: Namespace, contract: Contract): void
  /** Called when a namespace was closed. */
  forget(address: string): void
  /** Called when the server closes. */
  close(): void
  /** Resolves when this node knows the values of a place, or two seconds later; undefined: it does, or there are none. */
  ready(address: string, room?: string): Promise<void> | undefined
  /** Called with each socket that has joined, before it receives anything else. */
  join(socket: Socket): void
}

export interface RetainedPlacesOptions {
  readonly io: Server
  readonly contractOf: (address: string) => Contract | undefined
  /** What the nodes keep together; undefined: each for itself. */
  readonly store: RetainedStore | undefined
  /** The application's; undefined for Socket.IO's own. */
  readonly parser: unknown
  readonly log: FastifyBaseLogger
}

/** The events of the plugin's own adapters, and of Socket.IO's. */
interface RetainingEvents {
  on(event: 'retained', listener: (item: RetainedItem) => void): unknown
  on(event: 'retained:unsure', listener: () => void): unknown
  on(event: 'join-room', listener: (room: string, id: string) => void): unknown
  on(event: 'delete-room', listener: (room: string) => void): unknown
}

const WAIT_MS = 2_000
const NOT_KEPT = 'an emit was not kept for those who join'

export function createRetainedPlaces(options: RetainedPlacesOptions): RetainedPlaces {
  const { io, contractOf, store, parser, log } = options
  const now = () => performance.now()
  const report = createFailureLog(log)
  const send = createRetainedSend(io, parser === undefined)
  const own = new OwnValues(now)
  const shared = store && new SharedValues({ store, now, report })

  /** Gives a socket what is kept at a place: at once if this node knows it, or when it does. */
  function enter(socket: Socket, room?: string): void {
    const { name: address } = socket.nsp
    const give = (values: readonly PlaceValue[]) => {
      if (socket.connected) for (const { encoded } of values) send(socket, encoded)
    }
    if (shared) shared.enter(address, room, give)
    else give(own.find(address, room)?.values ?? [])
  }

  function bounded(address: string, mark: RetainedMark, encoded: EncodedEmit): RetainedMark {
    if (!isTooLong(encoded)) return mark
    report(new RangeError(`${mark.emit} has more than 65,536 bytes`), address, NOT_KEPT)
    return { ...mark, isRemoval: true }
  }

  function markFor(address: string, data: readonly unknown[], opts: BroadcastOptions): RetainedMark | undefined {
    const contract = contractOf(address)
    if (!contract?.retained.has(data[0] as string)) return undefined
    try {
      return markOf(contract, data, opts)
    } catch (error) {
      report(error, address, NOT_KEPT)
      return undefined
    }
  }

  return {
    emit(address, data, opts, sendWith) {
      const mark = markFor(address, data, opts)
      if (!mark) return sendWith(opts)
      // The mark is the second argument, behind a payload.
      if (data.length === 1) data.push(null)
      if (shared) return sendWith({ ...opts, flags: { ...opts.flags, retain: mark } } as BroadcastOptions)
      const [room] = opts.rooms
      const encoded = encodeKept(address, data)
      const result = sendWith(opts)
      own.apply(address, room as string | undefined, bounded(address, mark, encoded), encoded)
      return result
    },

    mark(address, data, rooms) {
      const mark = markFor(address, data, { rooms: new Set(rooms) })
      if (mark && data.length === 1) data.push(null)
      return mark
    },

    mount(namespace, { retained, rooms }) {
      if (retained.size === 0) return
      const { name: address, adapter } = namespace
      const events = adapter as unknown as RetainingEvents
      events.on('join-room', (room, id) => {
        const socket = findRoom(rooms, room) && namespace.sockets.get(id)
        if (socket) enter(socket, room)
      })
      if (!shared) return
      shared.open(address, [...retained.keys()], (room) => adapter.rooms.has(room))
      events.on('retained', (item) => shared.apply(address, item))
      events.on('retained:unsure', () => shared.reread(address))
      events.on('delete-room', (room) => shared.leave(address, room))
    },

    forget: (address) => shared?.close(address),
    close: () => shared?.closeAll(),

    ready(address, room) {
      const known = shared?.known(address, room)
      return known && settlesWithin(WAIT_MS, known).then(() => {})
    },

    join(socket) {
      if (!socket.recovered && contractOf(socket.nsp.name)?.retained.size) enter(socket)
    },
  }
}
