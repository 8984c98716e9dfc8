import { createServer, type Server } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import type { Test } from 'tap'
import { SERVERS, type ServerName, type ServerSocket } from './servers.js'

/*
 * A WebSocket server behind node:http or node:https, on a port of its own.
 */

export interface Listening {
  readonly port: number
  readonly server: Server
}

interface ListeningOptions {
  readonly maxPayload?: number
  /** Key and certificate of a server with TLS. */
  readonly tls?: { readonly key: string; readonly cert: string }
}

/** Starts a server; it is closed with its test. `accept` is called with each WebSocket and the connection below it. */
export async function listening(
  t: Test,
  name: ServerName,
  accept: (socket: ServerSocket, connection: Duplex) => void,
  { maxPayload = 1_000_000, tls }: ListeningOptions = {},
): Promise<Listening> {
  const webSockets = new SERVERS[name]({ noServer: true, clientTracking: false, perMessageDeflate: false, maxPayload })
  const server = tls ? createTlsServer(tls) : createServer()
  const connections = new Set<Duplex>()
  server.on('upgrade', (request, connection, head) => {
    connections.add(connection)
    webSockets.handleUpgrade(request, connection, head, (socket) => accept(socket, connection))
  })
  t.teardown(() => {
    for (const connection of connections) connection.destroy()
    return new Promise((resolve) => server.close(resolve))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return { port: (server.address() as AddressInfo).port, server }
}

/** Sends back each message. */
export function echo(socket: ServerSocket): void {
  socket.on('message', (data: string | Buffer, isBinary: boolean) => socket.send(isBinary ? data : String(data)))
  // Of an invalid frame; the client gets a close frame.
  socket.on('error', () => {})
}
