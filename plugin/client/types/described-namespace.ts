import type { DetailsOf, Sendable } from '../../definition/client-types.js'
import type { AuthInputOf, TypesOf } from '../../definition/contract/types-of.js'
import type { InputOf, OutputOf } from '../../schema/schema.js'

/*
 * What the typed client knows of a namespace, in one form. It is read from the inferred types of a definition or of a contract, or
 * from a `DescribedNamespace`, of which the command line writes a .d.ts:
 *
 *   import type { DescribedNamespace } from 'fastify-namespaces/client'
 *
 *   export interface Definitions {
 *     '/orgs/:orgId': DescribedNamespace<{
 *       params: { orgId: number }
 *       auth: { token: string }
 *       events: {
 *         'message:send': { payload: { text: string }; reply: { id: string }; errors: { ROOM_FULL: { max: number } } }
 *         'log:tail': { payload: { file: string }; stream: { line: string } }
 *         ping: {}
 *       }
 *       emits: { 'message:new': { payload: { text: string } }; 'poll:ask': { payload: string; reply: number } }
 *     }>
 *   }
 *
 *   const client = createClient<Definitions>(url)
 *
 * Every key may be left out. An event without `payload` takes any payload, or none; one without `reply` resolves with `unknown`. An emit
 * without `payload` has none, and one without `reply` takes no answer. Payloads, params, `auth` and answers are what the client sends;
 * replies, items, details of errors and payloads of emits are what it receives.
 */

declare const DESCRIBED: unique symbol

/** What an event takes and gives, for `DescribedNamespace`. */
export interface EventDescribed {
  readonly payload?: unknown
  readonly reply?: unknown
  /** An item. With it, the event is a stream. */
  readonly stream?: unknown
  /** The details of each error, by code. */
  readonly errors?: object
}

/** What an emit brings, for `DescribedNamespace`. */
export interface EmitDescribed {
  readonly payload?: unknown
  /** What the client answers. */
  readonly reply?: unknown
}

/** The plain types of a namespace, for `DescribedNamespace`. */
export interface NamespaceDescribed {
  readonly params?: unknown
  readonly auth?: unknown
  readonly events?: { readonly [Event in string]: EventDescribed }
  readonly emits?: { readonly [Emit in string]: EmitDescribed }
  /** The params of each declared room, by its pattern. */
  readonly rooms?: { readonly [Pattern in string]: { readonly params?: unknown } }
}

/**
 * A namespace by its plain types, for `createClient()`, where the type of its definition can't be imported.
 *
 * @example
 * interface Definitions {
 *   '/chat': DescribedNamespace<{ events: { 'message:send': { payload: { text: string }; reply: { id: string } } } }>
 * }
 * const client = createClient<Definitions>('https://api.example')
 */
export interface DescribedNamespace<Described extends NamespaceDescribed> {
  readonly [DESCRIBED]?: Described
}

// Absent things are `never`: an event without items, an emit without payload or answer.
type ValueAt<Of, Key, Otherwise> = Key extends keyof Of ? Of[Key] : Otherwise
type SchemaOf<Map, Event, Otherwise> = Event extends keyof Map
  ? unknown extends Map[Event]
    ? Otherwise
    : Map[Event]
  : Otherwise

type DescribedForm<Described> = {
  params: ValueAt<Described, 'params', never>
  auth: ValueAt<Described, 'auth', Record<string, unknown>>
  events: {
    [Event in keyof ValueAt<Described, 'events', object>]: {
      payload: Sendable<ValueAt<ValueAt<Described, 'events', object>[Event], 'payload', unknown>>
      reply: ValueAt<ValueAt<Described, 'events', object>[Event], 'reply', unknown>
      item: ValueAt<ValueAt<Described, 'events', object>[Event], 'stream', never>
      errors: ValueAt<ValueAt<Described, 'events', object>[Event], 'errors', object>
    }
  }
  emits: {
    [Emit in keyof ValueAt<Described, 'emits', object>]: {
      payload: ValueAt<ValueAt<Described, 'emits', object>[Emit], 'payload', never>
      answer: Sendable<ValueAt<ValueAt<Described, 'emits', object>[Emit], 'reply', never>>
    }
  }
  rooms: {
    [Pattern in keyof ValueAt<Described, 'rooms', object>]: TypedSchema<
      ValueAt<ValueAt<Described, 'rooms', object>[Pattern], 'params', unknown>
    >
  }
}

/** A plain type in the place of a schema. */
type TypedSchema<Type> = unknown extends Type ? unknown : { static: Type; params: unknown[] }

type TypedForm<Types> = Types extends {
  rooms: infer Rooms
  emits: infer Emits
  answers: infer Answers
  payloads: infer Payloads
  replies: infer Replies
  failures: infer Failures
  join: infer Join
  items: infer Items
}
  ? {
      params: 'params' extends keyof Join ? InputOf<Join['params']> : never
      auth: AuthInputOf<Join>
      rooms: Rooms
      events: {
        [Event in keyof Payloads]: {
          payload: Sendable<InputOf<Payloads[Event]>>
          reply: OutputOf<SchemaOf<Replies, Event, unknown>>
          item: OutputOf<SchemaOf<Items, Event, never>>
          errors: DetailsOf<SchemaOf<Failures, Event, unknown>>
        }
      }
      emits: {
        [Emit in keyof Emits]: {
          payload: OutputOf<SchemaOf<Emits, Emit, never>>
          answer: Sendable<InputOf<SchemaOf<Answers, Emit, never>>>
        }
      }
    }
  : never

/** What the client knows of a namespace. */
export type FormOf<Definition> = typeof DESCRIBED extends keyof Definition
  ? Definition extends { readonly [DESCRIBED]?: infer Described }
    ? DescribedForm<NonNullable<Described>>
    : never
  : TypedForm<TypesOf<Definition>>

export type EventsOf<Definition> = FormOf<Definition>['events']
export type EmitsOf<Definition> = FormOf<Definition>['emits']

/** What an event takes and gives. */
export type EventForm<Definition, Event> =
  EventsOf<Definition> extends infer Events
    ? Event extends keyof Events
      ? Events[Event] extends infer Form extends { payload: unknown; reply: unknown; item: unknown; errors: unknown }
        ? Form
        : never
      : never
    : never

export type EmitForm<Definition, Emit> =
  EmitsOf<Definition> extends infer Emits
    ? Emit extends keyof Emits
      ? Emits[Emit] extends infer Form extends { payload: unknown; answer: unknown }
        ? Form
        : never
      : never
    : never
