import type { FastifyBaseLogger } from 'fastify'
import type { Server } from 'socket.io'
import { encodePacket, type Parser } from '../../wire/packet-codec.js'
import { Decoder } from '../../wire/socket-io-packages.js'
import { type EmitBound, EmitQueues } from '../../wire/waiting/emit-queues.js'
import { createFailureLog } from './failure-log.js'

/*
 * Reads, of emits that wait for a slow reader, what their definitions say of them.
 */

/**
 * @param parser - the application's; undefined for Socket.IO's own
 * @param boundsOf - the bounded emits of a live namespace
 */
export function createQueues(
  io: Server,
  parser: Parser | undefined,
  boundsOf: (namespace: string) => ReadonlyMap<string, EmitBound> | undefined,
  log: FastifyBaseLogger,
): EmitQueues {
  const report = createFailureLog(log)
  const { Decoder: OwnDecoder } = parser ?? { Decoder }
  return new EmitQueues({
    boundOf: (namespace, emit) => boundsOf(namespace)?.get(emit),
    createDecoder: () => new OwnDecoder(),
    isText: parser === undefined,
    hasOffset: Boolean(io._opts.connectionStateRecovery),
    encode: (packet) => encodePacket(io, packet),
    report: (error, namespace) => report(error, namespace, 'a key of a conflated emit is missing'),
  })
}
