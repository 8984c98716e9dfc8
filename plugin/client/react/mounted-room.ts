import type { AnyJoined } from '../any-client.js'
import { createReadable, type Readable } from '../readable.js'
import { openRoom, type RoomState } from '../rooms/room-use.js'

/*
 * What `useRoom()` shows: a room that is joined while a component is mounted.
 */

const JOINING: RoomState = Object.freeze({ status: 'joining' })

export class MountedRoom {
  readonly #joined: AnyJoined
  readonly #pattern: string
  readonly #paramsOf: () => Readonly<Record<string, unknown>> | undefined
  readonly #state = createReadable(JOINING)

  constructor(joined: AnyJoined, pattern: string, paramsOf: () => Readonly<Record<string, unknown>> | undefined) {
    this.#joined = joined
    this.#pattern = pattern
    this.#paramsOf = paramsOf
  }

  get state(): Readable<RoomState> {
    return this.#state
  }

  /** Joins the room. Returns the unmount. */
  mount(): () => void {
    const room = openRoom(this.#joined, this.#pattern, this.#paramsOf())
    const show = () => this.#state.set(room.state.getSnapshot())
    const off = room.state.subscribe(show)
    show()
    return () => {
      off()
      room.leave()
      this.#state.set(JOINING)
    }
  }
}
