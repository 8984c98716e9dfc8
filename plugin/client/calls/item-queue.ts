/*
 * The items of a stream that have arrived and have not been read, and the end that follows them.
 */

/** Returns the data of the end, or throws its error. */
export type StreamEnd = () => unknown

interface ItemQueue extends AsyncIterable<unknown, unknown> {
  readonly result: Promise<unknown>
  readonly size: () => number
  readonly push: (item: unknown) => void
  /** Ends the stream behind its unread items. Called once. */
  readonly end: (end: StreamEnd) => void
  /** Drops the unread items of a stream that has ended. Whether the iteration throws the error of the end. */
  readonly drop: (isThrown: boolean) => void
}

/**
 * @param onRead - called for each item that has been read
 * @param onReturn - called when the iteration is left early
 */
export function createItemQueue(onRead: () => void, onReturn: () => void): ItemQueue {
  const items: unknown[] = []
  let ended: StreamEnd | undefined
  let wake = () => {}
  let news: Promise<void>
  let settle: (data: unknown) => void
  const result = new Promise((resolve) => {
    settle = resolve
  })
  result.catch(() => {})

  function wakeAll(): void {
    wake()
    news = new Promise((resolve) => {
      wake = resolve
    })
  }
  wakeAll()

  const iterator: AsyncIterator<unknown, unknown> = {
    async next() {
      while (items.length === 0 && !ended) await news
      if (items.length > 0) {
        const value = items.shift()
        onRead()
        return { done: false, value }
      }
      const last = ended as StreamEnd
      ended = () => {}
      return { done: true, value: last() }
    },
    async return(value) {
      onReturn()
      return { done: true, value }
    },
  }

  return {
    result,
    size: () => items.length,
    [Symbol.asyncIterator]: () => iterator,

    push(item) {
      items.push(item)
      wakeAll()
    },

    end(next) {
      ended = next
      settle((async () => next())())
      wakeAll()
    },

    drop(isThrown) {
      items.length = 0
      if (!isThrown) ended = () => {}
    },
  }
}
