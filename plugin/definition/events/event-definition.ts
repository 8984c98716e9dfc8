import type { FastifyInstance } from 'fastify'
import type { InputOf, OutputOf } from '../../schema/schema.js'
import type { EventContext, EventHooks, RelayContext } from '../context-types.js'
import type { ExampleOptions } from '../contract/prose-options.js'
import type { StreamEventOptions } from '../contract/stream-event-options.js'
import type { IdempotencyOptions, SqlOf } from '../idempotency.js'
import type { RelayOptions } from './relay-options.js'

/*
 * The types of the events of a definition.
 */

type Awaitable<Type> = Type | Promise<Type>

/** The first argument of a handler. */
export type HandlerPayload<Schema> = unknown extends Schema ? unknown : OutputOf<Schema>

type ValueOf<Schema> = unknown extends Schema ? unknown : Literal<InputOf<Schema>>
// NoInfer: otherwise TypeScript goes through all branches of TypeBox's Static, which takes seconds.
type IfStream<Item, Return, Otherwise = never> = NoInfer<Item extends object | boolean ? Return : Otherwise>

/** The result of a handler: the `data` of the ack; of an event with `stream`, an iterable of items that returns this `data`. */
// Each alternative is a conditional type of its own: in a union of them, TypeScript would not find the type of a `yield`.
export type HandlerReturn<Reply, Item> =
  | IfStream<Item, AsyncIterable<ValueOf<Item>, ValueOf<Reply>>>
  | IfStream<Item, Iterable<ValueOf<Item>, ValueOf<Reply>>>
  | IfStream<
      Item,
      Promise<AsyncIterable<ValueOf<Item>, ValueOf<Reply>> | Iterable<ValueOf<Item>, ValueOf<Reply>>>,
      unknown extends Reply ? unknown : Awaitable<Literal<InputOf<Reply>>>
    >

/** A readonly version of a reply: a handler may return literals that are readonly. */
type Literal<Type> = Type extends LiteralLeaf
  ? Type
  : Type extends object
    ? { readonly [Key in keyof Type]: Literal<Type[Key]> }
    : Type
type LiteralLeaf = string | number | bigint | boolean | symbol | null | undefined | ((...args: never[]) => unknown)

/** The options of every event, with any types. */
export interface EventOptions<Payload, Context, Transaction = boolean> extends EventHooks<Context>, ExampleOptions {
  /**
   * Milliseconds that hooks and handler may take before the event is answered with `FST_NSP_HANDLER_TIMEOUT` and `signal` aborts.
   * In a stream, the time from item to item. 0 turns it off.
   * @defaultValue `handlerTimeoutMs` of the plugin
   */
  handlerTimeoutMs?: number
  /** Runs the handler once for all events with the same key, and answers each of them with the first ack. Not with `stream`. */
  idempotency?: IdempotencyOptions<Payload, Context, Transaction>
}

/**
 * Events that clients send. Five mapped types, so that TypeScript infers payload, reply, errors, items and the transaction of each event from
 * its own properties. The first one types the handler's arguments and the relay, the second one the handler's result. `Doing` is
 * `HandledOrRelayed` in the result of `defineNamespace()`, and `unknown` in its argument, which `EventsHandledOrRelayed` checks.
 */
export type EventDefinitions<
  Emits,
  Answers,
  Payloads,
  Replies,
  Failures,
  Join,
  Data,
  Items,
  Transactions,
  Doing,
  Rooms,
