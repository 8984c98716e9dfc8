/*
 * Values that can be watched, with the contract of React's useSyncExternalStore.
 */

/** A value that changes. Pass both functions to `useSyncExternalStore`, or call `subscribe` yourself. */
export interface Readable<Value> {
  /** The value now: the same object until it changes. */
  readonly getSnapshot: () => Value
  /**
   * Calls a function after each change.
   *
   * @returns a function that ends the subscription
   */
  readonly subscribe: (listener: () => void) => () => void
}

/** A readable that its owner sets. */
export interface Writable<Value> extends Readable<Value> {
  readonly set: (value: Value) => void
}

export interface Subscribers<Args extends unknown[]> {
  readonly add: (listener: (...args: Args) => unknown) => () => void
  readonly call: (...args: Args) => void
}

/** Throws an error in a task of its own, where the page's or the process's handler of errors hears of it. */
export function report(error: unknown): void {
  queueMicrotask(() => {
    throw error
  })
}

/** Calls a function. Its error is reported: it does not stop the caller. */
export function callSafely<Args extends unknown[]>(listener: (...args: Args) => unknown, ...args: Args): void {
  try {
    listener(...args)
  } catch (error) {
    report(error)
  }
}

/**
 * Calls a function when a signal aborts.
 *
 * @returns a function that ends it
 */
export function onAbort(signal: AbortSignal | undefined, listener: () => void): () => void {
  signal?.addEventListener('abort', listener)
  return () => signal?.removeEventListener('abort', listener)
}

/** Functions that are called together. One that throws does not stop the others. */
export function createSubscribers<Args extends unknown[]>(): Subscribers<Args> {
  // Each with an object of its own: a function may be added twice, and is then called twice.
  const entries = new Set<{ readonly listener: (...args: Args) => unknown }>()
  return {
    add(listener) {
      const entry = { listener }
      entries.add(entry)
      return () => void entries.delete(entry)
    },
    call(...args) {
      for (const entry of [...entries]) if (entries.has(entry)) callSafely(entry.listener, ...args)
    },
  }
}

export function createReadable<Value>(initial: Value): Writable<Value> {
  const subscribers = createSubscribers<[]>()
  let value = initial
  return {
    getSnapshot: () => value,
    subscribe: subscribers.add,
    set(next) {
      if (next === value) return
      value = next
      subscribers.call()
    },
  }
}
