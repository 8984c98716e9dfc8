import type { Server } from 'socket.io'
import type { RawConnection } from './raw-connection.js'
import { WebSocket } from './websocket.js'

/*
 * Finds what is below engine.io's transports: the WebSocket, if it is one of ours, and the raw connection. Notes both when the
 * engine creates a transport.
 */

const WEB_SOCKET = Symbol('fastify-namespaces: WebSocket')
const RAW = Symbol('fastify-namespaces: raw connection')

/** A transport of engine.io. */
type Noted = object & { [WEB_SOCKET]?: WebSocket; [RAW]?: RawConnection }

/** A raw connection, as far as other files use it. */
type RawConnectionBelow = Pick<RawConnection, 'cork' | 'uncork' | 'writableLength'>

/** The request of an upgrade; `websocket` is what the engine's `wsEngine` has made of it. */
interface UpgradedRequest {
  readonly socket: RawConnection
  readonly websocket?: unknown
}

/** The part of engine.io's server that its own subclasses override. */
interface TransportFactory {
  createTransport(name: string, request: UpgradedRequest): Noted
}

/** Calls `note` with each transport that the engine creates from now on. */
function noteTransports(
  engine: Server['engine'],
  note: (transport: Noted, request: UpgradedRequest, name: string) => void,
): void {
  const factory = engine as unknown as TransportFactory
  const { createTransport } = factory
  factory.createTransport = (name, request) => {
    const transport = createTransport.call(factory, name, request)
    note(transport, request, name)
    return transport
  }
}

/** Notes the WebSocket of each transport that the engine creates from now on. */
export function noteWebSockets(engine: Server['engine']): void {
  noteTransports(engine, (transport, { websocket }) => {
    if (websocket instanceof WebSocket) transport[WEB_SOCKET] = websocket
  })
}

/** The WebSocket of a transport; undefined if it is not one of ours. */
export function webSocketOf(transport: object): WebSocket | undefined {
  return (transport as Noted)[WEB_SOCKET]
}

/** Notes the raw connection of each WebSocket transport that the engine creates from now on. */
export function noteRawConnections(engine: Server['engine']): void {
  noteTransports(engine, (transport, { socket }, name) => {
    if (name === 'websocket') transport[RAW] = socket
  })
}

/** The raw connection of a WebSocket transport; undefined for any other transport. */
export function rawConnectionOf(transport: object): RawConnectionBelow | undefined {
  return (transport as Noted)[RAW] ?? webSocketOf(transport)?.connection
}
