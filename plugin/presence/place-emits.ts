import type { Namespace, Server } from 'socket.io'
import type { BroadcastOptions } from 'socket.io-adapter'
import { PRESENCE_EMITS } from '../definition/presence/presence-emits.js'
import type { PresenceChange } from '../definition/presence/presence-types.js'
import { PacketType } from '../wire/socket-io-packages.js'
import type { HeldPlace } from './presence-places.js'

/*
 * What the sockets of this node are told of a place: everything when they have joined, and then each change. Each node tells its own
 * sockets what it knows, so that no client receives a change before the state.
 */

export interface PlaceEmitsOptions {
  readonly io: Server
  readonly address: string
  /** Undefined: all sockets of the address. */
  readonly room: string | undefined
  readonly held: HeldPlace
  /** Runs a call whose emit is not checked. */
  readonly skip: <Result>(call: () => Result) => Result
}

export class PlaceEmits {
  readonly #options: PlaceEmitsOptions
  /** The ids of the sockets that have the state. */
  readonly #told = new Set<string>()
  /** Those that are to receive it. */
  readonly #new = new Set<string>()

  constructor(options: PlaceEmitsOptions) {
    this.#options = options
    options.held.follow((change) => this.#tell(change))
  }

  /** Called when a socket has joined. */
  add(id: string): void {
    if (this.#told.has(id)) return
    this.#new.add(id)
    this.#options.held.request()
  }

  /** Called when a socket has left. */
  remove(id: string): void {
    this.#told.delete(id)
    this.#new.delete(id)
  }

  #tell(change: PresenceChange | undefined): void {
    const { io, address, room, held } = this.#options
    const namespace = io._nsps.get(address)
    if (!namespace) return
    if (change && this.#told.size > 0) {
      const rooms = new Set(room === undefined ? [] : [room])
      this.#emit(namespace, PRESENCE_EMITS.change, change, rooms, this.#untold(namespace))
    }
    if (this.#new.size === 0) return
    this.#emit(namespace, PRESENCE_EMITS.state, held.state, new Set(this.#new))
    for (const id of this.#new) this.#told.add(id)
    this.#new.clear()
  }

  /** The sockets that do not have the state, e.g. because their onConnect runs. */
  #untold({ sockets, adapter }: Namespace): Set<string> {
    const { room } = this.#options
    const here = room === undefined ? sockets : adapter.rooms.get(room)
    if (!here || here.size === this.#told.size) return new Set()
    return new Set([...here.keys()].filter((id) => !this.#told.has(id)))
  }

  #emit(namespace: Namespace, event: string, payload: object, rooms: Set<string>, except = new Set<string>()): void {
    // Not kept for recovery: a socket that is recovered receives the state.
    const flags = { local: true, unkept: true }
    const { room } = this.#options
    const data = [event, room === undefined ? payload : { room, ...payload }]
    const packet = { type: PacketType.EVENT, nsp: namespace.name, data }
    const opts = { rooms, except, flags } as BroadcastOptions
    this.#options.skip(() => namespace.adapter.broadcast(packet, opts))
  }
}
