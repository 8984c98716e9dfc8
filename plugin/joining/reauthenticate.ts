import type { FastifyRequest } from 'fastify'
import type { Socket } from 'socket.io'
import { handshakeRequestOf } from '../engine/http/handshake-request.js'
import { FST_NSP_ADMISSION_TIMEOUT, FST_NSP_SOCKET_GONE } from '../shared/errors.js'
import { after, contain } from '../shared/maybe-async.js'
import { listen } from '../shared/safe-listeners.js'
import { Attempt } from './connection-joins.js'
import type { Decide } from './join-decision.js'

/*
 * Authenticates a connected socket again, with a new `auth`.
 */

/**
 * Admits a socket again.
 *
 * @returns a promise of the admitted request. It rejects with the refusal, with FST_NSP_ADMISSION_TIMEOUT, or, as soon as
 * the socket disconnects, with FST_NSP_SOCKET_GONE
 */
export type Readmit = (socket: Socket, auth: object) => Promise<FastifyRequest>

/** `timeoutMs`: the time limit. Milliseconds; 0 turns it off. */
export function createReadmit(decide: Decide, timeoutMs: number): Readmit {
  return (socket, auth) =>
    new Promise((resolve, reject) => {
      const attempt = new Attempt()
      function settle(end: () => void): void {
        attempt.end()
        socket.off('disconnect', leave)
        end()
      }
      const refuse = (error: unknown) => settle(() => reject(error))
      const leave = () => {
        attempt.hasLeft = true
        refuse(new FST_NSP_SOCKET_GONE())
      }
      listen(socket, 'disconnect', leave)
      attempt.limit(timeoutMs, () => refuse(new FST_NSP_ADMISSION_TIMEOUT()))
      contain(
        () =>
          after(
            decide(handshakeRequestOf(socket.conn), socket.nsp.name, auth, attempt),
            ({ request }) => settle(() => resolve(request as FastifyRequest)), // its namespace has a definition
          ),
        refuse,
      )
    })
}
