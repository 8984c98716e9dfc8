import type { IncomingMessage } from 'node:http'
import type { FastifyRequest } from 'fastify'
import type { Scope } from '../../shared/async-scope.js'
import { FST_NSP_REQUEST_MISSING } from '../../shared/errors.js'
import { REQUEST } from './detached-request.js'
import type { RawConnect } from './raw-connect.js'
import { findSocketState, socketStateOf } from './socket-state.js'

/*
 * The two Fastify requests of a socket, of its handshake and of its connect.
 */

// On a handshake's raw request.
interface WithRequest {
  [REQUEST]?: FastifyRequest
}

/**
 * Reserves the field for the Fastify request. engine.io gives a raw request another field and deletes that later; V8 turns an
 * object that loses any field but its last into a dictionary.
 */
export function reserveRequest(raw: IncomingMessage): IncomingMessage {
  return Object.assign(raw, { [REQUEST]: undefined })
}

/** Keeps the request of a handshake on its raw request. */
export function keepHandshake(raw: IncomingMessage, request: FastifyRequest): void {
  ;(raw as WithRequest)[REQUEST] = request
}

/** Keeps the request of the connect of a socket. */
export function keepSocketRequest(socket: object, request: FastifyRequest): void {
  socketStateOf(socket).request = request
}

/** The Fastify request of a handshake; undefined if Fastify has refused it. */
export function handshakeOf(raw: IncomingMessage): FastifyRequest | undefined {
  return (raw as WithRequest)[REQUEST]
}

/**
 * The Fastify request of a socket, with its HTTP session, cookies, user, ip and decorators: the request that joined the
 * namespace or, in a namespace without a definition, the request of the handshake.
 *
 * @param socket - any server socket of `app.io`
 * @throws FST_NSP_REQUEST_MISSING for a socket that did not connect through Fastify, and for a WebTransport socket in a
 * namespace without a definition, which has no handshake
 *
 * @example
 * app.io.on('connection', (socket) => { requestOf(socket).log.info('a plain connection') })
 */
export function requestOf(socket: { readonly request: IncomingMessage }): FastifyRequest {
  const request = findRequest(socket)
  if (!request) throw new FST_NSP_REQUEST_MISSING()
  return request
}

/** The AsyncLocalStorage values that the hooks of an admitted connect have set; undefined if there are none. */
export function scopeOf({ raw }: FastifyRequest): Scope | undefined {
  return (raw as Partial<RawConnect>).scope
}

/** The AsyncLocalStorage values of a socket; undefined for any other object. */
export function scopeOfSocket(socket: object): Scope | undefined {
  const request = findRequest(socket as { request: IncomingMessage | null })
  return request && scopeOf(request)
}

/** The request of a socket; undefined for a WebTransport socket in a namespace without a definition. */
export function findRequest(socket: { readonly request: IncomingMessage | null }): FastifyRequest | undefined {
  return findSocketState(socket)?.request ?? (socket.request ? handshakeOf(socket.request) : undefined)
}
