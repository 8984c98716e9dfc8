import type { JsonSchema } from './description.js'

/*
 * The types of an AsyncAPI 3.1 document, as far as this plugin writes one.
 */

/** A reference to another part of the document. */
export interface DocumentRef {
  readonly $ref: string
}

interface DocumentTag {
  readonly name: string
}

/** What AsyncAPI has no word for, in any object. */
interface DocumentExtension {
  readonly 'x-socketio'?: Readonly<Record<string, unknown>>
}

/** What people read. */
interface DocumentProse {
  readonly title?: string
  readonly summary?: string
  readonly description?: string
  readonly tags?: readonly DocumentTag[]
}

/** A value on the wire: the first argument of an event, or of an ack. */
export interface DocumentMessage extends DocumentProse, DocumentExtension {
  /** The name of the event. */
  readonly name: string
  readonly deprecated?: boolean
  readonly payload?: JsonSchema
  readonly examples?: readonly { readonly payload: unknown }[]
}

/** A parameter of an address. */
export interface DocumentParameter extends DocumentExtension {
  readonly description?: string
  readonly enum?: readonly string[]
  readonly default?: string
  readonly examples?: readonly string[]
}

/** A namespace. */
export interface DocumentChannel extends DocumentProse, DocumentExtension {
  /** E.g. `/orgs/{orgId}`. */
  readonly address: string
  readonly parameters?: Readonly<Record<string, DocumentParameter>>
  readonly messages: Readonly<Record<string, DocumentMessage>>
}

/** An event, an emit, or the items of a stream. */
export interface DocumentOperation extends DocumentProse, DocumentExtension {
  /** `receive`: clients send it; `send`: the server does. */
  readonly action: 'receive' | 'send'
  readonly channel: DocumentRef
  readonly messages: readonly DocumentRef[]
  readonly reply?: { readonly channel: DocumentRef; readonly messages: readonly DocumentRef[] }
  readonly security?: readonly DocumentRef[]
}

/** An AsyncAPI document. */
export interface AsyncApiDocument extends DocumentExtension {
  readonly asyncapi: '3.1.0'
  readonly info: Readonly<Record<string, unknown>> & { readonly title: string; readonly version: string }
  readonly defaultContentType: string
  readonly servers?: Readonly<Record<string, Readonly<Record<string, unknown>>>>
  readonly channels: Readonly<Record<string, DocumentChannel>>
  readonly operations: Readonly<Record<string, DocumentOperation>>
  readonly components: {
    readonly schemas: Readonly<Record<string, JsonSchema>>
    readonly securitySchemes?: Readonly<Record<string, unknown>>
  }
}
