import { isSecretName } from '../../../plugin/cli/live/credentials.js'

const VARIABLE = /\{\{\s*[\w.-]+\s*\}\}/
// As the command line does: what is longer is a secret, whatever its name is.
const SURELY_SECRET = 16
const SHORTEST_REDACTED = 8

/** Credentials that were written into an `auth` itself, and became variables: a file must not have them. */
export interface FoundCredentials {
  /** Replaces the credentials of an `auth` by variables. */
  readonly hide: (auth: unknown) => unknown
  /** Replaces them in a text. */
  readonly redact: (text: string) => string
  readonly names: () => readonly string[]
}

/** @param isTaken - whether a variable has that name already */
export function createFoundCredentials(isTaken: (name: string) => boolean): FoundCredentials {
  const names = new Map<string, string>()

  function nameOf(value: string, key: string): string {
    const base = key.replace(/[^\w-]+/g, '-') || 'secret'
    const known = names.get(value)
    if (known !== undefined) return known
    let name = base
    for (let number = 2; isTaken(name) || [...names.values()].includes(name); number++) name = `${base}-${number}`
    names.set(value, name)
    return name
  }

  function hide(value: unknown, key = ''): unknown {
    if (typeof value === 'string') {
      const isSecret = value.length >= SURELY_SECRET || (isSecretName(key) && value !== '')
      return isSecret && !VARIABLE.test(value) ? `{{${nameOf(value, key)}}}` : value
    }
    if (Array.isArray(value)) return value.map((item) => hide(item, key))
    if (typeof value !== 'object' || value === null) return value
    return Object.fromEntries(Object.entries(value).map(([inner, item]) => [inner, hide(item, inner)]))
  }

  return {
    hide,
    redact: (text) =>
      [...names]
        .filter(([value]) => value.length >= SHORTEST_REDACTED)
        .sort(([one], [other]) => other.length - one.length)
        .reduce((rest, [value, name]) => rest.replaceAll(value, () => `{{${name}}}`), text),
    names: () => [...names.values()],
  }
}
