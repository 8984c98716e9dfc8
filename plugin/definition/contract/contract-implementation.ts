import type { FastifyInstance } from 'fastify'
import type { EventContext, EventHooks, RelayContext } from '../context-types.js'
import type { HandlerPayload, HandlerReturn } from '../events/event-definition.js'
import type { RelayOptions } from '../events/relay-options.js'
import type { IdempotencyOptions, SqlOf } from '../idempotency.js'
import type { NamespaceBehaviour } from '../namespace-definition.js'
import type { RoomImplementations } from '../rooms/room-definition.js'

/*
 * The type of the implementation of a contract: the second argument of `defineNamespace()`.
 */

/** A handler of a contract. */
type ContractHandler<Payload, Context, Return> = (this: FastifyInstance, payload: Payload, context: Context) => Return

/** A handler of a contract, with options. */
interface HandlerOptions<Payload, Context, Return, Sql> extends EventHooks<Context> {
  /** Handles the event. */
  handler: ContractHandler<Payload, Context & Sql, Return>
  /** Milliseconds that hooks and handler may take; in a stream, the time from item to item. */
  handlerTimeoutMs?: number
  /** Runs the handler once for all events with the same key. */
  idempotency?: IdempotencyOptions<Payload, Context>
}

/** A relay in the place of a handler, with options. */
interface RelayedHandler<Context, Relay> extends EventHooks<Context> {
  /** Passes the event on to other clients. */
  relay: Relay
  /** Milliseconds that hooks and relay may take. */
  handlerTimeoutMs?: number
}

type HandlerFor<Payload, Context, Return, Sql, Relay> =
  | ContractHandler<Payload, Context, Return>
  | HandlerOptions<Payload, Context, Return, Sql>
  | RelayedHandler<Context, Relay>

type SchemaAt<Map, Event> = Event extends keyof Map ? Map[Event] : unknown

/** An event with `reply` or `stream` can't be relayed. */
type RelayOf<Reply, Item, Relay> = unknown extends Reply ? (unknown extends Item ? Relay : never) : never

/** The type of a handler without an event. */
interface NotInContract {
  readonly hint: 'The contract has no event of this name'
}

/** The implementation of a contract. */
export interface ContractImplementation<
  Emits,
  Answers,
  Payloads,
  Replies,
  Failures,
  Join,
  Data,
  Items,
  Transactions,
  Rooms,
> extends NamespaceBehaviour<Emits, Answers, Failures, Join, Data, Payloads, Rooms> {
  /** A handler for each event of the contract, or an object with the handler, or the relay, and hooks and options of the event. */
  handlers: {
    readonly [Event in keyof Payloads]: HandlerFor<
      HandlerPayload<Payloads[Event]>,
      EventContext<Emits, Answers, { event: SchemaAt<Failures, Event> }, Join, Data, Payloads, Rooms>,
      HandlerReturn<Replies[Event & keyof Replies], Items[Event & keyof Items]>,
      NoInfer<SqlOf<Transactions[Event & keyof Transactions]>>,
      RelayOf<
        Replies[Event & keyof Replies],
        Items[Event & keyof Items],
        RelayOptions<
          Emits,
          Event,
          RelayContext<
            HandlerPayload<Payloads[Event]>,
            Emits,
            Answers,
            { event: SchemaAt<Failures, Event> },
            Join,
            Data,
            Payloads,
            Rooms
          >
        >
      >
    >
  } & {
    readonly [Event in keyof Transactions]: Event extends keyof Payloads
      ? { idempotency?: { transaction?: Transactions[Event] } }
      : NotInContract
  }
  /** What runs before a client joins a room of the contract. */
  rooms?: RoomImplementations<Rooms, Emits, Answers, Join, Data, Payloads>
}
