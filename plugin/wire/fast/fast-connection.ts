import { type ConnectionState, connectionStateOf, type FastSender, type WriteOptions } from '../connection-state.js'
import { findReceiver } from '../event-receivers.js'
import { type EventHead, readHead } from '../packet-text.js'
import { addToBatch } from '../read-batch.js'
import { READY_STATE, type WebSocket, type WebSocketTap } from '../websocket/websocket.js'
import { bytesFrame, FIRST, LONGEST_TEXT, textFrame } from '../websocket/websocket-frames.js'

/*
 * One connection on the fast path, which bypasses the event emitters of engine.io and Socket.IO: a declared event goes from the
 * text of its frame to the receiver of its namespace, and what is sent goes to the WebSocket. Everything unusual is left to
 * engine.io, in the order in which it came.
 */

// '4' and '2': a message of engine.io that is an event of Socket.IO
const MESSAGE = 52
const EVENT = 50

/** engine.io's socket: its public part. */
export interface EngineConnection {
  readonly protocol: number
  readonly readyState: string
  readonly transport: EngineTransport
  write(data: unknown, options?: object, callback?: unknown): unknown
  emit(event: 'drain'): boolean
}

/** engine.io's transport: its public and its protected part. */
export interface EngineTransport {
  readonly name: string
  /** Whether the engine may write. While it is false, the engine keeps what it is given. */
  writable: boolean
  /** `ready` makes the engine write what it has kept. */
  emit(event: 'ready'): boolean
  listenerCount(event: 'packet'): number
  onError(message: string, description?: string): void
}

/** What all fast connections of a server share. */
export interface FastConnectionOptions {
  /** Whether events are texts of Socket.IO's own parser. */
  readonly isText: boolean
  /** Whether an event's list of name and arguments, of that many characters, is within the limits. */
  readonly isWithinLimits: (data: readonly unknown[], characters: number) => boolean
  /** Whether a listener of the engine expects to see each packet: then none takes the fast path. */
  readonly isEngineWatched: () => boolean
  /** Most characters of one write. What is sent after them waits in engine.io, where `limits.bytesWaiting` counts it. */
  readonly longestBatch: number
  /** Emits `drain` on the engine's server. */
  readonly emitDrain: (connection: EngineConnection) => void
  /** Called before a connection is closed because a listener of `flush` or `drain` has thrown. */
  readonly report: (error: unknown) => void
}

export class FastConnection implements FastSender, WebSocketTap {
  readonly #connection: EngineConnection
  readonly #transport: EngineTransport
  readonly #webSocket: WebSocket
  readonly #options: FastConnectionOptions
  readonly #state: ConnectionState
  /** Whether a write is collected or under way. The transport is not writable then. */
  #isWriting = false
  /** Whether engine.io was given something to send, which later sends must not overtake. */
  #isBehind = false
  #isPinged = false

  constructor(connection: EngineConnection, webSocket: WebSocket, options: FastConnectionOptions) {
    this.#connection = connection
    this.#transport = connection.transport
    this.#webSocket = webSocket
    this.#options = options
    this.#state = connectionStateOf(connection)
  }

  noteEnginePacket(isPing: boolean): void {
    this.#isBehind = true
    // The engine waits for a pong. The next packet goes to the engine, which then waits longer.
    if (isPing) this.#isPinged = true
  }

  /** Sends a text or an attachment at the end of this tick. */
  send(data: string | Buffer, options: WriteOptions | undefined): boolean {
    if (!this.isClear || data.length > LONGEST_TEXT - 1) return false
    this.#isWriting = true
    this.#isBehind = false
    this.#transport.writable = false
    this.#webSocket.writer.add(options?.preEncoded ? broadcastFrame(data, options) : messageFrame(data))
    return true
  }

  /** Whether nothing waits in engine.io, or is being written, that a send would overtake. */
  get isClear(): boolean {
    if (this.#isWatched() || this.#connection.readyState !== 'open') return false
    // The engine hears of a close frame of the client when the connection has ended.
    const { readyState, writer } = this.#webSocket
    if (readyState !== READY_STATE.OPEN) return false
    if (!this.#isWriting) return this.#transport.writable
    const { batchLength } = writer
    return !this.#isBehind && batchLength > 0 && batchLength < this.#options.longestBatch
  }

  get isLate(): boolean {
    return this.#webSocket.writer.isLate
  }

  /** Whether a listener expects to see each packet of the connection. */
  #isWatched(): boolean {
    return this.#state.isWatched || this.#options.isEngineWatched()
  }

  written(error: Error | null | undefined): void {
    if (!this.#isWriting) return
    this.#isWriting = false
    if (error) {
      this.#transport.onError('write error', error.stack)
      return
    }
    this.#transport.writable = true
    try {
      this.#emitWritten()
    } catch (thrown) {
      this.#options.report(thrown)
      this.#webSocket.terminate()
    }
  }

  #emitWritten(): void {
    if (this.#isBehind) this.#transport.emit('ready')
    // A listener that was added during the write expects it.
    else if (this.#isWatched()) {
      this.#connection.emit('drain')
      this.#options.emitDrain(this.#connection)
    }
  }

  /** Takes an event if it is declared, within the limits, and on a connection that nothing watches. */
  receiveText(text: string): boolean {
    if (text.charCodeAt(0) !== MESSAGE || text.charCodeAt(1) !== EVENT) return false
    const { isText, isWithinLimits } = this.#options
    if (this.#isPinged) {
      this.#isPinged = false
      return false
    }
    if (!isText || this.#isWatched() || this.#connection.readyState !== 'open' || !readHead(text, 2, head)) return false
    const { receivers, decoder } = this.#state
    const receiver = findReceiver(receivers, head.namespace, head.name)
    if (!receiver || decoder?.isWaiting) return false
    const data = parse(text.slice(head.start))
    if (!data || !isWithinLimits(data, text.length)) return false
    addToBatch(receiver, data, head.id, true)
    return true
  }
}

const head: EventHead = { namespace: '/', id: undefined, name: '', start: 0 }

function parse(json: string): readonly unknown[] | undefined {
  try {
    return JSON.parse(json)
  } catch {
    return undefined
  }
}

// The last part of a broadcast (its text, or an attachment), and its frame.
let broadcast: { readonly data: string | Buffer; readonly options: WriteOptions; readonly frame: string } | undefined

/** Encodes each part of a broadcast once for all connections. */
function broadcastFrame(data: string | Buffer, options: WriteOptions): string {
  if (broadcast?.data !== data || broadcast.options !== options) {
    broadcast = { data, options, frame: messageFrame(data) }
  }
  return broadcast.frame
}

function messageFrame(data: string | Buffer): string {
  return typeof data === 'string' ? textFrame(`4${data}`) : bytesFrame(FIRST.BINARY, data)
}