> = {
  readonly [Event in keyof Payloads]: EventOptions<
    NoInfer<HandlerPayload<Payloads[Event]>>,
    NoInfer<EventContext<Emits, Answers, Failures, Join, Data, Payloads, Rooms>>
  > & {
    /** The schema of the payload. Without it, the handler receives what the client sent, as `unknown`. */
    payload?: Payloads[Event]
    /**
     * Handles the event. Its return value is the `data` of the ack; an error that it throws becomes the ack's `error`. With
     * `stream`, an async generator, or any function that returns an iterable.
     */
    // NoInfer: inferring a schema from these two parameters as well would take a hundred times as long.
    handler?: (
      this: NoInfer<FastifyInstance>,
      payload: NoInfer<HandlerPayload<Payloads[Event]>>,
      context: NoInfer<
        EventContext<Emits, Answers, Failures, Join, Data, Payloads, Rooms> &
          SqlOf<Transactions[Event & keyof Transactions]>
      >,
    ) => unknown
    /** Passes the event on to other clients, in the place of a handler. */
    relay?: NoInfer<
      RelayOptions<
        Emits,
        Event,
        RelayContext<HandlerPayload<Payloads[Event]>, Emits, Answers, Failures, Join, Data, Payloads, Rooms>
      >
    >
  } & Doing
} & {
  readonly [Event in keyof Replies]: {
    /** The schema of the `data` of the ack. Undeclared properties are not sent. */
    reply?: Replies[Event]
    handler?: (...args: never[]) => HandlerReturn<Replies[Event], Items[Event & keyof Items]>
  }
} & {
  readonly [Event in keyof Failures]: {
    /** The errors of the event: code -> schema of its data. Throw them with `error(code, data)`. */
    errors?: Failures[Event]
  }
} & {
  readonly [Event in keyof Items]: StreamEventOptions<NoInfer<HandlerPayload<Items[Event]>>> & {
    /** The schema of an item. It makes the event a stream: each item that the handler yields is checked, written and sent. */
    stream?: Items[Event]
  }
} & {
  // By a type with a name, 100 events would cost 4,000 instantiations more.
  readonly [Event in keyof Transactions]: { idempotency?: { transaction?: Transactions[Event] } }
}

/** What an event does: it has a handler or a relay, and not both. */
export type HandledOrRelayed<Handler, Relay> =
  | {
      handler?: never
      reply?: never
      stream?: never
      /** Passes the event on to other clients, in the place of a handler. */
      relay: Relay
    }
  | {
      relay?: never
      /**
       * Handles the event. Its return value is the `data` of the ack; an error that it throws becomes the ack's `error`. With
       * `stream`, an async generator, or any function that returns an iterable.
       */
      handler: Handler
    }

/** One event, for `defineEvent()`. Not an alias of the type above: TypeScript would compare aliases by their type arguments. */
export type EventDefinition<Payload, Reply, Failures, Context, Item, Relay, Transaction = boolean> = EventOptions<
  HandlerPayload<Payload>,
  Context,
  Transaction
> &
  StreamEventOptions<NoInfer<HandlerPayload<Item>>> & {
    /** The schema of the payload. Without it, the handler receives what the client sent, as `unknown`. */
    payload?: Payload
    /** The schema of the `data` of the ack. Undeclared properties are not sent. */
    reply?: Reply
    /** The errors of the event: code -> schema of its data. Throw them with `error(code, data)`. */
    errors?: Failures
    /** The schema of an item. It makes the event a stream: each item that the handler yields is checked, written and sent. */
    stream?: Item
  } & HandledOrRelayed<
    (
      this: NoInfer<FastifyInstance>,
      payload: NoInfer<HandlerPayload<Payload>>,
      context: Context & NoInfer<SqlOf<Transaction>>,
    ) => HandlerReturn<Reply, Item>,
    Relay
  >

/** Checks the events of a definition: each one has a handler or a relay. */
// An index signature is no part of the types of the events, from which TypeScript infers. As a part of them, the union would cost 180
// instantiations for each event.
export interface EventsHandledOrRelayed {
  events?: { readonly [event: string]: RelayedEvent | HandledEvent }
}

type KeyOfEvent = keyof EventDefinition<unknown, unknown, unknown, unknown, unknown, unknown>
// Interfaces, because an error shows their names; of an event with neither, it shows the last one's.
interface RelayedEvent extends Partial<Record<Exclude<KeyOfEvent, 'handler' | 'relay' | 'reply' | 'stream'>, unknown>> {
  relay: object
  handler?: never
  reply?: never
  stream?: never
}
interface HandledEvent extends Partial<Record<Exclude<KeyOfEvent, 'handler' | 'relay'>, unknown>> {
  handler: object
  relay?: never
}
