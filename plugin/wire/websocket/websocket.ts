import { EventEmitter } from 'node:events'
import { beginReading, endReading, flushLater, type Writer } from '../read-batch.js'
import { closePayload, NO_CLOSE_FRAME, NO_CODE } from './close-code.js'
import type { FrameError } from './frame-error.js'
import { type FrameHandler, FrameParser } from './frame-parser.js'
import { type ConnectionEndpoint, listenToConnection, type RawConnection, stopReading } from './raw-connection.js'
import { bytesFrame, FIRST, LONGEST_TEXT, longHead, textFrame, toBuffer } from './websocket-frames.js'

/*
 * The server's side of one WebSocket, RFC 6455 without extensions, with the events and methods of ws that engine.io uses, and the
 * decisions of ws. All that is sent in one tick is one write.
 */

/** Called when the bytes are written. */
export type WriteCallback = (error?: Error | null) => void

/** Receives the texts of a WebSocket before its `message` event, and hears when a batch is written. */
export interface WebSocketTap {
  /** @returns false if the text is to be emitted */
  receiveText(text: string): boolean
  written(error: Error | null | undefined): void
}

const NO_REASON = Buffer.alloc(0)

const READY_STATE = { OPEN: 1, CLOSING: 2, CLOSED: 3 } as const

/** How long a peer may take to answer a close frame, or to close the connection. The same as in ws. */
const CLOSE_TIMEOUT_MS = 30_000

/** How many answers to pings may wait to be written. The same as in ws. */
const MOST_PONGS = 60

/** A batch of more characters is written at once. */
const LONGEST_BATCH = 65_536

/**
 * Emits `message` with a string, or with a Buffer and `true`; `ping` and `pong` with a Buffer; `error` with a FrameError; and
 * `close` with code and reason.
 */
export class WebSocket extends EventEmitter implements ConnectionEndpoint, FrameHandler, Writer {
  /** 1 is open, 2 closing, 3 closed. */
  readyState: number = READY_STATE.OPEN
  tap: WebSocketTap | undefined = undefined
  readonly connection: RawConnection
  readonly #parser: FrameParser
  #out = ''
  #callbacks: WriteCallback[] | undefined = undefined
  #pongs = 0
  #isCloseSent = false
  /** Whether the peer has sent its close frame, or a frame that was refused: nothing more is read. */
  #isPeerDone = false
  /** Why the peer is going to be refused in the next tick. */
  #refused: FrameError | undefined = undefined
  #closeTimer: NodeJS.Timeout | undefined = undefined
  #closeCode = NO_CLOSE_FRAME
  #closeReason: Buffer = NO_REASON

  /**
   * @param head - the first bytes of the client, which came with its handshake
   * @param maxPayload - most bytes of a message; 0 for no limit
   */
  constructor(connection: RawConnection, head: Buffer, maxPayload: number) {
    super()
    this.connection = connection
    this.#parser = new FrameParser(this, maxPayload)
    listenToConnection(connection, head, this)
  }

  /** Sends a message, in one write with all others of this tick. */
  send(data: string | ArrayBuffer | ArrayBufferView, callback?: WriteCallback): void {
    if (this.readyState !== READY_STATE.OPEN) {
      if (callback) process.nextTick(callback, new Error(`WebSocket is not open: readyState ${this.readyState}`))
    } else if (typeof data === 'string') {
      if (data.length > LONGEST_TEXT) this.#sendLong(FIRST.TEXT, Buffer.from(data), callback)
      else this.add(textFrame(data), callback)
    } else {
      const bytes = toBuffer(data)
      if (bytes.length > LONGEST_TEXT) this.#sendLong(FIRST.BINARY, bytes, callback)
      else this.add(bytesFrame(FIRST.BINARY, bytes), callback)
    }
  }

