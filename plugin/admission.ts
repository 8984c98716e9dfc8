import type { IncomingMessage } from 'node:http'
import type { FastifyBaseLogger, FastifyRequest } from 'fastify'
import type { Socket } from 'socket.io'
import { type Packet, PacketType } from 'socket.io-parser'
import { Refusal } from './bounds.js'
import type { Children } from './children.js'
import { type Connection, type Encoding, type ReceiveConnect, writePacket } from './codec.js'
import type { Connect } from './connect.js'
import {
  FST_NSP_CHILDREN_LIMIT,
  FST_NSP_CLOSING,
  FST_NSP_NAMESPACE_UNKNOWN,
  FST_NSP_NAMESPACES_LIMIT,
} from './errors.js'
import { arrive, joiningOf, type Ticket } from './joins.js'
import { isWithin, type Limits } from './limits.js'
import { requestOf } from './request.js'
import { after, contain } from './sequence.js'
import { ConnectRefusal, toWireError } from './wire-error.js'

/*
 * From a CONNECT packet to a socket that may exist. A connect is decided on where it is decoded, before Socket.IO sees it:
 * nothing exists for a client that is not admitted, neither a dynamic namespace, nor a recovered session with what it has
 * missed. What is admitted leaves a ticket, by which its socket is known later.
 */

/** The definition that an address belongs to. */
interface Place {
  readonly entry: { readonly name: string; readonly isDynamic: boolean }
  /** As they are in the address. */
  readonly params: Readonly<Record<string, string>>
}

export interface AdmissionOptions {
  readonly connect: Connect
  readonly find: (address: string) => Place | undefined
  readonly children: Pick<Children, 'isLive' | 'hasRoomFor' | 'hold' | 'seat' | 'whenFree'>
  readonly io: Encoding
  readonly limits: Pick<Limits, 'namespacesPerConnection'>
  /** Whether sessions are recovered. */
  readonly isRecovering: boolean
  readonly log: FastifyBaseLogger
}

export interface Admission {
  /** Given to the codec. */
  readonly receiveConnect: ReceiveConnect
  /**
   * Takes the ticket of a socket that Socket.IO has made: the request that was admitted, none in a namespace without a
   * definition, at once. One that came without a ticket is admitted now: that takes a promise, and rejects with the refusal.
   */
  redeem(socket: Socket): FastifyRequest | undefined | PromiseLike<FastifyRequest | undefined>
  /** Hears of a socket that has connected, or that another middleware has refused: it is no longer on the way. */
  settle(socket: Socket): void
  /** Hears of a socket that was connected, and has left. */
  leave(socket: Socket): void
  /** Admits a live socket again, with another auth. rejects with the refusal. */
  readmit(socket: Socket, auth: object): Promise<FastifyRequest>
  /** Refuses every connect from now on, those under way included. */
  close(): void
}

export function createAdmission(options: AdmissionOptions): Admission {
  const { connect, find, children, io, limits, isRecovering, log } = options
  let isClosing = false

  function receive(connection: Connection, { nsp: address, data: auth }: Packet): Ticket | PromiseLike<Ticket> {
    if (auth instanceof Refusal) throw auth.error
    countJoin(connection)
    const place = find(address)
    if (!place) return { request: undefined, isHeld: false }
    return after(admit(connection.request, place, address, auth), (request) =>
      after(children.whenFree(address), () => {
        // It has gone meanwhile: nothing is made for it.
        if (connection.readyState !== 'open') throw new FST_NSP_CLOSING()
        if (place.entry.isDynamic) hold(address)
        return { request, isHeld: place.entry.isDynamic }
      }),
    )
  }

  function admit(
    raw: IncomingMessage,
    place: Place,
    address: string,
    auth: object,
  ): FastifyRequest | PromiseLike<FastifyRequest> {
    const { pid, offset, ...own } = auth as { pid?: unknown; offset?: unknown } // Socket.IO's, for a recovery
    return after(connect(requestOf({ request: raw }), address, own), (request) => {
      if (isClosing) throw new FST_NSP_CLOSING()
      // The router of the instance may see no difference where there is one: `caseSensitive`, `useSemicolonDelimiter`.
      const isOwn = request.routeOptions.url === place.entry.name
      if (!isOwn || !isSpelled(place.params, request.params)) throw new FST_NSP_NAMESPACE_UNKNOWN()
      return request
    })
  }

  function hold(address: string): void {
    if (!children.hasRoomFor(address)) throw new FST_NSP_CHILDREN_LIMIT()
    children.hold(address)
  }

  function countJoin(connection: object): void {
    const joining = joiningOf(connection)
    if (!isWithin(joining.count + 1, limits.namespacesPerConnection)) {
      throw new FST_NSP_NAMESPACES_LIMIT(limits.namespacesPerConnection)
    }
    joining.count++
  }

  function refuse(connection: Connection, address: string, error: unknown): void {
    const { message, ...data } = toWireError(error)
    const where = { namespace: address.slice(0, 100), code: data.code }
    arrive(connection, address)
    log.debug(where, 'connect refused')
    // Fastify has logged what it has answered; this is of Socket.IO, or of a listener of the application.
    if (data.code === 'FST_NSP_INTERNAL' && !(error instanceof ConnectRefusal)) {
      log.error({ err: error, ...where }, 'connect failed')
    }
    // Told so, a client would stay away; left alone, it comes back by itself when its connection ends.
    if (connection.readyState !== 'open' || data.code === 'FST_NSP_CLOSING') return
    writePacket(io, connection, { type: PacketType.CONNECT_ERROR, nsp: address, data: { message, data } })
  }

  /** Of a socket that came without a packet of its own: one of a client of protocol 3. */
  async function admitLate({ conn, nsp, request, handshake }: Socket): Promise<Ticket> {
    countJoin(conn)
    const place = find(nsp.name)
    return { request: place && (await admit(request, place, nsp.name, handshake.auth)), isHeld: false }
  }

  return {
    receiveConnect(connection, packet, pass) {
      // A client of protocol 3 has joined `/` without a packet, and has its auth in the name.
      if (connection.protocol === 3) return pass()
      const { nsp: address } = packet
      const joining = joiningOf(connection)
      // The same join once more: Socket.IO would make it a second socket, and its client would hear everything twice.
      if (joining.pending?.has(address)) return
      joining.pending = (joining.pending ?? new Map<string, Ticket | undefined>()).set(address, undefined)
      const admitted = (ticket: Ticket) => {
        // Socket.IO recovers nobody without an offset: the stock client has none before its first event.
        if (isRecovering && typeof packet.data.pid === 'string') packet.data.offset ??= ''
        // In a namespace that there is; another will be refused.
        if (children.isLive(address)) joining.pending?.set(address, ticket)
        else arrive(connection, address)
        pass()
      }
      contain(
        () => after(receive(connection, packet), admitted),
        (error) => refuse(connection, address, error),
      )
    },

    settle({ conn, nsp }) {
      arrive(conn, nsp.name)
    },

    redeem(socket) {
      const ticket = joiningOf(socket.conn).pending?.get(socket.nsp.name)
      return after(ticket ?? admitLate(socket), ({ request, isHeld }) => {
        if (isHeld) children.seat(socket)
        return request
      })
    },

    leave({ conn }) {
      joiningOf(conn).count--
    },

    async readmit({ request, nsp }, auth) {
      return admit(request, find(nsp.name) as Place, nsp.name, auth)
    },

    close() {
      isClosing = true
    },
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
