import { connectionStateOf } from '../wire/connection-state.js'

/*
 * A client of protocol 3 joins `/` implicitly, and treats a refusal of `/` as a refusal of each of its namespaces. So the
 * refusal is sent only if the client asks for no other namespace.
 */

// A client asks for its namespaces as soon as its connection is open: one round trip.
const WAIT_MS = 2_000

/** An engine.io connection. */
interface OpenConnection {
  readonly readyState: string
}

/** Records that a connection has asked for a namespace, and cancels a waiting refusal of `/`. */
export function markExplicit(connection: object): void {
  const state = connectionStateOf(connection)
  clearTimeout(state.firstConnect as NodeJS.Timeout | undefined)
  state.firstConnect = true
}

/** Sends the refusal of an implicit connect after a delay, unless the connection has asked for a namespace by then. */
export function refuseImplicit(connection: OpenConnection, send: () => void): void {
  const state = connectionStateOf(connection)
  if (state.firstConnect === true) return
  state.firstConnect = setTimeout(() => {
    if (connection.readyState === 'open') send()
  }, WAIT_MS).unref()
}
