import type { ItemStream } from '../any-client.js'
import type { CallError } from '../call-error.js'
import { createReadable, type Readable } from '../readable.js'

/*
 * What `useStream()` shows: the newest items of a stream, and its end.
 */

// A page that renders for every item of a fast stream does nothing else.
const SHOW_EVERY_MS = 50

export interface StreamState {
  readonly items: readonly unknown[]
  readonly result: unknown
  readonly error: CallError | undefined
  readonly isDone: boolean
}

const EMPTY: StreamState = Object.freeze({ items: [], result: undefined, error: undefined, isDone: false })

interface StreamSource {
  readonly open: (onItem: (item: unknown) => void) => ItemStream
  /** How many items are kept. */
  readonly limitOf: () => number
}

export class StreamView {
  readonly #source: StreamSource
  readonly #state = createReadable(EMPTY)
  #stream: ItemStream | undefined

  constructor(source: StreamSource) {
    this.#source = source
  }

  get state(): Readable<StreamState> {
    return this.#state
  }

  /** Opens the stream, in place of one that is open. */
  readonly open = (): void => {
    this.close()
    this.#state.set(EMPTY)
    const fresh: unknown[] = []
    let timer: ReturnType<typeof setTimeout> | undefined
    const show = (end?: Partial<StreamState>) => {
      clearTimeout(timer)
      timer = undefined
      if (this.#stream !== stream) return
      const { items, ...others } = this.#state.getSnapshot()
      const all = [...items, ...fresh.splice(0)]
      const newest = all.slice(Math.max(0, all.length - this.#source.limitOf()))
      this.#state.set(Object.freeze({ ...others, items: newest, ...end }))
    }
    const stream = this.#source.open((item) => {
      fresh.push(item)
      if (fresh.length > this.#source.limitOf()) fresh.shift()
      timer ??= setTimeout(show, SHOW_EVERY_MS)
    })
    this.#stream = stream
    stream.result.then(
      (result) => show({ result, isDone: true }),
      (error: CallError) => show({ error, isDone: true }),
    )
  }

  /** Ends the stream, whose items stay. */
  readonly cancel = (): void => {
    this.close()
    this.#state.set(Object.freeze({ ...this.#state.getSnapshot(), isDone: true }))
  }

  /** Ends the stream, and shows nothing more of it. */
  close(): void {
    const stream = this.#stream
    this.#stream = undefined
    stream?.cancel()
  }
}
