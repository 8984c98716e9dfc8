import type { None, Schemas } from '../schema/schema.js'
import type { JoinSchemas } from './join-types.js'
import type { NamespaceDefinition } from './namespace-definition.js'

/*
 * `defineNamespace()` and `defineNamespaces()`, which infer the types of definitions and keep them.
 */

declare const TYPES: unique symbol

/** A definition with its inferred types: the result of `defineNamespace()`. */
export type Defined<Emits, Answers, Payloads, Replies, Failures, Join, Data = unknown> = NamespaceDefinition<
  Emits,
  Answers,
  Payloads,
  Replies,
  Failures,
  Join,
  Data
> & {
  readonly [TYPES]?: {
    emits: Emits
    answers: Answers
    payloads: Payloads
    replies: Replies
    failures: Failures
    join: Join
    data: Data
  }
}

/** Anything with the inferred types of emits, joining and `socket.data`: the base of `defineEvent()`. */
export interface Based<Emits, Answers, Join, Data> {
  readonly [TYPES]?: { emits: Emits; answers: Answers; join: Join; data: Data }
}

/** The inferred types of a definition. */
export type TypesOf<Definition> = Definition extends { readonly [TYPES]?: infer Types } ? NonNullable<Types> : never

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
>(
  definition: NamespaceDefinition<Emits, Answers, Payloads, Replies, Failures, Join, Data>,
): Defined<Emits, Answers, Payloads, Replies, Failures, Join, Data> {
  return definition as Defined<Emits, Answers, Payloads, Replies, Failures, Join, Data>
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
>(
  definitions: {
    readonly [Name in keyof Emits &
      keyof Answers &
      keyof Payloads &
      keyof Replies &
      keyof Failures &
      keyof Join &
      keyof Data]: NamespaceDefinition<
      Emits[Name],
      Answers[Name],
      Payloads[Name],
      Replies[Name],
      Failures[Name],
      Join[Name],
      Data[Name]
    >
  },
): {
  readonly [Name in keyof Emits &
    keyof Answers &
    keyof Payloads &
    keyof Replies &
    keyof Failures &
    keyof Join &
    keyof Data]: Defined<
    Emits[Name],
    Answers[Name],
    Payloads[Name],
    Replies[Name],
    Failures[Name],
    Join[Name],
    Data[Name]
  >
} {
  return definitions as never
}
