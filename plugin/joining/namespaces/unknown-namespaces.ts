import type { Packet } from 'socket.io-parser'
import { isDynamic } from '../../definition/namespace-name.js'
import type { Notices } from '../../shared/log/rated-log.js'
import { redactUrl } from '../../shared/log/redaction.js'
import { findNearest } from '../../shared/wording.js'
import { addUnknownNamespaceCode, refusesUnknownNamespace } from '../../wire/connect-error-packet.js'

/*
 * Addresses that nobody has declared: what their clients are told, which is nothing of the names that there are; and what the
 * log says, which names the nearest.
 */

export interface StrangersOptions {
  /** The engine's full path, without a trailing slash. */
  readonly path: string
  /** The prefix of the context that has registered the plugin, and that of the plugin. */
  readonly prefix: string
  readonly notices: Notices
  /** All that was declared. */
  readonly registry: { readonly entries: readonly { readonly name: string }[] }
}

const ROOT = "The default namespace is not declared: declare it, namespaces: { '/': {} }, or join another, io('/chat')"

/** Makes what gives a refusal of an unknown namespace its words, and logs it, once an address; others are as they are. */
export function createStrangers({ path, prefix, notices, registry }: StrangersOptions): (refusal: Packet) => Packet {
  /** What follows from the address itself, and from the path by which its client has come. */
  function hintFor(address: string): string {
    if (address === '/') return ROOT
    const isBelow = address === prefix || address.startsWith(`${prefix}/`)
    // It is part of the path by which its client has come, or can't be a name.
    const isPath = path === address || path.startsWith(address.endsWith('/') ? address : `${address}/`)
    if (isPath || address.endsWith('/')) {
      return `The path of a URL that is given to io() is the address of a namespace. That of the server is an option: io(url, { path: '${path}' })`
    }
    if (!isBelow)
      return `Names of this server begin with its prefix: if it is one of them, join ${prefix}${address.slice(0, 100)}`
    return 'No namespace of this address is declared. The path of a URL that is given to io() is the address of a namespace; the `path` option is that of the server'
  }

  function report(address: string, told: string): void {
    const names = registry.entries.map(({ name }) => name)
    const nearest = address === '/' ? undefined : nearestTo(address, names)
    const hint = nearest === undefined ? told : `did you mean ${nearest}?`
    const where = { namespace: address.slice(0, 100), code: 'FST_NSP_NAMESPACE_UNKNOWN', hint }
    notices.write('info', address, where, 'unknown namespace refused')
  }

  return (refusal) => {
    if (!refusesUnknownNamespace(refusal)) return refusal
    // A query in it may hold a secret.
    const address = redactUrl(refusal.nsp)
    const hint = hintFor(address)
    report(address, hint)
    return addUnknownNamespaceCode(refusal, hint)
  }
}

/** The declared name that an address is nearest to: but for a slip of the pen, or for its prefix. */
function nearestTo(address: string, names: readonly string[]): string | undefined {
  const below = names.find((name) => name.endsWith(address))
  if (below !== undefined) return below
  // A parameter is whatever stands there.
  const segments = address.split('/')
  const filled = new Map(names.map((name) => [isDynamic(name) ? fill(name, segments) : name, name]))
  const nearest = findNearest(address, filled.keys())
  return nearest === undefined ? undefined : filled.get(nearest)
}

function fill(name: string, segments: readonly string[]): string {
  return name
    .split('/')
    .map((segment, index) => (isDynamic(segment) ? (segments[index] ?? segment) : segment))
    .join('/')
}
