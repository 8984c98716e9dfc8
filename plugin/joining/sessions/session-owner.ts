import { createHash } from 'node:crypto'
import type { FastifyRequest } from 'fastify'
import { handshakeOf } from '../../engine/http/connect-request.js'
import { handshakeRequestOf } from '../../engine/http/handshake-request.js'
import type { Users } from '../request-users.js'

/*
 * To whom a session belongs: to its user, or else to the kind of client that its handshake came from. A private id that has
 * leaked recovers nothing by itself.
 */

/** 72 bits. */
const FINGERPRINT_LENGTH = 12

/**
 * The owner of the session of a socket or of a join. Two owners are compared, never parsed.
 *
 * @param request - the admitted request; undefined in a namespace without a definition, where that of the handshake counts
 */
export type SessionOwnerOf = (connection: object, request: FastifyRequest | undefined) => string

export function createSessionOwner(users: Pick<Users, 'ownerOf'>): SessionOwnerOf {
  return (connection, request) => {
    const raw = handshakeRequestOf(connection)
    const asked = request ?? handshakeOf(raw)
    const userId = asked && users.ownerOf(asked)
    return userId === undefined ? `client ${fingerprintOf(raw.headers)}` : ownerOfUser(userId)
  }
}

/** The owner of all sessions of a user. */
export function ownerOfUser(userId: string): string {
  return `user ${userId}`
}

/** Only of headers that stay the same when a client reconnects: its address changes with its network. */
function fingerprintOf({ 'user-agent': agent = '', origin = '' }: Readonly<Record<string, unknown>>): string {
  return createHash('sha256').update(`${agent}\n${origin}`).digest('base64url').slice(0, FINGERPRINT_LENGTH)
}
