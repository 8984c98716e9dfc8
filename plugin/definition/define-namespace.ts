import type { JoinSchemas, NamespaceDefinition, None, Schemas } from './namespace-definition.js'

/*
 * Definitions that remember what was inferred from them.
 */

declare const TYPES: unique symbol

/** A definition that remembers what was inferred from it. */
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

/** Whatever remembers what was inferred of what it emits, of joining and of `socket.data`. */
export interface Based<Emits, Answers, Join, Data> {
  readonly [TYPES]?: { emits: Emits; answers: Answers; join: Join; data: Data }
}

/** What was inferred from a definition. */
export type TypesOf<Definition> = Definition extends { readonly [TYPES]?: infer Types } ? NonNullable<Types> : never

/**
 * Gives a definition its types; it returns its argument.
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
 * Gives several definitions their types, by name; it returns its argument. For `register()`, which infers none:
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
