import type { ServerDescription } from '../../plugin/definition/contract/description.js'
import { createLogStore } from '../log/log-store.js'
import { createSession } from '../session/session.js'
import type { Identity, Session } from '../session/session-types.js'
import type { ConsoleConfig } from '../shared/console-config.js'
import { createWritable, type Writable } from '../shared/writable.js'
import { createDrafts } from './drafts.js'
import { createHistory } from './history.js'
import { createPageStorage, type StorageArea } from './page-storage.js'
import { createVariables } from './variables.js'
import type { Selection, Workspace } from './workspace.js'

/** Where the page is, and what the server has. */
export interface WorkspaceSettings {
  readonly config: ConsoleConfig
  readonly externalPrefix: string
  readonly origin: string
  readonly description: Writable<ServerDescription>
  /** The browser's `localStorage`, if it may be used. */
  readonly storageArea?: StorageArea | undefined
}

/** Creates the workspace of a page, with one identity. */
export function createWorkspace(settings: WorkspaceSettings): Workspace {
  const { config, externalPrefix, origin, description } = settings
  const storage = createPageStorage(externalPrefix + config.page, settings.storageArea)
  const variables = createVariables(storage)
  const history = createHistory({ storage, redact: variables.redact })
  const expand = (source: string) => {
    const { text, missing } = variables.expand(source)
    if (missing.length === 0) return text
    throw new TypeError(`No value for ${missing.map((name) => `{{${name}}}`).join(', ')} in this environment`)
  }
  const log = createLogStore({ redact: variables.redact })
  const sessions = createWritable<readonly Session[]>([open(1)])

  function open(number: number): Session {
    const identity: Identity = {
      number,
      label: `Identity ${number}`,
      auth: {},
      query: {},
      headers: {},
      transports: 'default',
    }
    const session = createSession(identity, { origin, path: externalPrefix + config.path, log, expand })
    history.watch(session)
    return session
  }

  return {
    config,
    externalPrefix,
    description,
    selection: createWritable<Selection>({ view: 'start' }),
    sessions,
    addSession() {
      const open_ = sessions.getSnapshot()
      if (open_.length === 1) sessions.set([...open_, open(open_[0]?.number === 1 ? 2 : 1)])
    },
    removeSession(session) {
      session.close()
      sessions.set(sessions.getSnapshot().filter((each) => each !== session))
    },
    log,
    drafts: createDrafts(),
    variables,
    history,
    storage,
  }
}
