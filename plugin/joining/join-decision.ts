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
import type { Users } from './request-users.js'

/*
 * Whether somebody may join an address: the connect route of its definition decides that, or, where there is no definition,
 * whether the application has a namespace there.
 */

/** The definition that an address belongs to. */
interface Place {
  readonly entry: { readonly name: string; readonly isDynamic: boolean }
  /** As they are in the address. */
  readonly params: Readonly<Record<string, string>>
}

export interface DecisionOptions {
  readonly connect: Connect
  readonly find: (address: string) => Place | undefined
  /** Whether Socket.IO has a namespace of that address. */
  readonly isLive: (address: string) => boolean
  /** Whether it may be joined, if Socket.IO has it. */
  readonly isWanted: (address: string) => boolean
  readonly io: Pick<Server, '_checkNamespace' | '_nsps'>
  readonly users: Pick<Users, 'ownerOf' | 'screen' | 'screenHandshake'>
  /** Whether the session that waits for a private id at an address is of another user; userOf is asked if there may be one. */
  readonly isOfAnother: (address: string, pid: unknown, userOf: () => string | undefined) => boolean
  readonly dismissed: Pick<DismissedUsers, 'count' | 'mark'>
  /** Of connections without a handshake. */
  readonly log: FastifyBaseLogger
}

/** A namespace, with those who are on the way to it; they are private. */
interface Peopled extends Pick<Namespace, 'name' | 'sockets'> {
  readonly _preConnectSockets: ReadonlyMap<string, Socket>
}

/** What has been admitted. */
export interface Admitted {
  /** None in a namespace without a definition. */
  readonly request: FastifyRequest | undefined
  readonly isDynamic: boolean
  /** Its session is not to be recovered: it may be older than the last call of disconnectUser, or is of another user. */
  readonly beginsAnew: boolean
}

/**
 * Decides on one attempt, at once where nothing is asynchronous.
 * in: the handshake's raw request, the address, and the client's auth.
 * throws, or rejects with, ConnectRefusal, or one of our own; where the attempt ends before, nothing comes of it.
 */
export type Decide = (
  handshake: IncomingMessage,
  address: string,
  auth: object,
  attempt: Attempt,
) => Admitted | PromiseLike<Admitted>

export function createDecision(options: DecisionOptions): Decide {
  const { connect, find, isLive, isWanted, io, users, isOfAnother, dismissed, log } = options

  /** Socket.IO's own dynamic namespaces ask the application, which may take its time. */
  function findParent(address: string, auth: object, attempt: Attempt): undefined | Promise<void> {
    if (isLive(address)) return undefined
    return new Promise((resolve, reject) => {
      io._checkNamespace(address, auth, (found) => {
        // Its type has it for a name.
        const namespace = found as unknown as Namespace | false
        if (!namespace) return reject(new FST_NSP_NAMESPACE_UNKNOWN())
        attempt.hold(() => leave(namespace))
        resolve()
      })
    })
  }

  /** Socket.IO closes a child that is empty as a socket leaves it, with `cleanupEmptyChildNamespaces`: so one leaves that never came. */
  function leave(namespace: Namespace): void {
    const { name, sockets, _preConnectSockets: coming } = namespace as unknown as Peopled
    if (io._nsps.get(name) !== namespace || sockets.size + coming.size > 0) return
    namespace._remove({ id: '', conn: {}, nsp: namespace } as unknown as Socket)
  }

  /** What a connect is derived from: the handshake that Fastify has let through, or a session that has none. */
  function begun(raw: IncomingMessage): Pick<FastifyRequest, 'raw' | 'log'> {
    const handshake = handshakeOf(raw)
    if (handshake) return handshake
    if (!(raw instanceof StandInRequest)) throw new FST_NSP_REQUEST_MISSING()
    return { raw, log }
  }

  return (handshake, address, auth, attempt) => {
    const place = find(address)
    const { pid, offset, ...own } = auth as { pid?: unknown; offset?: unknown } // Socket.IO's, for a recovery
    const mayRecover = (request: FastifyRequest | undefined) =>
      !isOfAnother(address, pid, () => request && users.ownerOf(request))
    if (!place) {
      if (!isWanted(address)) throw new FST_NSP_NAMESPACE_UNKNOWN()
      return after(findParent(address, auth, attempt), () => {
        const isOld = users.screenHandshake(handshake)
        return {
          request: undefined,
          isDynamic: false,
          beginsAnew: isOld || !mayRecover(handshakeOf(handshake)),
        }
      })
    }
    const count = dismissed.count
    const { entry, params } = place
    return after(connect(begun(handshake), address, own, attempt), (request) => {
      // The router of the instance may see no difference where there is one: `caseSensitive`, `useSemicolonDelimiter`.
      const isOwn = request.routeOptions.url === entry.name
      if (!isOwn || !isSpelled(params, request.params)) throw new FST_NSP_NAMESPACE_UNKNOWN()
      dismissed.mark(request, count)
      return { request, isDynamic: entry.isDynamic, beginsAnew: users.screen(request) || !mayRecover(request) }
    })
  }
}

/** Whether params, as a schema has made them, are those of the address: `/orgs/042` is not another word for `/orgs/42`. */
function isSpelled(written: Place['params'], checked: unknown): boolean {
  const params = Object(checked) as Record<string, unknown>
  for (const name in written) {
    const value = params[name]
    if (value !== undefined && typeof value !== 'object' && String(value) !== written[name]) return false
  }
  return true
}
