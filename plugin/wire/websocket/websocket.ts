import { EventEmitter } from 'node:events'
import { beginReading, endReading } from '../read-batch.js'
import { closePayload, NO_CLOSE_FRAME, NO_CODE } from './close-code.js'
import type { FrameError } from './frame-error.js'
import { type FrameHandler, FrameParser } from './frame-parser.js'
import { FrameWriter, type WriteCallback, type WriteObserver } from './frame-writer.js'
import { type ConnectionEndpoint, listenToConnection, type RawConnection, stopReading } from './raw-connection.js'
import { bytesFrame, FIRST, LONGEST_TEXT, textFrame, toBuffer } from './websocket-frames.js'

/*
 * The server's side of one WebSocket, RFC 6455 without extensions, with the events and methods of ws that engine.io uses, and the
 * decisions of ws. All that is sent in one tick is one write.
 */

/** Receives the texts of a WebSocket before its `message` event, and hears when a batch is written. */
export interface WebSocketTap extends WriteObserver {
  /** @returns false if the text is to be emitted */
  receiveText(text: string): boolean
}

const NO_REASON = Buffer.alloc(0)

export const READY_STATE = { OPEN: 1, CLOSING: 2, CLOSED: 3 } as const

/** How long a peer may take to answer a close frame, or to close the connection. The same as in ws. */
const CLOSE_TIMEOUT_MS = 30_000

/** How many answers to pings may wait to be written. The same as in ws. */
const MOST_PONGS = 60

/**
 * Emits `message` with a string, or with a Buffer and `true`; `ping` and `pong` with a Buffer; `error` with a FrameError; and
 * `close` with code and reason.
 */
export class WebSocket extends EventEmitter implements ConnectionEndpoint, FrameHandler {
  /** 1 is open, 2 closing, 3 closed. */
  readyState: number = READY_STATE.OPEN
  readonly connection: RawConnection
  readonly writer: FrameWriter
  readonly #parser: FrameParser
  #tap: WebSocketTap | undefined = undefined
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
    this.writer = new FrameWriter(connection)
    this.#parser = new FrameParser(this, maxPayload)
    listenToConnection(connection, head, this)
  }

  /** `close` is emitted once. So its listeners need no wrapper, which would be kept as long as the connection. */
  override once(event: string | symbol, listener: (...args: never[]) => void): this {
    const add = event === 'close' ? super.on : super.once
    return add.call(this, event, listener as never)
  }

  /** From now on a tap receives the texts. */
  attach(tap: WebSocketTap): void {
    this.#tap = tap
    this.writer.observer = tap
  }

  /** Sends a message, in one write with all others of this tick. */
  send(data: string | ArrayBuffer | ArrayBufferView, callback?: WriteCallback): void {
    if (this.readyState !== READY_STATE.OPEN) {
      if (callback) process.nextTick(callback, new Error(`WebSocket is not open: readyState ${this.readyState}`))
    } else if (typeof data === 'string') {
      if (data.length > LONGEST_TEXT) this.writer.addLong(FIRST.TEXT, Buffer.from(data), callback)
      else this.writer.add(textFrame(data), callback)
    } else {
      const bytes = toBuffer(data)
      if (bytes.length > LONGEST_TEXT) this.writer.addLong(FIRST.BINARY, bytes, callback)
      else this.writer.add(bytesFrame(FIRST.BINARY, bytes), callback)
    }
  }

  /** Starts or answers the closing handshake. The connection ends when both sides have sent a close frame, or after 30 s. */
  close(code?: number, reason?: string | Buffer): void {
    if (this.readyState === READY_STATE.OPEN) {
      const payload = closePayload(code, reason)
      this.readyState = READY_STATE.CLOSING
      this.#closeTimer = setTimeout(() => this.connection.destroy(), CLOSE_TIMEOUT_MS)
      this.writer.add(bytesFrame(FIRST.CLOSE, payload), (error) => {
        if (error) return
        this.#isCloseSent = true
        this.#endIfDone()
      })
      this.writer.flush()
    } else if (this.readyState === READY_STATE.CLOSING) this.#endIfDone()
  }

  #endIfDone(): void {
    if (this.#isCloseSent && this.#isPeerDone) this.connection.end()
  }

  /** Ends the connection without a closing handshake. */
  terminate(): void {
    if (this.readyState === READY_STATE.CLOSED) return
    this.writer.flush()
    this.readyState = READY_STATE.CLOSING
    this.connection.destroy()
  }

  receiveText(text: string): void {
    if (this.#tap?.receiveText(text) !== true) this.emit('message', text, false)
  }

  receiveBinary(data: Buffer): void {
    this.emit('message', data, true)
  }

  receivePing(data: Buffer): void {
    if (this.readyState === READY_STATE.OPEN) {
      if (this.#pongs >= MOST_PONGS) this.terminate()
      else {
        this.#pongs++
        this.writer.add(bytesFrame(FIRST.PONG, data), () => this.#pongs--)
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
    } catch (error) {
      // A listener of the application has thrown: the rest of the chunk is lost.
      this.terminate()
      throw error
    } finally {
      endReading()
    }
  }

  peerEnded(): void {
    this.readyState = READY_STATE.CLOSING
    this.writer.flush()
  }

  connectionClosed(): void {
    this.#closeRefused()
    clearTimeout(this.#closeTimer)
    this.readyState = READY_STATE.CLOSED
    this.emit('close', this.#closeCode, this.#closeReason)
  }
}
