import type { FastifyInstance } from 'fastify'
import type { Test } from 'tap'
import type { LogInput, LogStore } from '../../../console/log/log-types.js'
import { createSession } from '../../../console/session/session.js'
import type { Identity, Lane, Session, SessionAction } from '../../../console/session/session-types.js'
import type { NamespacesOptions } from '../../../plugin/index.js'
import { build, listen, until } from '../../plugin/harness.js'

export const FIRST: Identity = {
  number: 1,
  label: 'Ada',
  auth: {},
  query: {},
  headers: {},
  transports: 'websocket',
}

/** A log that keeps what is added to it, as it is. */
function listLog(): LogStore & { readonly added: LogInput[] } {
  const added: LogInput[] = []
  return {
    added,
    add: (input) => void added.push(input),
    clear: () => {},
    counts: { getSnapshot: () => ({ held: 0, dropped: 0, total: 0 }), subscribe: () => () => {} },
    entries: () => [],
    onEntry: () => () => {},
  }
}

/** A server on the loopback address, and a session with it. Both are closed with the test. */
export async function openSession(
  t: Test,
  options: NamespacesOptions,
  identity: Partial<Identity> = {},
  expand: (text: string) => string = (text) => text,
): Promise<{
  app: FastifyInstance
  session: Session
  log: LogInput[]
  actions: SessionAction[]
  lane: (address: string) => Lane | undefined
  entries: (kind: LogInput['kind']) => LogInput[]
}> {
  const app = await build(t, options, undefined, { forceCloseConnections: true })
  const port = await listen(app)
  const store = listLog()
  const settings = { origin: `http://127.0.0.1:${port}`, path: '/socket.io', log: store, expand }
  const session = createSession({ ...FIRST, ...identity }, settings)
  t.teardown(() => session.close())
  const actions: SessionAction[] = []
  session.onAction((action) => actions.push(action))
  return {
    app,
    session,
    log: store.added,
    actions,
    lane: (address) => session.lanes.getSnapshot().find((lane) => lane.address === address),
    entries: (kind) => store.added.filter((entry) => entry.kind === kind),
  }
}

/** Resolves when a lane stands there. */
export async function untilLane(session: Session, address: string, status: Lane['state']['status']): Promise<void> {
  await until(() =>
    session.lanes.getSnapshot().some((lane) => lane.address === address && lane.state.status === status),
  )
}
