import { Socket } from 'node:net'
import type { Socket as NamespaceSocket } from 'socket.io'
import { type EventReceiver, receiveInTurn, yieldTurn } from './event-batch.js'
import { type EventHead, readHead } from './packet-text.js'
import type { Client, Connection, Receiver, Transport, WebSocket } from './private-fields.js'
import { flushLater, type Writer } from './read-batch.js'
import { binaryFrameOf, frameOf, LONGEST_TEXT, readTexts, type TextTaker } from './websocket-frames.js'

/*
 * The fast lane of a connection, past the event emitters of engine.io and the streams of ws: a declared event goes from
 * the bytes of its frame to its gate, and whatever is sent in one turn of the event loop is one write. All that is
 * unusual takes their way, and its turn.
 */

const FRAMED = Symbol('framed')
const FRAME = Symbol('frame')

const OPEN = 1
/** Of ws: nothing is under way. */
export const IDLE = 0
// '42': a message of engine.io, an event of socket.io
const MESSAGE = 52
const EVENT = 50

/** What a packet is sent with. */
export interface WriteOptions {
  /** Of a broadcast: one object for all its connections. */
  readonly preEncoded?: boolean
  /** What of it was sent last, and its frame. */
  [FRAMED]?: string | Buffer
  [FRAME]?: string
}

/** What is the same for every lane of a server. */
export interface LaneOptions {
  /** Who takes an event of that name; undefined where it takes the long way. */
  readonly receiverOf: (socket: NamespaceSocket, event: string) => EventReceiver | undefined
  /** Whether a list of a name and its arguments, so many characters of it, is within the limits. */
  readonly isWithinLimits: (data: readonly unknown[], characters: number) => boolean
  /** Whether somebody listens for each packet of the connection: then all take the long way. */
  readonly isWatched: (connection: Connection) => boolean
  /** Characters that are written at once; behind that it is Socket.IO's to wait, where `bytesWaiting` counts. */
  readonly longestBatch: number
}

export class Lane implements TextTaker, Writer {
  readonly #client: Client
  readonly #connection: Connection
  readonly #transport: Transport
  readonly #webSocket: WebSocket
  readonly #options: LaneOptions
  readonly #isNodes: boolean
  #out = ''

  constructor(client: Client, options: LaneOptions) {
    this.#client = client
    this.#connection = client.conn
    this.#transport = client.conn.transport
    this.#webSocket = client.conn.transport.socket
    this.#options = options
    // Of TCP, or a pipe; not of TLS, where a second write before the first has ended takes the process down.
    this.#isNodes = Object.getPrototypeOf(this.#webSocket._socket) === Socket.prototype
  }

  /** Sends a message, a text or an attachment, at the end of this turn. out: false where it is for the engine. */
  send(data: string | Buffer, options: WriteOptions | undefined): boolean {
    if (!this.#isClear() || data.length >= LONGEST_TEXT) return false
    if (this.#out === '') {
      this.#transport.writable = false
      flushLater(this)
    }
    this.#out += options?.preEncoded ? broadcastFrame(data, options) : messageFrame(data)
    return true
  }

  /** Whether nothing waits that this would overtake. */
  #isClear(): boolean {
    const connection = this.#connection
    if (this.#options.isWatched(connection) || connection.writeBuffer.length > 0 || connection._readyState !== 'open')
      return false
    if (this.#out !== '') return this.#out.length < this.#options.longestBatch
    const { _readyState, _sender } = this.#webSocket
    return this.#transport.writable && _readyState === OPEN && _sender._state === IDLE
  }

  /** Writes what has been sent: past the stream, where it is a socket of node, and nothing waits in it. */
  flush(): void {
    const { _socket } = this.#webSocket
    const isDirect = this.#isNodes && _socket.writableLength === 0 && _socket.writableCorked === 0
    if (!isDirect) this.flushByStream()
    else if (this.#out !== '' && _socket.writable)
      _socket._write(this.#takeOut(), 'latin1', (error) => this.#endWrite(error))
  }

  /** The same, but what waits for the end of it has to wait for a turn. */
  flushByStream(): void {
    const { _socket } = this.#webSocket
    if (this.#out !== '' && _socket.writable) _socket.write(this.#takeOut(), 'latin1', (error) => this.#endWrite(error))
  }

  // No function that each lane would keep: most are idle.
  #endWrite(error: Error | null | undefined): void {
    if (error) {
      this.#transport.onError('write error', error.stack)
      return
    }
    this.#transport.writable = true
    const connection = this.#connection
    // What has come meanwhile waits for this word; and so does who has begun to listen for it meanwhile.
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

  /** Reads what it can at the start of a chunk, between beginReading() and endReading(). out: how many bytes that was. */
  read(chunk: Buffer, receiver: Receiver): number {
    const { _state, _bufferedBytes, _fragmented, _loop, _maxPayload, writableLength } = receiver
    const isBetweenFrames =
      _state === IDLE && _bufferedBytes === 0 && _fragmented === 0 && !_loop && writableLength === 0
    return isBetweenFrames ? readTexts(chunk, _maxPayload, this) : 0
  }

  takeText(text: string): void {
    if (this.#takeEvent(text)) return
    yieldTurn()
    this.#transport.onData(text)
  }

  /** Takes an event that a gate waits for, with nothing unusual about it. */
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
    receiveInTurn(receiver, data, head.id)
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

/** One frame for all connections of a broadcast, as often as it has attachments. */
function broadcastFrame(data: string | Buffer, options: WriteOptions): string {
  if (options[FRAMED] !== data) {
    options[FRAMED] = data
    options[FRAME] = messageFrame(data)
  }
  return options[FRAME] as string
}

function messageFrame(data: string | Buffer): string {
  return typeof data === 'string' ? frameOf(`4${data}`) : binaryFrameOf(data)
}
