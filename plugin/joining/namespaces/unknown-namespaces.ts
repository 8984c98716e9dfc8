import type { Packet } from 'socket.io-parser'
import { isDynamic } from '../../definition/namespace-name.js'
import type { Notices } from '../../shared/log/rated-log.js'
import { redactUrl } from '../../shared/log/redaction.js'
import { findNearest } from '../../shared/wording.js'
import { addUnknownNamespaceCode, refusesUnknownNamespace } from '../../wire/connect-error-packet.js'

/*
 * Connects to addresses without a definition. The client receives a hint that reveals no name; the log entry names the most
 * similar name.
 */

export interface UnknownNamespacesOptions {
  /** The engine's full path, without a trailing slash. */
  readonly path: string
  /** The prefix of the context that registered the plugin plus the plugin's `prefix`. */
  readonly prefix: string
  readonly notices: Notices
  /** All declared definitions. */
  readonly registry: { readonly entries: readonly { readonly name: string }[] }
}

const ROOT = "The default namespace is not declared: declare it, namespaces: { '/': {} }, or join another, io('/chat')"

/** Makes a function that adds a hint to a refusal of an unknown namespace, and logs it once an address; other packets pass unchanged. */
export function createUnknownNamespaceHints({
  path,
  prefix,
  notices,
  registry,
}: UnknownNamespacesOptions): (refusal: Packet) => Packet {
  /** The client's hint, from the address and from the engine's path. */
  function hintFor(address: string): string {
    if (address === '/') return ROOT
    const isBelow = address === prefix || address.startsWith(`${prefix}/`)
    // It is a part of the engine's path, or it can't be a name.
    const isPath = path === address || path.startsWith(address.endsWith('/') ? address : `${address}/`)
    if (isPath || address.endsWith('/')) {
      return `io(url) takes the path of the URL for the address of a namespace. Pass the path of the server as an option: io(url, { path: '${path}' })`
    }
    if (!isBelow) return `Names of this server start with its prefix: try ${prefix}${address.slice(0, 100)}`
    return 'No namespace with this address is declared. io(url) takes the path of the URL for the address of a namespace; the `path` option is the path of the server'
  }

  function report(address: string, hintForClient: string): void {
    const names = registry.entries.map(({ name }) => name)
    const nearest = address === '/' ? undefined : nearestTo(address, names)
    const hint = nearest === undefined ? hintForClient : `did you mean ${nearest}?`
    const where = { namespace: address.slice(0, 100), code: 'FST_NSP_NAMESPACE_UNKNOWN', hint }
    notices.write('info', address, where, 'unknown namespace refused')
  }

  return (refusal) => {
    if (!refusesUnknownNamespace(refusal)) return refusal
    // The query string may contain a secret.
    const address = redactUrl(refusal.nsp)
    const hint = hintFor(address)
    report(address, hint)
    return addUnknownNamespaceCode(refusal, hint)
  }
}

/** The declared name most similar to an address: with a typing error, or without its prefix. */
function nearestTo(address: string, names: readonly string[]): string | undefined {
  const below = names.find((name) => name.endsWith(address))
  if (below !== undefined) return below
  // A parameter matches any segment.
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
