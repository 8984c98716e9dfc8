import type { Server } from 'socket.io'
import { WebSocket } from './websocket.js'

/*
 * Finds the WebSocket of engine.io's transports: notes it when the engine creates a transport.
 */

const WEB_SOCKET = Symbol('fastify-namespaces: transport')

/** A transport of engine.io. */
type Noted = object & { [WEB_SOCKET]?: WebSocket }

/** The part of engine.io's server that its own subclasses override. */
interface TransportFactory {
  createTransport(name: string, request: { readonly websocket?: unknown }): Noted
}

/** Notes the WebSocket of each transport that the engine creates from now on. */
export function noteWebSockets(engine: Server['engine']): void {
  const factory = engine as unknown as TransportFactory
  const { createTransport } = factory
  factory.createTransport = (name, request) => {
    const transport = createTransport.call(factory, name, request)
    if (request.websocket instanceof WebSocket) transport[WEB_SOCKET] = request.websocket
    return transport
  }
}

/** The WebSocket of a transport; undefined if it is not one of ours. */
export function webSocketOf(transport: object): WebSocket | undefined {
  return (transport as Noted)[WEB_SOCKET]
}
