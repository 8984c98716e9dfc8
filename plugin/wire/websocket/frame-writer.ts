import { flushLater, LONGEST_BATCH, type Writer } from '../read-batch.js'
import type { RawConnection } from './raw-connection.js'
import { longHead } from './websocket-frames.js'

/*
 * Writes the frames of one connection: all that are sent in one tick in one write.
 */

/** Called when the bytes are written, or can't be. */
export type WriteCallback = (error?: Error | null) => void

/** Hears when a batch is written. */
export interface WriteObserver {
  written(error: Error | null | undefined): void
}

export class FrameWriter implements Writer {
  readonly #connection: RawConnection
  observer: WriteObserver | undefined = undefined
  #out = ''
  #isLate = false
  #callbacks: WriteCallback[] | undefined = undefined
  /** Whether the last write was complete when it returned: then the next one needs no callback. Over TLS it never is. */
  #isDirect = false

  constructor(connection: RawConnection) {
    this.#connection = connection
  }

  /** The number of bytes that were sent in this tick and are not written. */
  get batchLength(): number {
    return this.#out.length
  }

  /** Whether these bytes wait for the end of the iteration of the event loop. */
  get isLate(): boolean {
    return this.#isLate && this.#out !== ''
  }

  /**
   * Sends a frame at the end of this tick, or in sendLate() of this iteration.
   *
   * @param frame - as a latin1 string
   */
  add(frame: string, callback?: WriteCallback): void {
    if (this.#out === '') this.#isLate = flushLater(this)
    this.#out += frame
    if (callback) {
      this.#callbacks ??= []
      this.#callbacks.push(callback)
    }
    if (this.#out.length >= LONGEST_BATCH) this.flush()
  }

  /** Sends a frame that is too long to be copied into a batch, behind those that were sent before. */
  addLong(first: number, payload: Buffer, callback: WriteCallback | undefined): void {
    this.flush()
    if (!this.#connection.writable) {
      if (callback) process.nextTick(callback, ended())
      return
    }
    this.#connection.cork()
    this.#connection.write(longHead(first, payload.length))
    this.#connection.write(payload, callback)
    this.#connection.uncork()
  }

  flush(): void {
    const out = this.#out
    if (out === '') return
    const callbacks = this.#callbacks
    this.#out = ''
    this.#callbacks = undefined
    const connection = this.#connection
    if (!connection.writable) process.nextTick(endWrite, this, callbacks, ended())
    else if (callbacks || !this.#isDirect) {
      connection.write(out, 'latin1', (error) => endWrite(this, callbacks, error))
      this.#isDirect = connection.writableLength === 0
    } else {
      connection.write(out, 'latin1')
      this.#isDirect = connection.writableLength === 0
      if (this.#isDirect) endWrite(this, undefined, connection.errored)
      else connection.write('', (error) => endWrite(this, undefined, error))
    }
  }

  terminate(): void {
    this.#connection.destroy()
  }
}

function ended(): Error {
  return new Error('WebSocket is not open: the connection has ended')
}

function endWrite(
  { observer }: FrameWriter,
  callbacks: readonly WriteCallback[] | undefined,
  error: Error | null | undefined,
): void {
  observer?.written(error)
  if (callbacks) for (const callback of callbacks) callback(error)
}
