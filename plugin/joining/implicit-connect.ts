/*
 * A client of protocol 3 joins `/` implicitly, and treats a refusal of `/` as a refusal of each of its namespaces. So the
 * refusal is sent only if the client asks for no other namespace.
 */

// A client asks for its namespaces as soon as its connection is open: one round trip.
const WAIT_MS = 2_000

const EXPLICIT = Symbol('explicit')

/** An engine.io connection. */
interface ImplicitConnection {
  readonly readyState: string
  /** true once the client has asked for a namespace; before that, the timer of a refusal of `/`. */
  [EXPLICIT]?: true | NodeJS.Timeout
}

/** Records that a connection has asked for a namespace, and cancels a waiting refusal of `/`. */
export function markExplicit(connection: ImplicitConnection): void {
  clearTimeout(connection[EXPLICIT] as NodeJS.Timeout | undefined)
  connection[EXPLICIT] = true
}

/** Sends the refusal of an implicit connect after a delay, unless the connection has asked for a namespace by then. */
export function refuseImplicit(connection: ImplicitConnection, send: () => void): void {
  if (connection[EXPLICIT] === true) return
  connection[EXPLICIT] = setTimeout(() => {
    if (connection.readyState === 'open') send()
  }, WAIT_MS).unref()
}
