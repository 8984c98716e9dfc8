import { isThenable, promiseOf } from '../../shared/maybe-async.js'
import { withTimeout } from '../../shared/timeout.js'
import type { OpenStream } from '../gate/in-flight.js'
import type { ItemWriter } from './item-writer.js'
import { type ItemIterator, iteratorOf } from './iterator.js'
import type { ItemId, StreamOptions } from './stream-options.js'
import { type Awaited, type StreamTimeouts, StreamTimer } from './stream-timer.js'

/*
 * One open stream: takes items from the iterator of its handler, and sends each. Takes none while the client has no credits left.
 */

/** The result of a stream that was stopped before its iterator was done. */
export const STOPPED: unknown = Object.freeze({})

export interface LiveStreamOptions {
  readonly opened: StreamOptions
  /** The most credits that a client may have. */
  readonly mostCredits: number
  readonly timeouts: StreamTimeouts
  /** Longest that the stream waits for a handler that it has stopped. Milliseconds. */
  readonly returnTimeoutMs: number
  /** Checks an item, and sends it now or later. */
  readonly sendItem: (item: unknown, stream: LiveStream) => unknown
  /** Aborts the `signal` of the event, and calls `stop`. */
  readonly abort: (error: Error) => void
  /** Answers the event with an error. */
  readonly refuse: (error: Error) => void
  /** Creates the error of a wait that is too long. */
  readonly lateError: (awaited: Awaited, stream: LiveStream) => Error
  /** Creates the error of an item that could not be sent. */
  readonly itemError: (thrown: unknown) => Error
  /** Logs what the handler has thrown after it was stopped. */
  readonly report: (thrown: unknown) => void
  readonly createWriter: (whenWritten: () => void) => ItemWriter
}

interface ItemSource {
  readonly iterator: ItemIterator
  /** Resolves the result of the stream. */
  readonly resolve: (result: unknown) => void
}

export class LiveStream implements OpenStream {
  readonly id: string
  readonly lastId: ItemId | undefined
  /** Items that were sent, and that the client has not yet exchanged for credits. */
  owed = 0
  /** Whether the handler has returned its iterable. */
  hasBegun = false
  readonly #options: LiveStreamOptions
  readonly #writer: ItemWriter
  #timer: StreamTimer | undefined = undefined
  #credits: number
  #isOver = false
  /** What the handler has returned, until it is done or stopped. */
  #source: ItemSource | undefined = undefined
  /** Whether the iterator is running: then it can not be stopped yet. */
  #isTaking = false
  #wake: (() => void) | undefined = undefined

  constructor(options: LiveStreamOptions) {
    const { id, lastId, credits } = options.opened
    this.id = id
    this.lastId = lastId
    this.#credits = credits
    this.#options = options
    this.#writer = options.createWriter(() => this.#proceed())
  }

  /** Begins to measure the time until the first item. */
  begin(): void {
    const { timeouts, lateError } = this.#options
    this.#timer = new StreamTimer(timeouts, (awaited) => this.end(lateError(awaited, this)))
  }

  /** The client is ready for more items. */
  grant(count: number): void {
    this.#credits = Math.min(this.#credits + count, this.#options.mostCredits)
    this.#proceed()
  }

  /** Sends a checked item. */
  write(item: unknown, itemId: ItemId | undefined): void {
    if (this.#isOver) return
    this.#writer.send(item, itemId)
    this.#credits--
    this.owed++
  }

  /** Ends the stream with an error. */
  end(error: Error): void {
    this.#options.abort(error)
  }

  /** Answers the event with an error, and stops the handler. */
  stop(error: Error): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#options.refuse(error)
    if (!this.#isTaking) this.#close()
  }

  /** Called when the event has ended. */
  finish(): void {
    this.#isOver = true
    this.#timer?.end()
  }

  /**
   * Sends all items.
   *
   * @param produced - what the handler has returned
   * @returns the return value of a generator; STOPPED if the stream was stopped. Rejects with the error of the iterator.
   * @throws TypeError if it is no iterable
   */
  iterate(produced: unknown): Promise<unknown> {
    const iterator = iteratorOf(produced)
    this.hasBegun = true
    return new Promise((resolve, reject) => {
      this.#source = { iterator, resolve }
      if (this.#isOver) this.#close()
      else {
        this.#sendAll(this.#source).catch((error) => {
          if (this.#isOver) return this.#close()
          this.#source = undefined
          reject(error)
        })
      }
    })
  }

  async #sendAll({ iterator, resolve }: ItemSource): Promise<void> {
    for (;;) {
      if (!this.#isReady) await this.#untilReady()
      this.#timer?.wait('item')
      const taken = this.#take(iterator)
      if (this.#isOver) return this.#close()
      const { done, value } = await taken
      if (this.#isOver) return
      if (done) {
        this.#source = undefined
        return resolve(value)
      }
      try {
        const sent = this.#options.sendItem(value, this)
        if (isThenable(sent)) await promiseOf(sent)
      } catch (error) {
        if (!this.#isOver) this.end(this.#options.itemError(error))
      }
      if (this.#isOver) return
    }
  }

  #take(iterator: ItemIterator): ReturnType<ItemIterator['next']> {
    this.#isTaking = true
    try {
      return iterator.next()
    } finally {
      this.#isTaking = false
    }
  }

  get #isReady(): boolean {
    return this.#credits > 0 && !this.#writer.isFull
  }

  /** If the stream is stopped meanwhile, the promise never settles, and nothing keeps it. */
  #untilReady(): Promise<void> {
    this.#timer?.wait('reader')
    return new Promise((resolve) => {
      this.#wake = resolve
    })
  }

  #proceed(): void {
    if (!this.#wake || this.#isOver || !this.#isReady) return
    const wake = this.#wake
    this.#wake = undefined
    wake()
  }

  /** Calls `return` of the iterator, once. A generator runs its `finally` blocks then. */
  #close(): void {
    if (!this.#source) return
    const { iterator, resolve } = this.#source
    this.#source = undefined
    this.#wake = undefined
    const { returnTimeoutMs, report } = this.#options
    const late = () => new Error('The handler goes on after its stream has ended: pass its `signal` on')
    const closed = new Promise((settle) => settle(iterator.return?.()))
    void withTimeout(closed, returnTimeoutMs, late)
      .then(undefined, report)
      .then(() => resolve(STOPPED))
  }
}
