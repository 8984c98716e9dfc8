import { isPlainObject } from '../../schema/schema-ref.js'
import { CliError } from '../cli-error.js'

/*
 * What a client authenticates with, and how it is kept out of everything that is written.
 */

export const AUTH_VARIABLE = 'FASTIFY_NAMESPACES_AUTH'

export interface CredentialOptions {
  readonly auth?: string
  readonly token?: string
}

export type JoinAuth = Readonly<Record<string, unknown>>

/** The `auth` of the options, or of the environment. @throws CliError that does not repeat a value */
export function readAuth(
  { auth, token }: CredentialOptions,
  env: Readonly<Record<string, string | undefined>>,
): JoinAuth {
  const [text, where] = auth === undefined ? [env[AUTH_VARIABLE], AUTH_VARIABLE] : [auth, '--auth']
  const given = text === undefined || text === '' ? {} : parseAuth(text, where)
  return token === undefined ? given : { ...given, token }
}

function parseAuth(text: string, where: string): JoinAuth {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    // The message of JSON.parse repeats the text.
  }
  if (isPlainObject(value)) return value
  throw new CliError(`${where} has to be an object in JSON, e.g. '{ "token": "…" }'`, 2)
}

/** Removes secrets from a text. */
export type Redact = (text: string) => string

const REDACTED = '[redacted]'
const SECRET_NAME = /auth|token|pass|secret|key|cookie|session|jwt|bearer|credential/i
// What is longer is a secret, whatever its name is. What is shorter than the other one would hide parts of words.
const SURELY_SECRET = 16
const SHORTEST = 3
const SCHEME = /^(basic|bearer|digest|token)$/i

export function isSecretName(name: string): boolean {
  return SECRET_NAME.test(name)
}

/** Collects the texts that are secret: those with a name that says so, and long ones. */
export function findSecrets(value: unknown, name = ''): string[] {
  const isNamed = isSecretName(name)
  if (typeof value === 'string' || typeof value === 'number') {
    const text = String(value)
    return text.length >= SURELY_SECRET || (isNamed && text.length >= SHORTEST) ? [text] : []
  }
  if (typeof value !== 'object' || value === null) return []
  // What is in a secret is a secret, too.
  const isInherited = isNamed || Array.isArray(value)
  return Object.entries(value).flatMap(([key, item]) => findSecrets(item, isInherited ? name : key))
}

/** The secrets of headers, and their parts: a server may send back a token without its scheme, or one cookie of several. */
export function findHeaderSecrets(headers: Readonly<Record<string, string>>): string[] {
  return findSecrets(headers).flatMap((value) => {
    const parts = value.split(/[\s;,]+/).map((part) => part.replace(/^[\w.-]+=(?=[^=])/, ''))
    return [value, ...parts.filter((part) => part.length >= SHORTEST && !SCHEME.test(part))]
  })
}

/** All texts and numbers in a value that is secret as a whole. */
export function textsIn(value: unknown): string[] {
  if (typeof value === 'string' || typeof value === 'number') return [String(value)].filter((text) => text !== '')
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(textsIn) : []
}

export function createRedact(secrets: readonly string[]): Redact {
  // The longest first: one may contain another. In JSON, a secret is written with escapes.
  const forms = secrets.flatMap((secret) => [secret, JSON.stringify(secret).slice(1, -1)])
  const ordered = [...new Set(forms)].sort((one, other) => other.length - one.length)
  return (text) => ordered.reduce((rest, secret) => rest.replaceAll(secret, REDACTED), text)
}
