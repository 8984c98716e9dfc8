/*
 * The description of the mounted definitions: plain, frozen, JSON-ready. The document, the manifest, the command line and the
 * contract tests read it, and no definition. It imports nothing, because front ends read it, too.
 */

/** A JSON Schema, draft 7, with the keyword `binary` of this plugin. */
export type JsonSchema = { readonly [keyword: string]: unknown } | boolean

/** A schema of a definition. */
export interface SchemaDescription {
  /** Absent if the vendor of a Standard Schema can't convert it. */
  readonly jsonSchema?: JsonSchema
  /** The library of a Standard Schema, e.g. `zod`; absent for plain JSON Schema and TypeBox. */
  readonly vendor?: string
}

/** What people read about a namespace, an event or an emit. */
export interface Prose {
  /** A few words. */
  readonly summary?: string
  /** One sentence or more. */
  readonly description?: string
  /** Groups in documents. */
  readonly tags?: readonly string[]
  /** Whether clients should stop using it. */
  readonly deprecated?: boolean
  /** Whether documents leave it out. */
  readonly hide?: boolean
}

/** The items of a stream. */
export interface StreamDescription {
  readonly item: SchemaDescription
  /** The most items that are on their way at the same time. */
  readonly credits: number
  /** Whether each item has an id, from which a client can resume. */
  readonly isResumable: boolean
  /** Milliseconds that the server waits for a client to read; 0: no limit. */
  readonly readTimeoutMs: number
}

/** The names of the hooks' functions, by hook; `''` for a function without a name. */
export type HookNames = Readonly<Record<string, readonly string[]>>

/** An event that clients send. */
export interface EventDescription extends Prose {
  /** What the client sends. */
  readonly payload?: SchemaDescription
  /** The `data` of the ack; of a stream: its return value. */
  readonly reply?: SchemaDescription
  readonly stream?: StreamDescription
  /** The declared errors: the schema of their `details`, by code. */
  readonly errors: Readonly<Record<string, SchemaDescription>>
  /** Payloads. */
  readonly examples?: readonly unknown[]
  /** Whether it has an idempotency key: then a client may send it again. */
  readonly isIdempotent?: boolean
  /** Milliseconds; 0: no limit. */
  readonly handlerTimeoutMs: number
  readonly hooks: HookNames
}

/** An event that the server sends. */
export interface EmitDescription extends Prose {
  readonly payload?: SchemaDescription
  /** What a client answers. */
  readonly reply?: SchemaDescription
  /** Payloads. */
  readonly examples?: readonly unknown[]
}

/** A room that clients may join. */
export interface RoomDescription {
  readonly description?: string
  /** The params in its name. */
  readonly params?: SchemaDescription
}

/** What the server does if the contract of a client is another one. */
export type ContractMismatch = 'off' | 'warn' | 'refuse'

/** The contract of a namespace: what client and server agree on. */
export interface ContractDescription extends Prose {
  readonly params?: SchemaDescription
  readonly querystring?: SchemaDescription
  readonly headers?: SchemaDescription
  readonly auth?: SchemaDescription
  readonly events: Readonly<Record<string, Omit<EventDescription, 'handlerTimeoutMs' | 'hooks' | 'isIdempotent'>>>
  readonly emits: Readonly<Record<string, EmitDescription>>
  /** By pattern, e.g. `ticket/:id`; absent without declared rooms. */
  readonly rooms?: Readonly<Record<string, RoomDescription>>
  /** The schemas of addSchema() to which the other schemas refer, by `$id`. */
  readonly schemas: Readonly<Record<string, JsonSchema>>
  /** 16 hexadecimal digits. They differ if a schema, an event or an emit differs; the prose does not count. */
  readonly hash: string
}

/** One declared namespace. */
export interface NamespaceDescription extends ContractDescription {
  /** E.g. `/orgs/:orgId`, with all prefixes. */
  readonly name: string
  readonly isDynamic: boolean
  readonly events: Readonly<Record<string, EventDescription>>
  /** Whether emits that are not listed are errors. */
  readonly hasEmits: boolean
  /** The hooks of joining. */
  readonly hooks: HookNames
  /** The hooks of every event: those of its contexts first. */
  readonly eventHooks: HookNames
  /** Whether the events of a socket run one after another. */
  readonly sequential: boolean
  readonly contractMismatch: ContractMismatch
}

/** All declared namespaces of a server: the result of `app.describeNamespaces()`. */
export interface ServerDescription {
  /** The version of this format. */
  readonly version: 1
  /** The path of the handshake, e.g. `/socket.io`. */
  readonly path: string
  /** Sorted by name. */
  readonly namespaces: readonly NamespaceDescription[]
}
