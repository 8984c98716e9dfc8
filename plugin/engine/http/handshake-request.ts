import { IncomingMessage } from 'node:http'
import { Socket } from 'node:net'
import { connectionStateOf } from '../../wire/connection-state.js'

/*
 * The raw request of a connection's handshake. A WebTransport connection, which the application hands to the engine, has no HTTP
 * request: it gets an empty one that says that the connection is encrypted.
 */

/** The raw request of a connection's handshake; with WebTransport a StandInRequest, the same for each call. */
export function handshakeRequestOf(connection: object): IncomingMessage {
  const { request } = connection as { readonly request?: IncomingMessage | null }
  if (request) return request
  const state = connectionStateOf(connection)
  state.standIn ??= new StandInRequest()
  return state.standIn
}

export class StandInRequest extends IncomingMessage {
  constructor() {
    // An unconnected socket: the address of the client is unknown.
    super(Object.assign(new Socket(), { encrypted: true }))
    this.method = 'GET'
    this.url = '/'
    this.httpVersion = '3.0'
    this.httpVersionMajor = 3
    this.httpVersionMinor = 0
    this.complete = true
  }

  override _read(): void {
    this.push(null)
  }
}
