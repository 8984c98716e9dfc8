import type { Duplex } from 'node:stream'

/*
 * The raw connection below a WebSocket, after the upgrade. All connections share these listeners; `this` is the connection.
 */

const ENDPOINT = Symbol('fastify-namespaces: WebSocket')

/** A TCP or TLS socket, or any other stream: those have no timeouts. */
export type RawConnection = Duplex & {
  [ENDPOINT]?: ConnectionEndpoint
  setTimeout?(ms: number): void
  setNoDelay?(): void
}

/** The WebSocket of a raw connection. */
export interface ConnectionEndpoint {
  read(chunk: Buffer): void
  /** Called when the peer has ended its side: the last moment to write. */
  peerEnded(): void
  /** Called once, when nothing can be written or read any more. */
  connectionClosed(): void
}

/**
 * Starts to read a raw connection.
 *
 * @param head - the bytes that came with the request of the upgrade
 */
export function listenToConnection(connection: RawConnection, head: Buffer, endpoint: ConnectionEndpoint): void {
  connection[ENDPOINT] = endpoint
  connection.setTimeout?.(0)
  connection.setNoDelay?.()
  if (head.length > 0) connection.unshift(head)
  connection.on('close', hearClose).on('data', hearData).on('end', hearEnd).on('error', destroyConnection)
}

/** Drops what the peer still sends: without a reader its end would not be heard. */
export function stopReading(connection: RawConnection): void {
  connection.off('data', hearData)
  process.nextTick(resume, connection)
}

/** A listener for `error`. The WebSocket hears of it by `close`. */
export function destroyConnection(this: RawConnection): void {
  this.destroy()
}

function hearData(this: RawConnection, chunk: Buffer): void {
  this[ENDPOINT]?.read(chunk)
}

function hearEnd(this: RawConnection): void {
  this[ENDPOINT]?.peerEnded()
  this.end()
}

function hearClose(this: RawConnection): void {
  this[ENDPOINT]?.connectionClosed()
}

function resume(connection: RawConnection): void {
  connection.resume()
}
