/*
 * A client of protocol 3 is in `/` without having asked for it, and takes a refusal there for one of each of its namespaces. So
 * it is told only where it asks for no other namespace: then `/` was what it wanted.
 */

// A client asks as soon as its connection is open: that is one way there and back.
const WAIT_MS = 2_000

const ASKED = Symbol('asked')

/** The engine's socket. */
interface Connection {
  readonly readyState: string
  /** Whether it has asked for a namespace, or until when it may. */
  [ASKED]?: true | NodeJS.Timeout
}

/** Says that a connection has asked for a namespace. */
export function markAsked(connection: Connection): void {
  clearTimeout(connection[ASKED] as NodeJS.Timeout | undefined)
  connection[ASKED] = true
}

/** Tells a refusal that nobody has asked for, later, where the connection asks for nothing until then. */
export function tellUnasked(connection: Connection, tell: () => void): void {
  if (connection[ASKED] === true) return
  connection[ASKED] = setTimeout(() => {
    if (connection.readyState === 'open') tell()
  }, WAIT_MS).unref()
}
