import { EventEmitter } from 'node:events'

/*
 * Socket.IO calls the listeners of a socket bare: what one throws is an uncaughtException, what it rejects an
 * unhandledRejection, and either ends the process. Here a socket's listeners are contained as they are added.
 */

type Listener = (...args: unknown[]) => unknown
type Report = (error: unknown, event: string | symbol) => void

/**
 * From now on whatever a listener of this emitter throws or rejects goes to `report` instead.
 * `off(listener)`, `once` and `listeners()` go on working with the function that the application gave.
 */
export function containListeners(emitter: EventEmitter, report: Report): void {
  const { on, prependListener } = EventEmitter.prototype

  const contain = (event: string | symbol, listener: Listener): Listener => {
    const contained: Listener = (...args) => {
      try {
        const result = Reflect.apply(listener, emitter, args)
        if (isThenable(result)) result.then(undefined, (error: unknown) => report(error, event))
      } catch (error) {
        report(error, event)
      }
    }
    // node's own mark for a wrapped listener: removeListener() and listeners() look through it
    return Object.assign(contained, { listener })
  }

  const containOnce = (event: string | symbol, listener: Listener): Listener => {
    const contained = contain(event, listener)
    const once: Listener = (...args) => {
      emitter.removeListener(event, once)
      contained(...args)
    }
    return Object.assign(once, { listener })
  }

  // emitter.once() of node adds through emitter.on(): all five are our own, so that none wraps another
  const adds = (add: typeof on, wrap: typeof contain) => (event: string | symbol, listener: Listener) => {
    if (typeof listener !== 'function') return add.call(emitter, event, listener) // node's own TypeError
    return add.call(emitter, event, wrap(event, listener))
  }
  Object.assign(emitter, {
    on: adds(on, contain),
    addListener: adds(on, contain),
    once: adds(on, containOnce),
    prependListener: adds(prependListener, contain),
    prependOnceListener: adds(prependListener, containOnce),
  })
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function'
}
