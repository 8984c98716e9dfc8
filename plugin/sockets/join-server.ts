import type { FastifyInstance } from 'fastify'
import type { Server } from 'socket.io'
import type { NormalOptions } from '../definition/normalize/plugin-options.js'
import type { DismissedUsers } from '../engine/dismissed-users.js'
import type { Routing } from '../engine/http/fastify-routing.js'
import { type Admission, type AdmissionOptions, createAdmission } from '../joining/admission.js'
import { createConnect } from '../joining/ask-connect-route.js'
import { createConnectAnswers } from '../joining/connect-packet.js'
import { createDecision, type DecisionOptions } from '../joining/join-decision.js'
import type { DynamicNamespaces } from '../joining/namespaces/dynamic-namespaces.js'
import { createReadmit, type Readmit } from '../joining/reauthenticate.js'
import { createUsers, type Users } from '../joining/request-users.js'
import { type ClaimSession, createSessionClaims } from '../joining/sessions/session-claims.js'
import { createSessionOwner, type SessionOwnerOf } from '../joining/sessions/session-owner.js'

/*
 * Assembles the parts of joining for one server: users, decision, admission, and reauthentication.
 */

export interface JoinServerOptions
  extends Pick<AdmissionOptions, 'screen' | 'rates'>,
    Pick<DecisionOptions, 'find' | 'isWanted'> {
  readonly io: Server
  readonly options: NormalOptions
  readonly route: Routing
  readonly children: DynamicNamespaces
  readonly dismissed: DismissedUsers
}

export interface JoinServer {
  readonly users: Users
  readonly ownerOf: SessionOwnerOf
  readonly admission: Admission
  readonly readmit: Readmit
}

export function createJoinServer(instance: FastifyInstance, dependencies: JoinServerOptions): JoinServer {
  const { io, options, route, find, isWanted, children, dismissed, rates, screen } = dependencies
  const { admissionTimeoutMs: timeoutMs, limits, userIdOf } = options
  const { connectionStateRecovery: recovery } = options.io
  const { log } = instance
  const users = createUsers({ userIdOf, dismissed, recoveryMs: recovery?.maxDisconnectionDuration, log })
  const decide = createDecision({
    connect: createConnect(route, options.fast),
    find,
    isLive: children.isLive,
    isWanted,
    io,
    users,
    dismissed,
    log,
  })
  const ownerOf = createSessionOwner(users)
  const admission = createAdmission({
    decide,
    children,
    answers: createConnectAnswers(io, log),
    rates,
    namespacesPerConnection: limits.namespacesPerConnection,
    timeoutMs,
    claimFor: recovery && createSessionClaims(claimFrom(io), ownerOf),
    screen,
  })
  return { users, ownerOf, admission, readmit: createReadmit(decide, timeoutMs) }
}

/** An adapter of ours, which keeps sessions. */
interface ClaimingAdapter {
  claim?(pid: string, owner: string, connection: object): ReturnType<ClaimSession>
}

// The adapter that the application gives keeps sessions of which we know nothing.
const UNKNOWN_CLAIM = { end() {} }

/** Claims sessions from the adapter of a namespace. */
function claimFrom(io: Server): ClaimSession {
  return (address, pid, owner, connection) => {
    const adapter = io._nsps.get(address)?.adapter as ClaimingAdapter | undefined
    return adapter?.claim ? adapter.claim(pid, owner, connection) : UNKNOWN_CLAIM
  }
}
