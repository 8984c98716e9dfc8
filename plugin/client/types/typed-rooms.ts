import type { RoomArgs } from '../../definition/rooms/room-types.js'
import type { FormOf } from './described-namespace.js'
import type { Joined } from './typed-joined.js'

/*
 * The types of the declared rooms of a joined namespace, by its definition; without one, any room goes.
 */

/** The definition of a joined namespace; unknown without types. */
export type DefinitionIn<Given> = Given extends Joined<infer Definition> ? Definition : unknown
type RoomsIn<Given> = FormOf<DefinitionIn<Given>> extends { rooms: infer Rooms } ? Rooms : never

/** The patterns of the rooms. */
export type RoomIn<Given> = unknown extends DefinitionIn<Given> ? string : keyof RoomsIn<Given> & string

/** The arguments after a pattern: its params, if it has any. */
export type RoomParamsOf<Given, Pattern> =
  unknown extends DefinitionIn<Given>
    ? [params?: Readonly<Record<string, unknown>>]
    : RoomArgs<Pattern, RoomsIn<Given>[Pattern & keyof RoomsIn<Given>]>
