import type { Based } from './define-namespace.js'
import type { EventContext, EventDefinition } from './namespace-definition.js'

/*
 * An event in a file of its own, with its types.
 */

// biome-ignore lint/suspicious/noExplicitAny: it goes into any definition
type Unknown = any

/** What `defineEvent()` takes. */
type EventOf<Payload, Reply, Failures, Emits, Answers, Join, Data> = EventDefinition<
  Payload,
  Reply,
  Failures,
  EventContext<Emits, Answers, { event: Failures }, Join, Data, Unknown>
>

/** An event that `defineEvent()` has typed. Its own errors are its handler's business: those of a definition may be more. */
export type DefinedEvent<
  Payload,
  Reply,
  Failures,
  Emits = Unknown,
  Answers = Unknown,
  Join = Unknown,
  Data = Unknown,
> = EventDefinition<Payload, Reply, Failures, EventContext<Emits, Answers, Unknown, Join, Data, Unknown>>

/**
 * Gives an event its types, so that it may stand in a file of its own and go into any definition; it returns its argument.
 * Of its context nothing is known but its own errors: params are `unknown`, and what it emits is checked at run time.
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
export function defineEvent<const Payload = unknown, const Reply = unknown, const Failures = unknown>(
  event: EventOf<Payload, Reply, Failures, Unknown, Unknown, Unknown, Unknown>,
): DefinedEvent<Payload, Reply, Failures>
/**
 * The same for definitions that have what the first argument has: its `schema`, `emits` and `data` type the context. An
 * error of types tells where a definition has it not.
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
>(
  base: Based<Emits, Answers, Join, Data>,
  event: EventOf<Payload, Reply, Failures, Emits, Answers, Join, Data>,
): DefinedEvent<Payload, Reply, Failures, Emits, Answers, Join, Data>
export function defineEvent(...given: unknown[]): unknown {
  return given.at(-1)
}
