import type { RecordedVariable } from '../scenario/recorded-step.js'

/** What is on the screen, and what code is written for. Texts may have variables. */
export interface SnippetSubject {
  /** The server, e.g. `http://localhost:3000`. */
  readonly url: string
  /** The path of the handshake. */
  readonly path: string
  /** Name of the namespace, e.g. `/orgs/:orgId`. */
  readonly name: string
  readonly address: string
  readonly params: Readonly<Record<string, unknown>>
  readonly event: string
  readonly kind: 'call' | 'stream' | 'emit' | 'ask' | 'plain'
  /** What is sent: one payload, or of a plain event all arguments. */
  readonly args: readonly unknown[]
  /** The `auth`; undefined if there is none. */
  readonly auth?: unknown
  readonly variables: readonly RecordedVariable[]
}

/** Code for one kind of client. */
export interface Snippet {
  readonly title: string
  readonly text: string
}
