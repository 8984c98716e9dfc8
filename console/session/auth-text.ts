import type { Expand } from './handshake.js'
import type { Identity } from './session-types.js'

/** The `auth` that an identity has for a namespace, as it was written. */
export function authTextOf({ auth }: Identity, name: string): string {
  const own = Object.hasOwn(auth, name) ? auth[name] : auth['']
  return own?.trim() || '{}'
}

/**
 * Reads an `auth`.
 *
 * @throws TypeError that says where the text is wrong, without quoting it: it may have secrets; or which variable has no value
 */
export function readAuth(text: string, expand: Expand): object {
  const expanded = expand(text)
  let auth: unknown
  try {
    auth = JSON.parse(expanded)
  } catch (error) {
    const [place = ''] = /line \d+ column \d+|position \d+/.exec(String(error)) ?? []
    throw new TypeError(`The auth is not JSON${place && `, at ${place}`}`)
  }
  if (auth === null || typeof auth !== 'object' || Array.isArray(auth)) throw new TypeError('The auth is not an object')
  return auth
}
