import type { NormalRoom } from '../../definition/rooms/read-rooms.js'
import { roomName } from '../../definition/rooms/room-name.js'

/*
 * The declared rooms of a definition as receivers: `to.ticket({ id: 42 })`.
 */

type ByName<Result> = (room: string | string[]) => Result

/** Gives a function of its own a function for each declared room. */
export function withRooms<Result>(
  to: ByName<Result>,
  rooms: ReadonlyMap<string, Pick<NormalRoom, 'pattern'>>,
): ByName<Result> {
  for (const [name, { pattern }] of rooms) {
    Object.assign(to, { [name]: (params: never) => to(roomName(pattern, params)) })
  }
  return to
}
