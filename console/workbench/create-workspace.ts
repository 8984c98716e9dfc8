import type { ServerDescription } from '../../plugin/definition/contract/description.js'
import { createLogStore } from '../log/log-store.js'
import { createSession } from '../session/session.js'
import type { Identity, Session } from '../session/session-types.js'
import type { ConsoleConfig } from '../shared/console-config.js'
import { createWritable, type Writable } from '../shared/writable.js'
import { createDrafts } from './drafts.js'
import type { Selection, Workspace } from './workspace.js'

/** Where the page is, and what the server has. */
export interface WorkspaceSettings {
  readonly config: ConsoleConfig
  readonly externalPrefix: string
  readonly origin: string
  readonly description: Writable<ServerDescription>
}

/** Creates the workspace of a page, with one identity. */
export function createWorkspace({ config, externalPrefix, origin, description }: WorkspaceSettings): Workspace {
  const log = createLogStore()
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
    return createSession(identity, { origin, path: externalPrefix + config.path, log, expand: (text) => text })
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
  }
}
