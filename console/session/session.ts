import { type AnyJoined, CallError, type ClientAuth, createClient } from '../../plugin/client.js'
import type { LogStore } from '../log/log-types.js'
import { createWritable } from '../shared/writable.js'
import type { CallResult, ConnectionState, Identity, Lane, RoundTrip, Session } from './session-types.js'

/** What a session is made with. */
export interface SessionSettings {
  /** The origin of the server. */
  readonly origin: string
  /** The path of the handshake, as the browser sees it. */
  readonly path: string
  readonly log: LogStore
  /** Replaces the variables of a text. */
  readonly expand: (text: string) => string
}

/** Creates the session of an identity. It connects with its first join. */
export function createSession(first: Identity, { origin, path, log, expand }: SessionSettings): Session {
  const identity = createWritable(first)
  const connection = createWritable<ConnectionState>({
    status: 'idle',
    openWebSockets: 0,
    everOpened: 0,
    reconnects: 0,
  })
  const lanes = createWritable<readonly Lane[]>([])
  const roundTrips = createWritable<readonly RoundTrip[]>([])
  const joined = new Map<string, AnyJoined>()
  const auth: ClientAuth = ({ name }) => {
    const texts = identity.getSnapshot().auth
    return JSON.parse(expand(texts[name] ?? texts[''] ?? '{}'))
  }
  const client = createClient(origin, { auth, io: { path } })
  const { number } = first

  function change(address: string, change: Partial<Lane>): void {
    lanes.set(lanes.getSnapshot().map((lane) => (lane.address === address ? { ...lane, ...change } : lane)))
  }

  return {
    number,
    identity,
    connection,
    lanes,
    roundTrips,
    become: identity.set,
    async join(name, params = {}) {
      const use = client.join(name, params)
      const { address, socket, state } = use
      if (joined.has(address)) use.leave()
      else {
        joined.set(address, use)
        lanes.set([
          ...lanes.getSnapshot().filter((lane) => lane.address !== address),
          { name, address, params, state: state.getSnapshot(), joins: 0, up: 0, down: 0 },
        ])
        state.subscribe(() => {
          change(address, { state: state.getSnapshot() })
          log.add({ kind: 'note', identity: number, address, event: state.getSnapshot().status, args: [] })
        })
        socket.onAny((event: string, ...args: unknown[]) =>
          log.add({ kind: 'in', identity: number, address, event, args }),
        )
        socket.onAnyOutgoing((event: string, ...args: unknown[]) =>
          log.add({ kind: 'out', identity: number, address, event, args }),
        )
      }
      await joined.get(address)?.ready
    },
    rejoin: (address) => joined.get(address)?.rejoin(),
    leave(address) {
      joined.get(address)?.leave()
      joined.delete(address)
    },
    async call(address, event, args, { timeoutMs = 10_000 } = {}): Promise<CallResult> {
      const started = performance.now()
      const use = joined.get(address)
      if (!use)
        return { error: new CallError({ code: 'NSP_CLIENT_LEFT', statusCode: 410, message: 'Not joined' }), ms: 0 }
      const ack = await new Promise<unknown[] | undefined>((resolve) => {
        use.socket.timeout(timeoutMs).emit(event, ...args, (error: unknown, ...acks: unknown[]) => {
          resolve(error ? undefined : acks)
        })
      })
      const ms = performance.now() - started
      if (!ack) return { error: new CallError({ code: 'NSP_CLIENT_TIMEOUT', statusCode: 504, message: 'No ack' }), ms }
      const { ok, error } = Object(ack[0])
      log.add({ kind: 'ack-in', identity: number, address, event, args: ack, ms, isError: ok === false })
      return { acks: ack, ms, ...(ok === false && { error: new CallError(Object(error), event) }) }
    },
    send: (address, event, args) => void joined.get(address)?.socket.emit(event, ...args),
    stream(address, event, payload, { onItem, credits }) {
      const started = performance.now()
      const stream = (joined.get(address) as AnyJoined).stream(event, payload, {
        onItem,
        ...(credits !== undefined && { credits }),
      })
      const result = stream.result.then(
        (value) => ({ value, ms: performance.now() - started }),
        (error: CallError) => ({ error, ms: performance.now() - started }),
      )
      return { result, more: () => {}, cancel: stream.cancel }
    },
    answerWith() {},
    drop: () => void client.manager.engine?.close(),
    block: () => void client.manager.engine?.close(),
    unblock() {},
    close: () => client.close(),
    onAction: () => () => {},
  }
}
