import type { FastifyRequest } from 'fastify'
import { after, isThenable } from '../../shared/maybe-async.js'
import { severConnection } from '../../wire/sever-connection.js'
import type { Join } from '../connection-joins.js'
import type { SessionOwnerOf } from './session-owner.js'

/*
 * A join with a private id claims its session before Socket.IO sees the CONNECT packet. Of several joins with the same private
 * id the latest gets it: its client has given up the connections of the others.
 */

/** A claimed session. Nobody else gets it. */
export interface SessionClaim {
  /** Called when the join has ended. If no socket has connected by it, the session can be claimed again. */
  end(): void
}

/**
 * Claims the session of a private id. If its socket is still connected, the connection of that socket is severed.
 *
 * @param owner - a session of another owner is not claimed, and its socket stays connected
 * @param connection - that of the join
 * @returns undefined if there is nothing to claim; a promise where only a broker knows. It never rejects
 */
export type ClaimSession = (
  address: string,
  pid: string,
  owner: string,
  connection: object,
) => SessionClaim | undefined | PromiseLike<SessionClaim | undefined>

/** Claims the session that a join asks for. If it gets none, its socket begins anew. */
export type ClaimFor = (join: Join, connection: object, request: FastifyRequest | undefined) => void | PromiseLike<void>

/** The join that claims a session. */
interface Claimant {
  readonly connection: object
  /** Settles when its claim is decided; undefined if that took no time. */
  decided: PromiseLike<unknown> | undefined
}

export function createSessionClaims(claim: ClaimSession, ownerOf: SessionOwnerOf): ClaimFor {
  const claimants = new Map<string, Claimant>()

  return (join, connection, request) => {
    const { address } = join
    const auth = join.auth as { pid?: unknown; offset?: unknown }
    const { pid } = auth
    if (typeof pid !== 'string') return
    // Socket.IO recovers a session only with an offset; its client has none before its first event.
    auth.offset ??= ''
    const owner = ownerOf(connection, request)
    const key = JSON.stringify([address, owner, pid])
    const former = claimants.get(key)
    const claimant: Claimant = { connection, decided: undefined }
    claimants.set(key, claimant)
    join.hold(() => {
      if (claimants.get(key) === claimant) claimants.delete(key)
    })
    if (former) severConnection(former.connection)
    const decided = after(former?.decided, () => (join.isOver ? undefined : claim(address, pid, owner, connection)))
    if (isThenable(decided)) claimant.decided = decided
    return after(decided, (claimed) => {
      if (claimed) join.hold(() => claimed.end())
      else delete auth.pid
    })
  }
}
