import type { ConsoleOptions } from './console-options.js'

/*
 * The headers of the console's routes. They replace those of @fastify/helmet, on these routes only.
 */

// Lit makes its templates with the one policy. `connect-src 'self'` covers the WebSocket, too.
const STRICT = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  "img-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  'trusted-types lit-html',
].join('; ')

/** The headers of every route of the console. */
export function consoleHeaders(staticCSP: NonNullable<ConsoleOptions['staticCSP']>): Record<string, string> {
  const policy = policyOf(staticCSP)
  return {
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'same-origin',
    ...(policy !== undefined && { 'content-security-policy': policy }),
  }
}

function policyOf(staticCSP: NonNullable<ConsoleOptions['staticCSP']>): string | undefined {
  if (typeof staticCSP === 'string') return staticCSP
  if (typeof staticCSP === 'boolean') return staticCSP ? STRICT : undefined
  return Object.entries(staticCSP)
    .map(([directive, sources]) => [directive, ...[sources].flat()].join(' '))
    .join('; ')
}

/** How long a file of the page may be kept. A name with the hash of the content never gets another content. */
export function cacheControlOf(path: string): string {
  return /-[A-Z0-9]{8}\.js(\.br|\.gz)?$/.test(path) ? 'public, max-age=31536000, immutable' : 'no-cache'
}
