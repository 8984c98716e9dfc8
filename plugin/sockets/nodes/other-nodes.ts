import type { FastifyBaseLogger } from 'fastify'
import type { Server } from 'socket.io'
import type { EmitCheck } from '../../events/emits/check-emit.js'
import { createFailureLog } from '../guard/failure-log.js'
import { type ColdOperator, createColdOperator } from './cold-operator.js'
import { createAdapterLink } from './node-link.js'
import { createNodeRequests } from './node-requests.js'
import { answerNodes } from './remote-answers.js'
import { createRemoteSockets, type RemoteSockets } from './remote-sockets.js'
import { hintAtStickiness } from './sticky-hint.js'

/*
 * What this node asks the other nodes, and what it answers them.
 */

export interface OtherNodes {
  readonly remote: RemoteSockets
  readonly coldOperator: ColdOperator
}

export function connectNodes(io: Server, emitCheck: EmitCheck, log: FastifyBaseLogger): OtherNodes {
  const reportFailure = createFailureLog(log)
  const report = (error: unknown) => reportFailure(error, '/', 'a message between nodes has failed')
  const requests = createNodeRequests(createAdapterLink(io, report), log, report)
  const remote = createRemoteSockets(io, requests)
  answerNodes(io, requests, emitCheck)
  hintAtStickiness(io, requests, log)
  return { remote, coldOperator: createColdOperator(io, emitCheck, remote) }
}
