import { connectionStateOf } from '../wire/connection-state.js'

/*
 * A client of protocol 3 is in `/` without having asked for it, and takes a refusal there for one of each of its namespaces. So
 * it is told only where it asks for no other namespace: then `/` was what it wanted.
 */

// A client asks as soon as its connection is open: that is one way there and back.
const WAIT_MS = 2_000

/** The engine's socket. */
interface OpenConnection {
  readonly readyState: string
}

/** Says that a connection has asked for a namespace. */
export function markAsked(connection: object): void {
  const state = connectionStateOf(connection)
  clearTimeout(state.firstConnect as NodeJS.Timeout | undefined)
  state.firstConnect = true
}

/** Tells a refusal that nobody has asked for, later, where the connection asks for nothing until then. */
export function tellUnasked(connection: OpenConnection, tell: () => void): void {
  const state = connectionStateOf(connection)
  if (state.firstConnect === true) return
  state.firstConnect = setTimeout(() => {
    if (connection.readyState === 'open') tell()
  }, WAIT_MS).unref()
}
