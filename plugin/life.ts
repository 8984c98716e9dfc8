import type { FastifyBaseLogger, FastifyRequest } from 'fastify'
import type { DisconnectReason, Namespace, Socket } from 'socket.io'
import type { CheckEmit } from './codec.js'
import { ConnectionContext } from './context.js'
import type { Contract } from './contract.js'
import type { DisconnectContext } from './definition.js'
import { FST_NSP_SOCKET_GONE } from './errors.js'
import { gateOf } from './gate.js'
import type { Identities } from './identity.js'
import type { NormalDefinition } from './normal-form.js'
import { keepRequest, requestOf } from './request.js'

/*
 * The life of one joined socket: onConnect, or onRecover where its session has come back, its events, and onDisconnect
 * when it has gone.
 */

/** What a life needs of a definition that is mounted. */
interface Mounted {
  readonly definition: NormalDefinition
  readonly contract: Contract
}

export interface LifeOptions {
  readonly readmit: (socket: Socket, auth: object) => Promise<FastifyRequest>
  readonly identities: Pick<Identities, 'keep'>
  readonly checkEmit: CheckEmit
  readonly log: FastifyBaseLogger
}

/** Lives the life of a socket that has just joined. Resolves at its end, its onConnect and onDisconnect included. */
export type Live = (socket: Socket, namespace: Namespace, mounted: Mounted) => Promise<void>

export function createLife({ readmit, identities, checkEmit, log }: LifeOptions): Live {
  /** Runs a function of a definition; what it throws is logged. Resolves to whether it went well. */
  async function run(what: string, socket: Socket, call: () => unknown): Promise<boolean> {
    try {
      await call()
      return true
    } catch (error) {
      log.error({ err: error, namespace: socket.nsp.name, socketId: socket.id }, `${what} failed`)
      return false
    }
  }

  /** Resolves when the socket has gone; its gate is shut and its events are aborted by then. */
  function departureOf(socket: Socket, context: ConnectionContext): Promise<Departure> {
    return new Promise((resolve) => {
      let rooms: ReadonlySet<string> = socket.rooms
      socket.on('disconnecting', () => {
        rooms = new Set(socket.rooms)
      })
      socket.on('disconnect', (reason) => {
        gateOf(socket)?.close()
        // An error costs more than all the rest of a departure.
        if (context.lives.size > 0) {
          const cause = new Error(`The socket has disconnected: ${reason}`)
          for (const event of context.lives) event.abort(cause)
        }
        resolve({ reason, rooms })
      })
    })
  }

  /** The socket's identity is that of the new request, or, where anything fails, the one it was. */
  async function reauthenticate(socket: Socket, auth: object): Promise<FastifyRequest> {
    if (!socket.connected) throw new FST_NSP_SOCKET_GONE()
    const request = await readmit(socket, auth)
    if (!socket.connected) throw new FST_NSP_SOCKET_GONE()
    identities.keep(socket, request)
    keepRequest(socket, request)
    return request
  }

  return async (socket, namespace, { definition, contract }) => {
    const context = new ConnectionContext({
      socket,
      namespace,
      request: requestOf(socket),
      contract,
      checkEmit,
      readmit: (auth) => reauthenticate(socket, auth),
    })
    const departure = departureOf(socket, context)
    const [what, begin] = socket.recovered
      ? (['onRecover', definition.onRecover] as const)
      : (['onConnect', definition.onConnect] as const)
    // Called in this tick: a listener that it adds at once misses nothing.
    const isConnected = await run(what, socket, () => {
      identities.keep(socket, context.request)
      return begin?.call(definition, context as never)
    })
    if (isConnected) gateOf(socket)?.open(context)
    else socket.disconnect()
    if (!definition.onDisconnect) return
    const { params, log } = context
    const farewell = { ...context, params, log, ...(await departure) } as unknown as DisconnectContext<unknown>
    await run('onDisconnect', socket, () => definition.onDisconnect?.(farewell))
  }
}

interface Departure {
  readonly reason: DisconnectReason
  readonly rooms: ReadonlySet<string>
}
