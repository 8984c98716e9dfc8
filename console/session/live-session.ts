import { clientError } from '../../plugin/client/call-error.js'
import { writeClientAddress } from '../../plugin/client/joins/client-address.js'
import { CallError, createClient } from '../../plugin/client.js'
import type { Writable } from '../shared/writable.js'
import { authTextOf, readAuth } from './auth-text.js'
import { followConnection } from './connection-facts.js'
import { explainError, paramsError } from './error-description.js'
import { checkHandshake, isOtherHandshake, setHandshake } from './handshake.js'
import { followLane, type JoinedLane } from './joined-lane.js'
import { openLaneStream } from './lane-stream.js'
import { createLaneTable } from './lane-table.js'
import { createNetwork } from './network.js'
import { callRaw } from './raw-call.js'
import type { SessionSettings } from './session.js'
import type { ConnectionState, Identity, Lane, OpenStream, RoundTrip, Session, SessionAction } from './session-types.js'

/** What a session shows, and what it tells. */
export interface SessionParts extends SessionSettings {
  readonly identity: Writable<Identity>
  readonly connection: Writable<ConnectionState>
  readonly lanes: Writable<readonly Lane[]>
  readonly roundTrips: Writable<readonly RoundTrip[]>
  readonly act: (action: SessionAction) => void
}

/** How long the connection stays open when nothing is joined: readers join, leave, and join again. Milliseconds. */
const IDLE_MS = 60_000

/** What a session does, from its first join on. */
export type LiveSession = Omit<Session, 'number' | 'identity' | 'connection' | 'lanes' | 'roundTrips' | 'onAction'>

export function openLiveSession(parts: SessionParts): LiveSession {
  const { origin, path, log, expand, identity, connection, lanes, roundTrips, act } = parts
  const { number } = identity.getSnapshot()
  const joined = new Map<string, JoinedLane>()
  const askedAt = new Map<string, number>()
  // By address: an answer stays when its namespace is joined anew.
  const answers = new Map<string, Map<string, unknown>>()
  const table = createLaneTable(lanes, roundTrips)
  const network = createNetwork(() => show())
  const client = createClient(origin, {
    auth({ name, address }) {
      askedAt.set(address, performance.now())
      return readAuth(authTextOf(identity.getSnapshot(), name), expand)
    },
    idleMs: IDLE_MS,
    io: { path, reconnectionDelay: 100, reconnectionDelayMax: 2_000 },
  })
  setHandshake(client.manager.opts, identity, network.transports, expand)
  const show = followConnection({
    identity: number,
    manager: client.manager,
    network,
    log,
    connection,
    isWanted: () => [...joined.values()].some(({ use }) => use.state.getSnapshot().status !== 'refused'),
  })

  function hold(name: string, params: Lane['params'], address: string): JoinedLane {
    const known = table.get(address)
    const use = client.join(name, params)
    const lane = followLane(use, {
      identity: number,
      table,
      log,
      answers: answersOf(address),
      askedAt: () => askedAt.get(address) ?? 0,
    })
    joined.set(address, lane)
    table.set({ joins: 0, up: 0, down: 0, ...known, name, address, params, state: use.state.getSnapshot() })
    use.state.subscribe(show)
    show()
    return lane
  }

  async function join(name: string, params: Lane['params'] = {}): Promise<void> {
    let address = name
    let error: CallError | undefined
    const auth = authTextOf(identity.getSnapshot(), name)
    try {
      // The client leaves at the end of the task in which it is told to: a join in the same task would keep the namespace.
      await undefined
      address = writeClientAddress(name, params)
      checkHandshake(identity.getSnapshot(), expand)
      const { use } = joined.get(address) ?? hold(name, params, address)
      use.rejoin()
      await use.ready
    } catch (reason) {
      error = reason instanceof CallError ? explainError(reason) : paramsError(reason)
    }
    act({ kind: 'join', identity: number, name, address, auth, ...(error && { error }) })
    if (error) throw error
  }

  function answersOf(address: string): Map<string, unknown> {
    const known = answers.get(address) ?? new Map<string, unknown>()
    answers.set(address, known)
    return known
  }

  function release(address: string): void {
    joined.get(address)?.use.leave()
    joined.get(address)?.end()
    joined.delete(address)
    askedAt.delete(address)
    show()
  }

  const whereIs = (address: string) => ({ identity: number, name: table.get(address)?.name ?? address, address })

  return {
    join,

    become(next) {
      const former = identity.getSnapshot()
      identity.set(next)
      if (isOtherHandshake(former, next)) client.manager.engine?.close()
    },

    rejoin(address) {
      const lane = table.get(address)
      if (!lane) return
      const { status } = lane.state
      if (status === 'joined' || status === 'recovering') release(address)
      // The lane shows an error.
      join(lane.name, lane.params).catch(() => {})
    },

    leave(address) {
      if (!joined.has(address)) return
      release(address)
      answers.delete(address)
      act({ kind: 'leave', ...whereIs(address) })
    },

    async call(address, event, args, options = {}) {
      const lane = joined.get(address)
      const result = lane
        ? await callRaw(lane, event, args, options)
        : { error: clientError('LEFT', undefined, event, false), ms: 0 }
      act({ kind: 'call', ...whereIs(address), event, args, ...sourceOf(options), result })
      return result
    },

    send(address, event, args, options = {}) {
      const lane = joined.get(address)
      lane?.send(event, args)
      act({ kind: 'send', ...whereIs(address), event, args, ...sourceOf(options) })
    },

    stream(address, event, payload, options): OpenStream {
      const lane = joined.get(address)
      if (!lane) {
        const error = clientError('LEFT', undefined, event, false)
        return { result: Promise.resolve({ error, ms: 0 }), more: () => {}, cancel: () => {} }
      }
      const { items, isCancelled, ...stream } = openLaneStream(lane, event, payload, options)
      void stream.result.then(({ error }) =>
        act({
          kind: 'stream',
          ...whereIs(address),
          event,
          payload,
          ...sourceOf(options),
          items,
          isCancelled: isCancelled(),
          ...(error && { error }),
        }),
      )
      return stream
    },

    answerWith(address, emit, value) {
      if (value === undefined) answers.get(address)?.delete(emit)
      else if (joined.has(address)) answersOf(address).set(emit, value)
    },

    drop: () => void client.manager.engine?.close(),

    block(ms) {
      network.block(ms)
      client.manager.engine?.close()
    },

    unblock: network.unblock,

    close() {
      for (const address of [...joined.keys()]) release(address)
      client.close()
      network.unblock()
      table.end()
    },
  }
}

function sourceOf({ source }: { readonly source?: string }): { readonly source?: string } {
  return source === undefined ? {} : { source }
}
