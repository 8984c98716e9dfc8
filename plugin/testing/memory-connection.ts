import { AsyncResource } from 'node:async_hooks'
import { Agent, type Server } from 'node:http'
import { Duplex } from 'node:stream'
import { setImmediate } from 'node:timers'
import { Server as TlsServer } from 'node:tls'

/*
 * A connection in memory: two ends, each reading what is written to the other. Node's own duplexPair() leaves one end waiting
 * when the other is destroyed (Node 20), and lacks the methods that http and ws call on a socket.
 *
 * Every chunk, end, and demand for more reaches the other end in a later phase of the event loop, in order, as over a network.
 * Otherwise a write could run code of the other end before it returns: ws writes its close frame before it records that it is
 * closing, and an answer within that call would leave it with a timer of 30 s.
 */

type Done = (error?: Error) => void

// Created with this module: the server's ends do not inherit the AsyncLocalStorage of a client, as over a network.
const network = new AsyncResource('MemoryNetwork')

/** One end. Node's servers and clients treat it as a socket of 127.0.0.1. Its timeouts never fire. */
export class MemorySocket extends Duplex {
  readonly localAddress = '127.0.0.1'
  readonly remoteAddress = '127.0.0.1'
  readonly remoteFamily = 'IPv4'
  readonly localPort = 0
  readonly remotePort = 0
  readonly connecting = false
  readonly #scope = new AsyncResource('MemorySocket')
  #peer!: MemorySocket
  // The callback of the peer's write, called when this end wants more.
  #requestMore: Done | undefined

  /** As Node creates them: a server may answer a client that has ended its side; a client ends with its server. */
  static pair(): [client: MemorySocket, server: MemorySocket] {
    const client = new MemorySocket({ allowHalfOpen: false })
    const server = network.runInAsyncScope(() => new MemorySocket({ allowHalfOpen: true }))
    client.#peer = server
    server.#peer = client
    return [client, server]
  }

  override _read(): void {
    const requestMore = this.#requestMore
    this.#requestMore = undefined
    if (requestMore) this.#peer.#later(requestMore)
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: Done): void {
    if (this.#peer.destroyed) done(brokenPipe())
    else this.#peer.#later(() => this.#peer.#receive(chunk, done))
  }

  #receive(chunk: Buffer, done: Done): void {
    this.#requestMore = done
    // An empty chunk is never read, and a destroyed end never reads: without this, the peer's write would not complete.
    if (chunk.length === 0 || this.destroyed) this._read()
    else this.push(chunk)
  }

  /** Runs a callback at this end: later, and in the order of the calls. */
  #later(callback: () => void): void {
    setImmediate(() => this.#scope.runInAsyncScope(callback))
  }

  /** Corked chunks arrive as one, as over a network: a frame's header with its payload. */
  override _writev(chunks: { chunk: Buffer }[], done: Done): void {
    this._write(Buffer.concat(chunks.map(({ chunk }) => chunk)), 'binary', done)
  }

  override _final(done: Done): void {
    this.#endPeer()
    done()
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    // The peer's pending write completes; its next write fails.
    this._read()
    this.#endPeer()
    done(error)
  }

  #endPeer(): void {
    this.#peer.#later(() => {
      if (!this.#peer.destroyed) this.#peer.push(null)
    })
  }

  destroySoon(): void {
    if (this.writable) this.end()
    if (this.writableFinished) this.destroy()
    else this.once('finish', () => this.destroy())
  }

  address(): { address: string; family: string; port: number } {
    return { address: this.localAddress, family: this.remoteFamily, port: this.localPort }
  }

  setTimeout(): this {
    return this
  }

  setNoDelay(): this {
    return this
  }

  setKeepAlive(): this {
    return this
  }

  // It never keeps the process alive.
  ref(): this {
    return this
  }

  unref(): this {
    return this
  }
}

/**
 * An HTTP agent whose connections lead to a server of this process, listening or not. Each request has its own connection, so
 * that none stays idle.
 */
export class MemoryAgent extends Agent {
  readonly #server: Server
  readonly #connections = new Set<MemorySocket>()

  constructor(server: Server) {
    super({ keepAlive: false })
    this.#server = server
  }

  override createConnection(): MemorySocket {
    const [client, server] = MemorySocket.pair()
    this.#connections.add(client)
    client.once('close', () => this.#connections.delete(client))
    network.runInAsyncScope(() => accept(this.#server, server))
    return client
  }

  /** Resolves when every connection has ended. */
  async ended(): Promise<void> {
    for (const connection of this.#connections) await new Promise((resolve) => connection.once('close', resolve))
  }

  override destroy(): void {
    for (const connection of this.#connections) connection.destroy()
    super.destroy()
  }
}

/** Passes a connection to a server; to a TLS server as already decrypted, with HTTP/1.1 negotiated. */
function accept(server: Server, connection: MemorySocket): void {
  const isSecure = server instanceof TlsServer
  if (isSecure) Object.assign(connection, { encrypted: true, alpnProtocol: 'http/1.1' })
  server.emit(isSecure ? 'secureConnection' : 'connection', Object.assign(connection, { server }))
}

/** The error of the operating system for a write to a closed connection. */
function brokenPipe(): Error {
  return Object.assign(new Error('write EPIPE'), { code: 'EPIPE', syscall: 'write' })
}
