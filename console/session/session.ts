import { createSubscribers } from '../../plugin/client/readable.js'
import type { LogStore } from '../log/log-types.js'
import { createWritable } from '../shared/writable.js'
import type { Expand } from './handshake.js'
import type { LiveSession } from './live-session.js'
import type { ConnectionState, Identity, Lane, RoundTrip, Session, SessionAction } from './session-types.js'

/** What a session is made with. */
export interface SessionSettings {
  /** The origin of the server. */
  readonly origin: string
  /** The path of the handshake, as the browser sees it. */
  readonly path: string
  readonly log: LogStore
  /** Replaces the variables of a text of JSON. */
  readonly expand: Expand
}

/** Creates the session of an identity. It loads the client, and connects, with its first join. */
export function createSession(first: Identity, settings: SessionSettings): Session {
  const identity = createWritable(first)
  const connection = createWritable<ConnectionState>({
    status: 'idle',
    openWebSockets: 0,
    everOpened: 0,
    reconnects: 0,
  })
  const lanes = createWritable<readonly Lane[]>([])
  const roundTrips = createWritable<readonly RoundTrip[]>([])
  const actions = createSubscribers<[action: SessionAction]>()
  const parts = { ...settings, identity, connection, lanes, roundTrips, act: actions.call }
  let live: Promise<LiveSession> | undefined

  function load(): Promise<LiveSession> {
    live ??= import('./live-session.js').then(({ openLiveSession }) => openLiveSession(parts))
    // A file that could not be loaded is loaded again by the next use.
    live.catch(() => {
      live = undefined
    })
    return live
  }

  return {
    number: first.number,
    identity,
    connection,
    lanes,
    roundTrips,
    onAction: actions.add,
    join: async (...args) => (await load()).join(...args),
    call: async (...args) => (await load()).call(...args),

    stream(...args) {
      const stream = load().then((session) => session.stream(...args))
      return {
        result: stream.then(({ result }) => result),
        more: (count) => void stream.then(({ more }) => more(count)),
        cancel: () => void stream.then(({ cancel }) => cancel()),
      }
    },

    send: (...args) => void load().then((session) => session.send(...args)),
    rejoin: (address) => void load().then((session) => session.rejoin(address)),
    leave: (address) => void load().then((session) => session.leave(address)),
    answerWith: (...args) => void load().then((session) => session.answerWith(...args)),
    drop: () => void load().then((session) => session.drop()),
    block: (ms) => void load().then((session) => session.block(ms)),
    unblock: () => void load().then((session) => session.unblock()),
    // Without a connection, nothing has to be loaded.
    become: (next) => (live ? void live.then((session) => session.become(next)) : identity.set(next)),
    close: () => void live?.then((session) => session.close()),
  }
}
