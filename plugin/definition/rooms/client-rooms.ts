import type { None } from '../../schema/schema.js'
import type { RoomText } from './room-types.js'

/*
 * What declared rooms add to the types of a client's socket.
 */

/** The events of declared rooms. */
export type RoomEvents<Types, Ack> = Types extends { rooms: infer Rooms }
  ? { [Event in [keyof Rooms] extends [never] ? never : 'room:join' | 'room:leave']: RoomEvent<keyof Rooms, Ack> }
  : None

interface RoomEvent<Pattern, Ack> {
  args: [room: RoomText<Pattern>]
  ack: Ack
}

/** The emit of declared rooms. */
export type RoomNotice<Types> = Types extends { rooms: infer Rooms }
  ? {
      [Emit in [keyof Rooms] extends [never] ? never : 'room:left']: (left: {
        readonly room: string
        readonly code: string
      }) => void
    }
  : None
