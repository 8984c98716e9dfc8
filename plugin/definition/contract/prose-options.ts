/*
 * What a definition says to people. The AsyncAPI document, the manifest and the command line show it; nothing of it changes what
 * the server does.
 */

/** What a namespace, an event or an emit says of itself, for documents. */
export interface ProseOptions {
  /** A few words: the title in a list. */
  summary?: string
  /** Sentences, in CommonMark. */
  description?: string
  /** Words to group by. */
  tags?: readonly string[]
  /** Whether clients should stop using it. */
  deprecated?: boolean
  /** Whether the AsyncAPI document leaves it out. */
  hide?: boolean
}

/** `ProseOptions`, and examples. */
export interface ExampleOptions extends ProseOptions {
  /** Payloads as a client, or for an emit the server, would send them. */
  examples?: readonly unknown[]
}
