/*
 * Which failures of a broker waiting does not mend: a wrong password, an unknown database, a certificate that is
 * not trusted, a version that is too old, a table that is gone.
 */

// Of Redis, by the first word of its message or by what it says; and of what we have found out about a server.
const REFUSED =
  /^(WRONGPASS|NOAUTH|NOPERM)\b|invalid password|invalid DB index|index is out of range|is Redis \d|older than \d/
// Of PostgreSQL: class 28, an unknown database, a missing right; and of TLS.
const CODES = /^(28\w{3}|3D000|42501)$|CERT|SELF_SIGNED/
// Of PostgreSQL: an unknown table, function or schema, and a transaction that may only read, e.g. after a failover.
const CHANGED = /^(42P01|42883|3F000|25006)$/
// Of PostgreSQL: what a statement asks for is not there, or not allowed.
const WRONG = /^42\w{3}$/

/** Whether the server is not any more as it was prepared. */
export function isChanged(error: unknown): boolean {
  return CHANGED.test(codeOf(error))
}

/** Whether the server would refuse the statement again. */
export function isRefused(error: unknown): boolean {
  return WRONG.test(codeOf(error))
}

export function isPermanent(error: unknown): boolean {
  return CODES.test(codeOf(error)) || REFUSED.test(String(Object(error).message))
}

/** What to do about a server that can't be used at boot. */
export function remedyOf(error: unknown): string {
  if (isPermanent(error)) return 'correct what it refuses: adapter.waitForBroker does not wait for that'
  return 'start it, correct the address, or boot without it by adapter.waitForBroker'
}

function codeOf(error: unknown): string {
  return String(Object(error).code)
}