  /**
   * Sends a frame that is made already.
   *
   * @param frame - as a latin1 string
   */
  add(frame: string, callback?: WriteCallback): void {
    if (this.#out === '') flushLater(this)
    this.#out += frame
    if (callback) {
      this.#callbacks ??= []
      this.#callbacks.push(callback)
    }
    if (this.#out.length >= LONGEST_BATCH) this.flush()
  }

  #sendLong(first: number, bytes: Buffer, callback: WriteCallback | undefined): void {
    this.flush()
    this.connection.cork()
    this.connection.write(longHead(first, bytes.length))
    this.connection.write(bytes, callback)
    this.connection.uncork()
  }

  /** The number of bytes that were sent in this tick and are not written. */
  get batchLength(): number {
    return this.#out.length
  }

  /** Writes what was sent in this tick so far. */
  flush(): void {
    const out = this.#out
    if (out === '') return
    const callbacks = this.#callbacks
    this.#out = ''
    this.#callbacks = undefined
    const written: WriteCallback = (error) => {
      this.tap?.written(error)
      if (callbacks) for (const callback of callbacks) callback(error)
    }
    if (this.connection.writable) this.connection.write(out, 'latin1', written)
    else process.nextTick(written, new Error('WebSocket is not open: the connection has ended'))
  }

  /** Starts or answers the closing handshake. The connection ends when both sides have sent a close frame, or after 30 s. */
  close(code?: number, reason?: string | Buffer): void {
    if (this.readyState === READY_STATE.OPEN) {
      const payload = closePayload(code, reason)
      this.readyState = READY_STATE.CLOSING
      this.#closeTimer = setTimeout(() => this.connection.destroy(), CLOSE_TIMEOUT_MS)
      this.add(bytesFrame(FIRST.CLOSE, payload), (error) => {
        if (error) return
        this.#isCloseSent = true
        this.#endIfDone()
      })
      this.flush()
    } else if (this.readyState === READY_STATE.CLOSING) this.#endIfDone()
  }

  #endIfDone(): void {
    if (this.#isCloseSent && this.#isPeerDone) this.connection.end()
  }

  /** Ends the connection without a closing handshake. */
  terminate(): void {
    if (this.readyState === READY_STATE.CLOSED) return
    this.flush()
    this.readyState = READY_STATE.CLOSING
    this.connection.destroy()
  }

  receiveText(text: string): void {
    if (this.tap?.receiveText(text) !== true) this.emit('message', text, false)
  }

  receiveBinary(data: Buffer): void {
    this.emit('message', data, true)
  }

  receivePing(data: Buffer): void {
    if (this.readyState === READY_STATE.OPEN) {
      if (this.#pongs >= MOST_PONGS) this.terminate()
      else {
        this.#pongs++
        this.add(bytesFrame(FIRST.PONG, data), () => this.#pongs--)
      }
    }
    this.emit('ping', data)
  }

  receivePong(data: Buffer): void {
    this.emit('pong', data)
  }

  receiveClose(code: number, reason: Buffer): void {
    this.#closeCode = code
    this.#closeReason = reason
    this.#stopReading()
    if (code === NO_CODE) this.close()
    else this.close(code, reason)
  }

  /** What is sent in the tick of the invalid frame is sent before the close frame. */
  refuse(error: FrameError): void {
    this.#stopReading()
    this.#refused = error
    process.nextTick(() => this.#closeRefused())
  }

  #closeRefused(): void {
    const error = this.#refused
    if (!error) return
    this.#refused = undefined
    this.close(error.closeCode)
    this.emit('error', error)
  }

  #stopReading(): void {
    this.#isPeerDone = true
    stopReading(this.connection)
  }

  read(chunk: Buffer): void {
    beginReading()
    try {
      this.#parser.read(chunk)
    } finally {
      endReading()
    }
  }

  peerEnded(): void {
    this.readyState = READY_STATE.CLOSING
    this.flush()
  }

  connectionClosed(): void {
    this.#closeRefused()
    clearTimeout(this.#closeTimer)
    this.readyState = READY_STATE.CLOSED
    this.emit('close', this.#closeCode, this.#closeReason)
  }
}
