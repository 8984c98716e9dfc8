import type { ServerDescription } from '../../plugin/definition/contract/description.js'
import type { LogStore } from '../log/log-types.js'
import type { Session } from '../session/session-types.js'
import type { ConsoleConfig } from '../shared/console-config.js'
import type { Readable, Writable } from '../shared/writable.js'
import type { History } from './history.js'
import type { PageStorage } from './page-storage.js'
import type { Variables } from './variables.js'

/** What the middle of the page shows. `name` is the name of a namespace; of one without a definition, its address. */
export type Selection =
  | { readonly view: 'start' }
  | { readonly view: 'connection' }
  | { readonly view: 'namespace'; readonly name: string }
  | { readonly view: 'event'; readonly name: string; readonly event: string }
  | { readonly view: 'emit'; readonly name: string; readonly event: string }
  /** Plain events, for a namespace without a definition. */
  | { readonly view: 'plain'; readonly name: string }

/** A draft of what the reader sends: kept while the page is open, for each identity, namespace and event. */
export interface Draft {
  /** The payload as a text of JSON, which may have variables. */
  readonly text: string
  /** The values of the parameters of the name. */
  readonly params: Readonly<Record<string, string>>
}

/** Everything that the views share. */
export interface Workspace {
  readonly config: ConsoleConfig
  /** The path before those of the server, e.g. `/tools`; empty without a proxy that adds one. */
  readonly externalPrefix: string
  /** What the server has. Replaced when the server has changed. */
  readonly description: Readable<ServerDescription>
  readonly selection: Writable<Selection>
  /** One identity, or two side by side. */
  readonly sessions: Readable<readonly Session[]>
  readonly addSession: () => void
  readonly removeSession: (session: Session) => void
  readonly log: LogStore
  readonly drafts: Drafts
  readonly variables: Variables
  readonly history: History
  readonly storage: PageStorage
}

export interface Drafts {
  readonly get: (identity: number, name: string, event: string) => Draft | undefined
  readonly set: (identity: number, name: string, event: string, draft: Draft) => void
  /** Called with each draft that was set from elsewhere: a link, the history. Returns a function that ends it. */
  readonly subscribe: (listener: () => void) => () => void
}
