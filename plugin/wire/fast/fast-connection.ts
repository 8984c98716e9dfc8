import { Socket } from 'node:net'
import type { Socket as NamespaceSocket } from 'socket.io'
import { addToBatch, deferBatch, type EventReceiver } from '../event-batch.js'
import { type EventHead, readHead } from '../packet-text.js'
import { flushLater, type Writer } from '../read-batch.js'
import {
  binaryFrame,
  LONGEST_TEXT,
  readTextFrames,
  type TextReceiver,
  textFrame,
} from '../websocket/websocket-frames.js'
import type { FrameReceiver, PrivateClient, PrivateConnection, PrivateTransport, WebSocket } from './private-fields.js'

/*
 * One connection on the fast path, which bypasses the event emitters of engine.io and the streams of ws: a declared event
 * goes from the bytes of its frame to its gate, and all that is sent in one tick is one write. Everything unusual is left
 * to engine.io and ws, in the order in which it came.
 */

const FRAMED = Symbol('framed')
const FRAME = Symbol('frame')

const OPEN = 1
/** `_state` of a sender or receiver of ws that is doing nothing. */
export const IDLE = 0
// '4' and '2': a message of engine.io that is an event of Socket.IO
const MESSAGE = 52
const EVENT = 50

/** The options of `write` of the engine's socket. */
export interface WriteOptions {
  /** Set for a broadcast, which passes the same object to all its connections. */
  readonly preEncoded?: boolean
  /** The part of the broadcast that was sent last, and its frame. */
  [FRAMED]?: string | Buffer
  [FRAME]?: string
}

/** What all fast connections of a server share. */
export interface FastConnectionOptions {
  /** The receiver of an event of that name; undefined for an event that Socket.IO itself has to emit. */
  readonly receiverOf: (socket: NamespaceSocket, event: string) => EventReceiver | undefined
  /** Whether an event's list of name and arguments, of that many characters, is within the limits. */
  readonly isWithinLimits: (data: readonly unknown[], characters: number) => boolean
  /** Whether a listener expects to see each packet of the connection: then none takes the fast path. */
  readonly isWatched: (connection: PrivateConnection) => boolean
  /** Most characters of one write. What is sent after them waits in engine.io, where `limits.bytesWaiting` counts it. */
  readonly longestBatch: number
}

export class FastConnection implements TextReceiver, Writer {
  readonly #client: PrivateClient
  readonly #connection: PrivateConnection
  readonly #transport: PrivateTransport
  readonly #webSocket: WebSocket
  readonly #options: FastConnectionOptions
  readonly #isPlainSocket: boolean
  #out = ''

  constructor(client: PrivateClient, options: FastConnectionOptions) {
    this.#client = client
    this.#connection = client.conn
    this.#transport = client.conn.transport
    this.#webSocket = client.conn.transport.socket
    this.#options = options
    // TCP or a pipe. Not TLS: there a second _write before the first has ended crashes the process.
    this.#isPlainSocket = Object.getPrototypeOf(this.#webSocket._socket) === Socket.prototype
  }

  /**
   * Sends a text or an attachment at the end of this tick.
   *
   * @returns false if engine.io has to send it
   */
  send(data: string | Buffer, options: WriteOptions | undefined): boolean {
    if (!this.#isClear() || data.length >= LONGEST_TEXT) return false
    if (this.#out === '') {
      this.#transport.writable = false
      flushLater(this)
    }
    this.#out += options?.preEncoded ? broadcastFrame(data, options) : messageFrame(data)
    return true
  }

  /** Whether nothing waits in engine.io, ws or the stream that a write would overtake. */
  #isClear(): boolean {
    const connection = this.#connection
    if (this.#options.isWatched(connection) || connection.writeBuffer.length > 0 || connection._readyState !== 'open')
      return false
    if (this.#out !== '') return this.#out.length < this.#options.longestBatch
    const { _readyState, _sender } = this.#webSocket
    return this.#transport.writable && _readyState === OPEN && _sender._state === IDLE
  }

  /** Writes what was sent. Bypasses the stream of a plain socket in which nothing waits: that saves a tick for each write. */
  flush(): void {
    const { _socket } = this.#webSocket
    const isDirect = this.#isPlainSocket && _socket.writableLength === 0 && _socket.writableCorked === 0
    if (!isDirect) this.flushByStream()
    else if (this.#out !== '' && _socket.writable)
      _socket._write(this.#takeOut(), 'latin1', (error) => this.#endWrite(error))
  }

  /** Writes what was sent through the stream, whose callback comes a tick later. */
  flushByStream(): void {
    const { _socket } = this.#webSocket
    if (this.#out !== '' && _socket.writable) _socket.write(this.#takeOut(), 'latin1', (error) => this.#endWrite(error))
  }

  // A method, not a closure that each connection would keep: most connections are idle.
  #endWrite(error: Error | null | undefined): void {
    if (error) {
      this.#transport.onError('write error', error.stack)
      return
    }
    this.#transport.writable = true
    const connection = this.#connection
    // engine.io flushes on 'ready' what it was given during the write. A listener added during the write expects 'drain'.
    if (connection.writeBuffer.length > 0) this.#transport.emit('ready')
    else if (this.#options.isWatched(connection)) {
      connection.emit('drain')
      connection.server.emit('drain', connection)
    }
  }

  #takeOut(): string {
    const out = this.#out
    this.#out = ''
    return out
  }

  /**
   * Reads the text frames at the start of a chunk. Call it between beginReading() and endReading().
   *
   * @returns how many bytes were read; the rest is for ws
   */
  read(chunk: Buffer, receiver: FrameReceiver): number {
    const { _state, _bufferedBytes, _fragmented, _loop, _maxPayload, writableLength } = receiver
    const isBetweenFrames =
      _state === IDLE && _bufferedBytes === 0 && _fragmented === 0 && !_loop && writableLength === 0
    return isBetweenFrames ? readTextFrames(chunk, _maxPayload, this) : 0
  }

  receiveText(text: string): void {
    if (this.#takeEvent(text)) return
    deferBatch()
    this.#transport.onData(text)
  }

  /** Adds the event to the batch if it is declared, within the limits, and on a connection that nothing watches. */
  #takeEvent(text: string): boolean {
    const connection = this.#connection
    if (text.charCodeAt(0) !== MESSAGE || text.charCodeAt(1) !== EVENT || !readHead(text, 2, head)) return false
    const { nsps, decoder } = this.#client
    if (this.#options.isWatched(connection) || decoder.isWaiting || connection._readyState !== 'open') return false
    const socket = nsps.get(head.namespace)
    const receiver = socket && this.#options.receiverOf(socket, head.name)
    if (!receiver) return false
    const data = parse(text.slice(head.start))
    if (!data || !this.#options.isWithinLimits(data, text.length)) return false
    if (connection.pingTimeoutTimer !== null && !connection.hasRefreshedPingTimeout) {
      connection.pingTimeoutTimer.refresh()
      connection.hasRefreshedPingTimeout = true
    }
    addToBatch(receiver, data, head.id)
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

/** Encodes each part of a broadcast (its text, its attachments) once for all connections. */
function broadcastFrame(data: string | Buffer, options: WriteOptions): string {
  if (options[FRAMED] !== data) {
    options[FRAMED] = data
    options[FRAME] = messageFrame(data)
  }
  return options[FRAME] as string
}

function messageFrame(data: string | Buffer): string {
  return typeof data === 'string' ? textFrame(`4${data}`) : binaryFrame(data)
}
