import type { None, OutputOf, Schemas } from '../../schema/schema.js'
import type { WaitingOptions } from '../events/waiting-options.js'
import type { ExampleOptions, ProseOptions } from './prose-options.js'
import type { StreamEventOptions } from './stream-event-options.js'
import type { JoinSchemas, Typed } from './types-of.js'

/*
 * `defineContract()`: what a client and a server agree on, without handlers. It imports no Fastify and no Socket.IO, so that a front end
 * can have it, too.
 */

/** The emits of a definition or of a contract. Two mapped types, so that TypeScript infers payload and reply of each. */
export type EmitDefinitions<Emits, Answers> = {
  readonly [Emit in keyof Emits]: {
    /** The schema of the payload. Without it, the emit has none. */
    payload?: Emits[Emit]
  } & ExampleOptions &
    WaitingOptions<NoInfer<unknown extends Emits[Emit] ? unknown : OutputOf<Emits[Emit]>>>
} & {
  readonly [Emit in keyof Answers]: {
    /** The schema of the answers of clients. */
    reply?: Answers[Emit]
  }
}

/** The events of a contract. Four mapped types, so that TypeScript infers the schemas of each event from its own properties. */
type EventContracts<Payloads, Replies, Failures, Items> = {
  readonly [Event in keyof Payloads]: {
    /** The schema of the payload. Without it, the handler receives what the client sent, as `unknown`. */
    payload?: Payloads[Event]
  } & ExampleOptions
} & {
  readonly [Event in keyof Replies]: {
    /** The schema of the `data` of the ack. */
    reply?: Replies[Event]
  }
} & {
  readonly [Event in keyof Failures]: {
    /** The errors of the event: code -> schema of its data. */
    errors?: Failures[Event]
  }
} & {
  readonly [Event in keyof Items]: StreamEventOptions<
    NoInfer<unknown extends Items[Event] ? unknown : OutputOf<Items[Event]>>
  > & {
    /** The schema of an item. It makes the event a stream. */
    stream?: Items[Event]
  }
}

/** The rooms of a contract. */
type RoomContracts<Rooms> = {
  readonly [Pattern in keyof Rooms]: {
    /** The schema of the params. Without it, they are strings. */
    params?: Rooms[Pattern]
    /** What people read about the room. */
    description?: string
  }
}

/** The argument of `defineContract()`: a definition without functions that run on the server. */
export interface NamespaceContract<Emits, Answers, Payloads, Replies, Failures, Join, Data, Items, Rooms>
  extends ProseOptions {
  /** The schemas of the joining request: `params`, `querystring` and `headers` as in a route, and Socket.IO's `auth`. */
  schema?: { readonly [Part in keyof Join & keyof JoinSchemas]: Join[Part] } & JoinSchemas
  /** The type of `socket.data`: a schema, or `dataType<Data>()`. */
  data?: Data
  /** Events that clients send. */
  events?: EventContracts<Payloads, Replies, Failures, Items>
  /** Events that the server sends. */
  emits?: EmitDefinitions<Emits, Answers>
  /** Rooms that clients may join. */
  rooms?: RoomContracts<Rooms>
}

/** A contract with its inferred types: the result of `defineContract()`. */
export type DefinedContract<
  Emits,
  Answers,
  Payloads,
  Replies,
  Failures,
  Join,
  Data = unknown,
  Items = Schemas,
  Rooms = None,
> = NamespaceContract<Emits, Answers, Payloads, Replies, Failures, Join, Data, Items, Rooms> &
  Typed<Emits, Answers, Payloads, Replies, Failures, Join, Data, Items, Rooms>

/**
 * Infers the types of a contract: the schemas of a namespace, without handlers. The server implements it with
 * `defineNamespace(contract, { handlers })`, and a front end may import it.
 *
 * @param contract - one namespace. It is checked when its implementation is declared, not here.
 * @returns its argument, with its types
 *
 * @example
 * export const chat = defineContract({
 *   events: { 'message:send': { payload: Type.Object({ text: Type.String() }), reply: Type.Object({ id: Type.String() }) } },
 * })
 */
export function defineContract<
  const Emits extends Schemas = None,
  const Answers extends Schemas = None,
  const Payloads extends Schemas = None,
  const Replies extends Schemas = None,
  const Failures extends Schemas = None,
  const Join extends JoinSchemas = None,
  const Data = unknown,
  const Items extends Schemas = None,
  const Rooms extends Schemas = None,
>(
  contract: NamespaceContract<Emits, Answers, Payloads, Replies, Failures, Join, Data, Items, Rooms>,
): DefinedContract<Emits, Answers, Payloads, Replies, Failures, Join, Data, Items, Rooms> {
  return contract as DefinedContract<Emits, Answers, Payloads, Replies, Failures, Join, Data, Items, Rooms>
}
