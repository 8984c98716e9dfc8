import { Duplex } from 'node:stream'

/*
 * The server's end of a connection in memory. A test decides which bytes it reads, when it ends or breaks, and when a write is done.
 */

/** When the peer takes what is written: at once, at the next turn of the event loop, or not before `drain()`. */
export type WritePace = 'now' | 'next turn' | 'stalled'

type Done = (error?: Error | null) => void

/** Like a connection of node:http, it stays half-open when the peer ends its side. */
export class MemoryConnection extends Duplex {
  /** What the server has written. */
  readonly written: Buffer[] = []
  /** Whether the server has ended its side, and everything before that has been taken. */
  isEnded = false
  /** Whether it was destroyed while writes waited: what is lost of them depends on how they were joined. */
  isCutOff = false
  #pace: WritePace
  #waiting: Done | undefined

  constructor(pace: WritePace) {
    super({ allowHalfOpen: true })
    this.#pace = pace
  }

  /** The peer reads again: the write that waits is done, and those that follow are done at once. */
  drain(): void {
    this.#pace = 'now'
    const done = this.#waiting
    this.#waiting = undefined
    done?.()
  }

  override _read(): void {}

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: Done): void {
    this.written.push(chunk)
    this.#settle(done)
  }

  override _writev(chunks: { chunk: Buffer }[], done: Done): void {
    for (const { chunk } of chunks) this.written.push(chunk)
    this.#settle(done)
  }

  override _final(done: Done): void {
    this.isEnded = true
    this.#settle(done)
  }

  override _destroy(error: Error | null, done: Done): void {
    this.isCutOff = this.writableLength > 0
    this.#waiting = undefined
    done(error)
  }

  #settle(done: Done): void {
    if (this.#pace === 'now') done()
    else if (this.#pace === 'next turn') setImmediate(done)
    else this.#waiting = done
  }
}
