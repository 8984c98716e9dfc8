import type { IncomingMessage } from 'node:http'
import { Socket } from 'node:net'
import { connectionStateOf } from '../../wire/connection-state.js'
import { DetachedRequest } from './detached-request.js'

/*
 * The raw request of a connection's handshake. A WebTransport connection, which the application hands to the engine, has no HTTP
 * request: it gets an empty one that says that the connection is encrypted.
 */

/** The raw request of a connection's handshake; with WebTransport a StandInRequest, the same for each call. */
export function handshakeRequestOf(connection: object): IncomingMessage {
  const { request } = connection as { readonly request?: IncomingMessage | null }
  if (request) return request
  const state = connectionStateOf(connection)
  state.standIn ??= new StandInRequest() as unknown as IncomingMessage
  return state.standIn
}

export class StandInRequest extends DetachedRequest {
  readonly method = 'GET'
  readonly url = '/'
  readonly httpVersion = '3.0'
  readonly httpVersionMajor = 3
  readonly httpVersionMinor = 0
  readonly rawHeaders: string[] = []
  override headers = {}
  /** An unconnected socket: the address of the client is unknown. */
  readonly socket = Object.assign(new Socket(), { encrypted: true }) as unknown as IncomingMessage['socket']
}
