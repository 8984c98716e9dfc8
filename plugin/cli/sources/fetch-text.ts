import { CliError } from '../cli-error.js'
import { startTimeLimit } from '../time-limit.js'

/*
 * A request to a server's documents. No message repeats a header, credentials or a query.
 */

/** Longest a server may take for a document. */
const TIMEOUT_MS = 30_000

const HINTS: Readonly<Record<number, string>> = {
  401: 'Authenticate by a header: -H "authorization: Bearer …"',
  403: 'Authenticate by a header: -H "authorization: Bearer …"',
  404: 'Turn on the option `document` of the plugin, and give the URL of its `routePrefix`',
}

export function isUrl(source: string): boolean {
  return /^https?:\/\//i.test(source)
}

/** @throws CliError */
export function parseUrl(source: string): URL {
  if (URL.canParse(source)) return new URL(source)
  throw new CliError('The URL is not valid. Give it as https://host/path', 2)
}

/** The URL of a file of the documents; a URL of a .json file stays as it is. @throws CliError */
export function urlOf(source: string, file: string): URL {
  const url = parseUrl(source)
  if (!url.pathname.endsWith('.json')) url.pathname = `${url.pathname.replace(/\/$/, '')}/${file}`
  return url
}

/** Parses `name: value` of each. @throws CliError that names the position, because a value may be a secret */
export function parseHeaders(headers: readonly string[]): Headers {
  const parsed = new Headers()
  for (const [index, header] of headers.entries()) {
    try {
      const [, name = '', value = ''] = /^([^:]+):(.*)$/s.exec(header) ?? []
      parsed.append(name, value.trim())
    } catch {
      throw new CliError(`Header ${index + 1} is not valid. Give it as -H "name: value"`, 2)
    }
  }
  return parsed
}

/** @throws CliError unless the answer is 200 */
export async function fetchText(url: URL, headers: Headers, signal: AbortSignal): Promise<string> {
  const limit = startTimeLimit(signal, TIMEOUT_MS)
  try {
    return await readText(url, headers, limit.signal)
  } finally {
    limit.clear()
  }
}

async function readText(url: URL, headers: Headers, signal: AbortSignal): Promise<string> {
  const target = new URL(url)
  const where = `${url.origin}${url.pathname}`
  const authorization = basicAuthorization(url)
  if (authorization !== undefined) {
    // fetch() refuses such URLs with a message that repeats them.
    headers.set('authorization', authorization)
    target.username = ''
    target.password = ''
  }
  // The headers are for this server alone, so no redirect is followed.
  try {
    const response = await fetch(target, { headers, redirect: 'manual', signal })
    if (response.status === 200) return await response.text()
    const location = response.headers.get('location')
    const hint = location ? `Give the URL that it redirects to: ${location}` : (HINTS[response.status] ?? '')
    throw new CliError(`${where} answered ${response.status}. ${hint}`.trim(), 2)
  } catch (error) {
    if (error instanceof CliError) throw error
    const { cause } = error as { cause?: NodeJS.ErrnoException }
    const reason = cause?.code ?? cause?.message ?? (error as Error).name
    throw new CliError(`${where} can not be reached: ${reason}`, 2, error)
  }
}

/** The header for the credentials of a URL; undefined if it has none. @throws CliError */
export function basicAuthorization({ username, password }: URL): string | undefined {
  if (!username && !password) return undefined
  try {
    const credentials = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`
    return `Basic ${Buffer.from(credentials).toString('base64')}`
  } catch (error) {
    throw new CliError('The credentials of the URL are not valid: write a % as %25', 2, error)
  }
}
