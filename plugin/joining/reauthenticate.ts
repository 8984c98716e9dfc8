import type { FastifyRequest } from 'fastify'
import type { Socket } from 'socket.io'
import { handshakeRequestOf } from '../engine/http/handshake-request.js'
import { FST_NSP_ADMISSION_TIMEOUT, FST_NSP_SOCKET_GONE } from '../shared/errors.js'
import { after, contain } from '../shared/maybe-async.js'
import { listen } from '../shared/safe-listeners.js'
import { Attempt } from './connection-joins.js'
import type { Decide } from './join-decision.js'

/*
 * A live socket is admitted again, with another auth.
 */

/** rejects with the refusal; with FST_NSP_ADMISSION_TIMEOUT; with FST_NSP_SOCKET_GONE as soon as the socket leaves. */
export type Readmit = (socket: Socket, auth: object) => Promise<FastifyRequest>

/** timeoutMs: longest that it may take, 0 for no bound. */
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
