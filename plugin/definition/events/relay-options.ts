import type { AnyType, InputOf, IsAny } from '../../schema/schema.js'

/*
 * The types of a relay: an event that is passed on to other clients, without a handler.
 */

type RoomNames = string | readonly string[]

// The type of a method, so that a relay of any types fits where types are not inferred.
type Bivariant<Context, Return> = { method(context: Context): Return }['method']

/** What every relay has. */
interface RelayTarget<Context> {
  /**
   * The rooms that receive the emit, without the sender. A function of the event's context returns them at once, and not a promise;
   * undefined, null or an empty list sends nothing.
   * @defaultValue every socket of the namespace, without the sender
   *
   * @example
   * to: ({ params }) => `doc:${params.docId}`
   */
  to?: RoomNames | Bivariant<Context, RoomNames | null | undefined>
  /**
   * Whether the sender must be in each of these rooms. If it is not, the event is refused with `FST_NSP_ROOM_FOREIGN`.
   * @defaultValue `true`
   */
  membersOnly?: boolean
  /**
   * Whether a client that can't receive the emit right now may lose it.
   * @defaultValue `false`
   */
  volatile?: boolean
}

/** The emit of a relay: the event's own name, or another one of `emits`. Without `emits`, or with unknown ones, any name. */
type RelayedEmit<Emits, Event, Context> = [keyof Emits] extends [never]
  ? AnyEmit<Context>
  : string extends keyof Emits
    ? AnyEmit<Context>
    :
        | (Event extends keyof Emits ? RelayedAs<Emits, Event, { emit?: Event & string }, Context> : never)
        | {
            [Emit in Exclude<keyof Emits, Event>]: RelayedAs<Emits, Emit, { emit: Emit & string }, Context>
          }[Exclude<keyof Emits, Event>]

type AnyEmit<Context> = RelayedAs<AnyType, string, { emit?: string }, Context>

type RelayedAs<Emits, Emit, Named, Context> = Named & {
  /**
   * The payload of the emit, e.g. with what the server knows of the sender. It returns it at once, and not a promise.
   * @defaultValue the payload of the event
   *
   * @example
   * data: ({ payload, socket }) => ({ ...payload, userId: socket.data.userId })
   */
  data?: Bivariant<Context, IsAny<Emits> extends true ? unknown : InputOf<Emits[Emit & keyof Emits]>>
}

/** How an event is passed on. `Context` is that of its functions. */
export type RelayOptions<Emits, Event, Context> = RelayTarget<Context> & RelayedEmit<Emits, Event, Context>
