import type { None, Schemas } from '../schema/schema.js'
import type { ContractImplementation } from './contract/contract-implementation.js'
import { implementContract } from './contract/implement-contract.js'
import type { JoinSchemas, Typed } from './contract/types-of.js'
import type { EventsHandledOrRelayed, HandledOrRelayed } from './events/event-definition.js'
import type { NamespaceDefinition } from './namespace-definition.js'

/*
 * `defineNamespace()` and `defineNamespaces()`, which infer the types of definitions and keep them.
 */

/** A definition with its inferred types: the result of `defineNamespace()`. */
export type Defined<
  Emits,
  Answers,
  Payloads,
  Replies,
  Failures,
  Join,
  Data = unknown,
  Items = Schemas,
  Rooms = None,
> = NamespaceDefinition<
  Emits,
  Answers,
  Payloads,
  Replies,
  Failures,
  Join,
  Data,
  Items,
  None,
  HandledOrRelayed<object, object>,
  Rooms
> &
  Typed<Emits, Answers, Payloads, Replies, Failures, Join, Data, Items, Rooms>

/**
 * Infers the types of a definition from its schemas: payloads, replies, errors, emits, params, `auth` and `socket.data`.
 *
 * @param definition - one namespace. It is checked when it is declared, not here.
 * @returns its argument, with its types
 *
 * @example
 * const chat = defineNamespace({
 *   events: {
 *     'message:send': {
 *       payload: Type.Object({ text: Type.String() }),
 *       reply: Type.Object({ id: Type.String() }),
 *       handler: async ({ text }) => ({ id: await store(text) }),
 *     },
 *   },
 * })
 */
export function defineNamespace<
  const Emits extends Schemas = None,
  const Answers extends Schemas = None,
  const Payloads extends Schemas = None,
  const Replies extends Schemas = None,
  const Failures extends Schemas = None,
  const Join extends JoinSchemas = None,
  const Data = unknown,
  const Items extends Schemas = None,
  const Transactions extends Schemas = None,
  const Rooms extends Schemas = None,
>(
  definition: NamespaceDefinition<
    Emits,
    Answers,
    Payloads,
    Replies,
    Failures,
    Join,
    Data,
    Items,
    Transactions,
    unknown,
    Rooms
  > &
    EventsHandledOrRelayed,
): Defined<Emits, Answers, Payloads, Replies, Failures, Join, Data, Items, Rooms>
/**
 * Implements a contract. A handler that is missing, or that does not fit its schemas, is a type error.
 *
 * @param contract - of `defineContract()`
 * @param implementation - a handler for each event, hooks, and everything else that the server does
 * @returns a definition, with the types of the contract
 *
 * @example
 * const chat = defineNamespace(chatContract, {
 *   onRequest: async (request) => { await request.jwtVerify() },
 *   handlers: { 'message:send': async ({ text }) => ({ id: await store(text) }) },
 * })
 */
export function defineNamespace<
  Emits,
  Answers,
  Payloads,
  const Replies,
  Failures,
  Join,
  Data,
  const Items,
  const Transactions extends Schemas = None,
  Rooms = None,
>(
  contract: Typed<Emits, Answers, Payloads, Replies, Failures, Join, Data, Items, Rooms>,
  implementation: ContractImplementation<
    Emits,
    Answers,
    Payloads,
    Replies,
    Failures,
    Join,
    Data,
    Items,
    Transactions,
    Rooms
  >,
): Defined<Emits, Answers, Payloads, Replies, Failures, Join, Data, Items, Rooms>
export function defineNamespace(definition: object, implementation?: object): object {
  return implementation === undefined ? definition : implementContract(definition, implementation)
}

/**
 * Infers the types of several definitions, for `register()`, which infers none itself.
 *
 * @param definitions - the definitions by name
 * @returns its argument, with its types
 *
 * @example
 * app.register(namespaces, { namespaces: defineNamespaces({ '/chat': { events: { … } } }) })
 */
export function defineNamespaces<
  const Emits extends Schemas,
  const Answers extends Schemas,
  const Payloads extends Schemas,
  const Replies extends Schemas,
  const Failures extends Schemas,
  const Join extends Schemas,
  const Data extends Schemas,
  const Items extends Schemas,
  const Transactions extends Schemas,
  const Rooms extends Schemas,
>(
  definitions: {
    readonly [Name in keyof Emits &
      keyof Answers &
      keyof Payloads &
      keyof Replies &
      keyof Failures &
      keyof Join &
      keyof Data &
      keyof Items &
      keyof Transactions &
      keyof Rooms]: NamespaceDefinition<
      Emits[Name],
      Answers[Name],
      Payloads[Name],
      Replies[Name],
      Failures[Name],
      Join[Name],
      Data[Name],
      Items[Name],
      Transactions[Name],
      unknown,
      Rooms[Name]
    > &
      EventsHandledOrRelayed
  },
): {
  readonly [Name in keyof Emits &
    keyof Answers &
    keyof Payloads &
    keyof Replies &
    keyof Failures &
    keyof Join &
    keyof Data &
    keyof Items &
    keyof Rooms]: Defined<
    Emits[Name],
    Answers[Name],
    Payloads[Name],
    Replies[Name],
    Failures[Name],
    Join[Name],
    Data[Name],
    Items[Name],
    Rooms[Name]
  >
} {
  return definitions as never
}
