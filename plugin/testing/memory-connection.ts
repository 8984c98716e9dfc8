import { AsyncResource } from 'node:async_hooks'
import { Agent, type Server } from 'node:http'
import { Duplex } from 'node:stream'
import { setImmediate } from 'node:timers'
import { Server as TlsServer } from 'node:tls'

/*
 * A connection without a network: two ends, and what is written to one is read from the other. Node's own duplexPair()
 * leaves an end waiting when the other is destroyed (node 20), and has nothing of what http and ws ask of a socket.
 *
 * An end hears nothing of the other inside a call that the other has made: ws writes its close frame before it notes that
 * it is closing, and an answer that came meanwhile would leave it with a timer of 30 s. What is written, an end, and the
 * wish for more come in a later turn of the event loop, in order, as from a network.
 */

type Done = (error?: Error) => void

// Made as this module is loaded: the server's ends know no AsyncLocalStorage of a client, as over a network.
const network = new AsyncResource('MemoryNetwork')

/** One end. Node's servers and clients take it for a socket of 127.0.0.1. Its timeouts never come. */
export class MemorySocket extends Duplex {
  readonly localAddress = '127.0.0.1'
  readonly remoteAddress = '127.0.0.1'
  readonly remoteFamily = 'IPv4'
  readonly localPort = 0
  readonly remotePort = 0
  readonly connecting = false
  readonly #scope = new AsyncResource('MemorySocket')
  #peer!: MemorySocket
  // Of the peer's write: called when this end wants more.
  #askForMore: Done | undefined

  /** As node makes them: a server may answer a client that has finished speaking, a client ends with its server. */
  static pair(): [client: MemorySocket, server: MemorySocket] {
    const client = new MemorySocket({ allowHalfOpen: false })
    const server = network.runInAsyncScope(() => new MemorySocket({ allowHalfOpen: true }))
    client.#peer = server
    server.#peer = client
    return [client, server]
  }

  override _read(): void {
    const askForMore = this.#askForMore
    this.#askForMore = undefined
    if (askForMore) this.#peer.#later(askForMore)
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: Done): void {
    if (this.#peer.destroyed) done(brokenPipe())
    else this.#peer.#later(() => this.#peer.#receive(chunk, done))
  }

  #receive(chunk: Buffer, done: Done): void {
    this.#askForMore = done
    // An empty chunk is nothing to read, and who has been destroyed reads nothing: nobody would ask for more.
    if (chunk.length === 0 || this.destroyed) this._read()
    else this.push(chunk)
  }

  /** To this end something happens: not in this turn, and in the order in which it was said. */
  #later(happen: () => void): void {
    setImmediate(() => this.#scope.runInAsyncScope(happen))
  }

  /** What was corked comes in one piece, as over a network: a frame's head and what it frames. */
  override _writev(pieces: { chunk: Buffer }[], done: Done): void {
    this._write(Buffer.concat(pieces.map(({ chunk }) => chunk)), 'binary', done)
  }

  override _final(done: Done): void {
    this.#endPeer()
    done()
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    // What the peer was writing counts as sent; its next write fails.
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

  // It holds no process back, with or without.
  ref(): this {
    return this
  }

  unref(): this {
    return this
  }
}

/**
 * An http agent whose connections lead to a server of this process, listening or not. Each request has a connection of
 * its own, so that none is left idle.
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

/** A TLS server gets the connection as it were decrypted, HTTP/1.1 agreed upon. */
function accept(server: Server, connection: MemorySocket): void {
  const isSecure = server instanceof TlsServer
  if (isSecure) Object.assign(connection, { encrypted: true, alpnProtocol: 'http/1.1' })
  server.emit(isSecure ? 'secureConnection' : 'connection', Object.assign(connection, { server }))
}

/** What the operating system says in its place. */
function brokenPipe(): Error {
  return Object.assign(new Error('write EPIPE'), { code: 'EPIPE', syscall: 'write' })
}
