import type { FastifyInstance } from 'fastify'
import type { AnyType, OutputOf } from '../../schema/schema.js'
import type { HandlerContext } from '../context-types.js'
import type { FeedContext, FeedHooks } from '../feed-types.js'
import type { JoinRequest, OneOrMany, ParamsOf } from '../join-types.js'
import type { PresenceOptions } from '../presence/presence-options.js'
import type { ParamIn } from './room-types.js'

/*
 * The types of declared rooms in a definition. Rooms maps the pattern of a room to the schema of its params.
 */

/** The params of a room: the output of their schema; without a schema, those of the pattern as strings. */
type CheckedParams<Pattern, Schema> = unknown extends Schema
  ? { readonly [Param in ParamIn<Pattern>]: string }
  : OutputOf<Schema>

/** A declared room that a client joins: `room` of a RoomContext. */
export interface JoinedRoom<Params> {
  /** Socket.IO's room, e.g. `ticket/42`. */
  readonly name: string
  /** The params in its name, checked by their schema, e.g. `{ id: 42 }`. */
  readonly params: Params
}

/** The context of `preJoin`: that of the socket, and the room. */
export interface RoomContext<Emits, Answers, Join, Data, Payloads, Rooms, Params>
  extends Omit<HandlerContext<Emits, Answers, Join, Data, Payloads, Rooms>, 'reauthenticate'> {
  readonly room: JoinedRoom<Params>
}

// The type of a method, so that a hook of any types fits where types are not inferred.
type RoomHook<Context> = { hook(this: FastifyInstance, context: Context): unknown }['hook']

/** What is known of a socket in a room: see PresenceSource. */
interface RoomSource<Join, Params> {
  readonly request: JoinRequest<Join>
  readonly params: ParamsOf<Join>
  readonly room: JoinedRoom<Params>
}

/** The context of the `onFirst` and `onLast` of a room. */
interface RoomFeedContext<Emits, Join, Data, Params> extends FeedContext<Emits, Join, Data> {
  readonly room: JoinedRoom<Params>
}

/** Who may join a room, who is in it, and what runs while there are clients in it. */
interface RoomHooks<Context, FeedOfRoom, Source> extends FeedHooks<FeedOfRoom> {
  /**
   * Runs before a client joins the room, and for each declared room of the socket when `reauthenticate()` has succeeded. If it throws, the
   * client is refused, or leaves the room.
   *
   * @example
   * preJoin: async ({ room, request }) => {
   *   if (!(await mayRead(request.user, room.params.id))) throw new NotYours()
   * }
   */
  preJoin?: OneOrMany<RoomHook<Context>>
  /** Who is in the room: its clients are told by `presence:state` and `presence:change`. Without it, nobody is counted. */
  presence?: PresenceOptions<unknown, Source>
}

/** The rooms of a definition: a pattern, e.g. `ticket/:id`, and who may join. */
export type RoomDefinitions<Rooms, Emits, Answers, Join, Data, Payloads> = {
  readonly [Pattern in keyof Rooms]: RoomOptions<
    Emits,
    Answers,
    Join,
    Data,
    Payloads,
    Rooms,
    CheckedParams<Pattern, Rooms[Pattern]>
  > & {
    /** The schema of the params. Without it, they are strings. */
    params?: Rooms[Pattern]
    /** What people read about the room. */
    description?: string
  }
}

type RoomOptions<Emits, Answers, Join, Data, Payloads, Rooms, Params> = RoomHooks<
  NoInfer<RoomContext<Emits, Answers, Join, Data, Payloads, Rooms, Params>>,
  NoInfer<RoomFeedContext<Emits, Join, Data, Params>>,
  NoInfer<RoomSource<Join, Params>>
>

/** The rooms of the implementation of a contract. */
export type RoomImplementations<Rooms, Emits, Answers, Join, Data, Payloads> = {
  readonly [Pattern in keyof Rooms]?: RoomHooks<
    RoomContext<Emits, Answers, Join, Data, Payloads, Rooms, CheckedParams<Pattern, Rooms[Pattern]>>,
    RoomFeedContext<Emits, Join, Data, CheckedParams<Pattern, Rooms[Pattern]>>,
    RoomSource<Join, CheckedParams<Pattern, Rooms[Pattern]>>
  >
}

/** The rooms of a definition of any types. */
export interface AnyRoomDefinitions {
  readonly [pattern: string]: RoomOptions<AnyType, AnyType, AnyType, AnyType, AnyType, AnyType, AnyType> & {
    params?: unknown
    description?: string
  }
}
