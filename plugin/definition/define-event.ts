import type { AnyType, None } from '../schema/schema.js'
import type { EventContext, RelayContext } from './context-types.js'
import type { Based } from './contract/types-of.js'
import type { EventDefinition, HandlerPayload } from './events/event-definition.js'
import type { RelayOptions } from './events/relay-options.js'

/*
 * `defineEvent()`, which types an event in a file of its own.
 */

/** The argument of `defineEvent()`. */
type EventOf<Payload, Reply, Failures, Emits, Answers, Join, Data, Item, Transaction, Rooms> = EventDefinition<
  Payload,
  Reply,
  Failures,
  EventContext<Emits, Answers, { event: Failures }, Join, Data, AnyType, Rooms>,
  Item,
  // Its name is not known here: whether `emits` has it is checked at boot.
  RelayOptions<
    AnyType,
    string,
    RelayContext<NoInfer<HandlerPayload<Payload>>, Emits, Answers, { event: Failures }, Join, Data, AnyType, Rooms>
  >,
  Transaction
>

/** The result of `defineEvent()`. Its context has any errors, because a definition may declare more than this event does. */
export type DefinedEvent<
  Payload,
  Reply,
  Failures,
  Emits = AnyType,
  Answers = AnyType,
  Join = AnyType,
  Data = AnyType,
  Item = unknown,
  Rooms = AnyType,
> = EventDefinition<
  Payload,
  Reply,
  Failures,
  EventContext<Emits, Answers, AnyType, Join, Data, AnyType, Rooms>,
  Item,
  AnyType
>

/**
 * Infers the types of one event, for a file of its own. The event goes into any definition. In its context `params` are
 * `unknown`, and emits are checked at run time only; pass a base as first argument to type them.
 *
 * @param event - the event
 * @returns its argument, with its types
 *
 * @example
 * export const sendMessage = defineEvent({
 *   payload: Type.Object({ text: Type.String() }),
 *   reply: Type.Object({ id: Type.String() }),
 *   handler: async ({ text }) => ({ id: await store(text) }),
 * })
 * // in another file
 * export const chat = defineNamespace({ events: { 'message:send': sendMessage } })
 */
export function defineEvent<
  const Payload = unknown,
  const Reply = unknown,
  const Failures = unknown,
  const Item = unknown,
  const Transaction = unknown,
>(
  event: EventOf<Payload, Reply, Failures, AnyType, AnyType, AnyType, AnyType, Item, Transaction, AnyType>,
): DefinedEvent<Payload, Reply, Failures, AnyType, AnyType, AnyType, AnyType, Item>
/**
 * Infers the types of one event for the definitions that share a base.
 *
 * @param base - its `schema`, `emits` and `data` type the context. A definition that lacks the `schema` of the base is a type error.
 * @param event - the event
 * @returns the event, with its types
 *
 * @example
 * export const base = defineNamespace({ schema: { params: Org }, emits: { 'message:new': { payload: Message } } })
 * export const sendMessage = defineEvent(base, {
 *   payload: Message,
 *   handler: (message, { namespace, params }) => void namespace.emit('message:new', { ...message, org: params.orgId }),
 * })
 * // in another file
 * export const chat = defineNamespace({ ...base, events: { 'message:send': sendMessage } })
 */
export function defineEvent<
  Emits,
  Answers,
  Join,
  Data,
  const Payload = unknown,
  const Reply = unknown,
  const Failures = unknown,
  const Item = unknown,
  const Transaction = unknown,
  Rooms = None,
>(
  base: Based<Emits, Answers, Join, Data, Rooms>,
  event: EventOf<Payload, Reply, Failures, Emits, Answers, Join, Data, Item, Transaction, Rooms>,
): DefinedEvent<Payload, Reply, Failures, Emits, Answers, Join, Data, Item, Rooms>
export function defineEvent(...given: unknown[]): unknown {
  return given.at(-1)
}
