import type { InputOf } from '../../schema/schema.js'

/*
 * The inferred types that a definition, or a contract, carries. This file imports no Fastify and no Socket.IO, because the types of
 * front ends and of contracts are made of it.
 */

declare const TYPES: unique symbol

/**
 * Anything with the inferred types of a namespace. Each type parameter maps names to schemas: Emits and Answers the name of an
 * emit; Payloads, Replies, Failures and Items the name of an event; Join the part of the joining request; Rooms the
 * pattern of a room. Data is one schema.
 */
export interface Typed<Emits, Answers, Payloads, Replies, Failures, Join, Data, Items, Rooms> {
  readonly [TYPES]?: {
    emits: Emits
    answers: Answers
    payloads: Payloads
    replies: Replies
    failures: Failures
    join: Join
    data: Data
    items: Items
    rooms: Rooms
  }
}

/** Anything with the inferred types of emits, joining and `socket.data`: the base of `defineEvent()`. */
export interface Based<Emits, Answers, Join, Data, Rooms> {
  readonly [TYPES]?: { emits: Emits; answers: Answers; join: Join; data: Data; rooms: Rooms }
}

/** The inferred types of a definition, or of a contract. */
export type TypesOf<Definition> = Definition extends { readonly [TYPES]?: infer Types } ? NonNullable<Types> : never

/** The input of the `auth` schema; without a schema, any object. */
export type AuthInputOf<Join> = 'auth' extends keyof Join ? InputOf<Join['auth']> : Record<string, unknown>

/** The schemas of joining, by the part of the request. A value that does not fit is refused with `FST_NSP_CONNECT_INVALID`. */
export interface JoinSchemas {
  /** The params of the namespace's address. */
  readonly params?: unknown
  /** The query of the handshake. */
  readonly querystring?: unknown
  /** The headers of the handshake. */
  readonly headers?: unknown
  /** Socket.IO's `auth`, which a client sends for each namespace. It is the body of the request. */
  readonly auth?: unknown
}
