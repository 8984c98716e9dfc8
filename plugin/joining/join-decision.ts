import type { IncomingMessage } from 'node:http'
import type { FastifyBaseLogger, FastifyRequest } from 'fastify'
import type { Namespace, Server, Socket } from 'socket.io'
import type { DismissedUsers } from '../engine/dismissed-users.js'
import { handshakeOf } from '../engine/http/connect-request.js'
import { StandInRequest } from '../engine/http/handshake-request.js'
import { FST_NSP_NAMESPACE_UNKNOWN, FST_NSP_REQUEST_MISSING } from '../shared/errors.js'
import { after } from '../shared/maybe-async.js'
import type { Connect } from './ask-connect-route.js'
import type { Attempt } from './connection-joins.js'
import { CONTRACT_KEY, type Described, refuseOtherContract } from './contract-difference.js'
import type { Users } from './request-users.js'

/*
 * Decides whether a connection may join an address. The connect route of its definition decides; without a definition, the
 * connection may join if the application has made a namespace with this address.
 */

/** The definition that an address belongs to. */
interface DefinitionMatch {
  readonly entry: Described & { readonly name: string; readonly isDynamic: boolean }
  /** As the address spells them. */
  readonly params: Readonly<Record<string, string>>
}

export interface DecisionOptions {
  readonly connect: Connect
  readonly find: (address: string) => DefinitionMatch | undefined
  /** Whether Socket.IO has a namespace with this address. */
  readonly isLive: (address: string) => boolean
  /** Whether clients may join it, if Socket.IO has it. */
  readonly isWanted: (address: string) => boolean
  readonly io: Pick<Server, '_checkNamespace' | '_nsps'>
  readonly users: Pick<Users, 'screen' | 'screenHandshake'>
  readonly dismissed: Pick<DismissedUsers, 'count' | 'mark'>
  /** The log for connections without a handshake. */
  readonly log: FastifyBaseLogger
}

/** A namespace with its pending sockets, which are private in Socket.IO. */
interface NamespaceWithPending extends Pick<Namespace, 'name' | 'sockets'> {
  readonly _preConnectSockets: ReadonlyMap<string, Socket>
}

/** An admitted connect. */
export interface Admitted {
  /** Undefined in a namespace without a definition. */
  readonly request: FastifyRequest | undefined
  readonly isDynamic: boolean
  /** The session must not be recovered: it may be older than the last `disconnectUser`. */
  readonly beginsAnew: boolean
}

/**
 * Decides on one join, synchronously where nothing is asynchronous. When the attempt ends early, the result is dropped.
 *
 * @param handshake - the raw request of the handshake
 * @throws ConnectRefusal, or an error of this plugin; on the asynchronous path the promise rejects with it
 */
export type Decide = (
  handshake: IncomingMessage,
  address: string,
  auth: object,
  attempt: Attempt,
) => Admitted | PromiseLike<Admitted>

export function createDecision(options: DecisionOptions): Decide {
  const { connect, find, isLive, isWanted, io, users, dismissed, log } = options

  /** Asks the application's own dynamic namespaces (`io.of(regex)`), which may be asynchronous. */
  function findParent(address: string, auth: object, attempt: Attempt): undefined | Promise<void> {
    if (isLive(address)) return undefined
    return new Promise((resolve, reject) => {
      io._checkNamespace(address, auth, (found) => {
        // Socket.IO's types declare the name here; it passes the namespace.
        const namespace = found as unknown as Namespace | false
        if (!namespace) return reject(new FST_NSP_NAMESPACE_UNKNOWN())
        attempt.hold(() => leave(namespace))
        resolve()
      })
    })
  }

  /**
   * With `cleanupEmptyChildNamespaces`, Socket.IO closes an empty child namespace when a socket leaves it. If none has
   * joined, this removes a placeholder socket.
   */
  function leave(namespace: Namespace): void {
    const { name, sockets, _preConnectSockets: pending } = namespace as unknown as NamespaceWithPending
    if (io._nsps.get(name) !== namespace || sockets.size + pending.size > 0) return
    namespace._remove({ id: '', conn: {}, nsp: namespace } as unknown as Socket)
  }

  /** The request that a connect is derived from: the handshake's, or that of a transport without a handshake. */
  function requestOfHandshake(raw: IncomingMessage): Pick<FastifyRequest, 'raw' | 'log'> {
    const handshake = handshakeOf(raw)
    if (handshake) return handshake
    if (!(raw instanceof StandInRequest)) throw new FST_NSP_REQUEST_MISSING()
    return { raw, log }
  }

  return (handshake, address, auth, attempt) => {
    const match = find(address)
    // The first two are Socket.IO's own, for recovery.
    const {
      pid,
      offset,
      [CONTRACT_KEY]: _hash,
      ...own
    } = auth as Partial<Record<'pid' | 'offset' | typeof CONTRACT_KEY, unknown>>
    if (!match) {
      if (!isWanted(address)) throw new FST_NSP_NAMESPACE_UNKNOWN()
      return after(findParent(address, auth, attempt), () => ({
        request: undefined,
        isDynamic: false,
        beginsAnew: users.screenHandshake(handshake),
      }))
    }
    refuseOtherContract(match.entry, auth)
    const count = dismissed.count
    const { entry, params } = match
    return after(connect(requestOfHandshake(handshake), address, own, attempt), (request) => {
      // The instance's router may match more addresses than ours: `caseSensitive`, `useSemicolonDelimiter`.
      const isOwn = request.routeOptions.url === entry.name
      if (!isOwn || !isSpelled(params, request.params)) throw new FST_NSP_NAMESPACE_UNKNOWN()
      dismissed.mark(request, count)
      return { request, isDynamic: entry.isDynamic, beginsAnew: users.screen(request) }
    })
  }
}

/** Whether params that a schema has coerced still spell the address: `/orgs/042` is not `/orgs/42`. */
function isSpelled(written: DefinitionMatch['params'], checked: unknown): boolean {
  const params = Object(checked) as Record<string, unknown>
  for (const name in written) {
    const value = params[name]
    if (value !== undefined && typeof value !== 'object' && String(value) !== written[name]) return false
  }
  return true
}
