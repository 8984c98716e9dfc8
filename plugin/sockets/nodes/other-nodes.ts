import type { FastifyBaseLogger } from 'fastify'
import type { Server } from 'socket.io'
import type { EmitCheck } from '../../events/emits/check-emit.js'
import type { PresenceLink } from '../../presence/presence-peers.js'
import { createFailureLog } from '../guard/failure-log.js'
import type { RetainedPlaces } from '../retained/retained-places.js'
import { type ColdOperator, createColdOperator } from './cold-operator.js'
import { createAdapterLink } from './node-link.js'
import { createNodeRequests } from './node-requests.js'
import { createPresenceLink, type OwnNode } from './presence-link.js'
import { answerNodes } from './remote-answers.js'
import { createRemoteSockets, type RemoteSockets } from './remote-sockets.js'
import { hintAtStickiness } from './sticky-hint.js'

/*
 * What this node asks the other nodes, and what it answers them.
 */

export interface OtherNodes {
  readonly remote: RemoteSockets
  readonly coldOperator: ColdOperator
  /** The link of presence. Called when the instance is ready; undefined: there are no other nodes. */
  readonly presenceLink: () => PresenceLink | undefined
}

export function connectNodes(
  io: Server,
  emitCheck: EmitCheck,
  node: OwnNode | undefined,
  retained: Pick<RetainedPlaces, 'emit'>,
  log: FastifyBaseLogger,
): OtherNodes {
  const reportFailure = createFailureLog(log)
  const report = (error: unknown) => reportFailure(error, '/', 'a message between nodes has failed')
  const link = createAdapterLink(io, report)
  const requests = createNodeRequests(link, log, report)
  const remote = createRemoteSockets(io, requests)
  answerNodes(io, requests, emitCheck)
  hintAtStickiness(io, requests, log)
  return {
    remote,
    coldOperator: createColdOperator(io, emitCheck, remote, retained),
    presenceLink: () => createPresenceLink(io, node, link),
  }
}
