/*
 * Which failures of a broker waiting does not mend: a wrong password, an unknown database, a certificate that is
 * not trusted, a version that is too old.
 */

// Of Redis, by the first word of its message or by what it says; and of what we have found out about a server.
const REFUSED =
  /^(WRONGPASS|NOAUTH|NOPERM)\b|invalid password|invalid DB index|index is out of range|is Redis \d|older than \d/
// Of PostgreSQL: class 28, an unknown database, a missing right; and of TLS.
const CODES = /^(28\w{3}|3D000|42501)$|CERT|SELF_SIGNED/

export function isPermanent(error: unknown): boolean {
  const { code, message } = Object(error) as { readonly code?: unknown; readonly message?: unknown }
  return CODES.test(String(code)) || REFUSED.test(String(message))
}
