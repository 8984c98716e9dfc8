import type { IncomingMessage } from 'node:http'
import { Socket } from 'node:net'
import { connectionStateOf } from '../../wire/connection-state.js'
import { DetachedRequest } from './detached-request.js'

/*
 * A raw request for connections that began without one: a session of WebTransport, which the application hands to the
 * engine, has none of HTTP. What there is to ask of it is whether it is encrypted; it always is.
 */

/** The raw request of a connection; a stand-in, always the same, where it has none. */
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
  /** Connected to nobody: there is no address of the peer. */
  readonly socket = Object.assign(new Socket(), { encrypted: true }) as unknown as IncomingMessage['socket']
}
