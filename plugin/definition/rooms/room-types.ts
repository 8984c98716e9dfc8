import type { InputOf, IsAny } from '../../schema/schema.js'

/*
 * The types of patterns of rooms, e.g. 'ticket/:id'. This file imports no Fastify and no Socket.IO: front ends have them, too.
 */

/** The names of the params in a pattern: 'id' of 'ticket/:id'. */
export type ParamIn<Pattern> = Pattern extends `${string}/:${infer Rest}`
  ? Rest extends `${infer Param}/${infer More}`
    ? Param | ParamIn<`/${More}`>
    : Rest
  : never

/** The name of a room: the first segment of its pattern. */
type RoomNameIn<Pattern> = Pattern extends `${infer Name}/${string}` ? Name : Pattern

/** The params with which a room is named: the input of their schema; without a schema, strings or numbers. */
type RoomParams<Pattern, Schema = unknown> = unknown extends Schema
  ? { readonly [Param in ParamIn<Pattern>]: string | number }
  : InputOf<Schema>

/** The arguments that name a room after its pattern: its params, if the pattern has any. */
export type RoomArgs<Pattern, Schema = unknown> = [ParamIn<Pattern>] extends [never]
  ? [params?: Readonly<Record<string, never>>]
  : [params: RoomParams<Pattern, Schema>]

/** The name of a declared room as clients send it: `ticket/${string}` of 'ticket/:id'. */
export type RoomText<Pattern> = Pattern extends `${infer Name}/:${string}` ? `${Name}/${string}` : Pattern

/** Adds rooms to an audience, by their names or as declared rooms: `to.ticket({ id: 42 })`. */
export type ToRooms<Rooms, Target> =
  IsAny<Rooms> extends true
    ? AddRooms<Target>
    : [keyof Rooms] extends [never]
      ? AddRooms<Target>
      : AddRooms<Target> & RoomTargets<Rooms, Target>

type AddRooms<Target> = (room: string | string[]) => Target

type RoomTargets<Rooms, Target> = {
  readonly [Pattern in keyof Rooms as RoomNameIn<Pattern> & string]: (
    ...params: RoomArgs<Pattern, Rooms[Pattern]>
  ) => Target
}

/** A declared room that a client joins: `room` of a RoomContext. */
export interface JoinedRoom<Params> {
  /** Socket.IO's room, e.g. `ticket/42`. */
  readonly name: string
  /** The params in its name, checked by their schema, e.g. `{ id: 42 }`. */
  readonly params: Params
}
