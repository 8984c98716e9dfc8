/*
 * Stores the listeners of an event emitter in a fifth of the memory, for emitters that exist as long as a connection: node keeps
 * them in a dictionary of 160 or 450 bytes, and a list of three in an array with room for seventeen.
 */

/** node wraps a listener of `once`; the wrapper has the original as `listener`. */
type Listener = ((...args: never[]) => unknown) & { readonly listener?: Listener }
type Listeners = Record<string, Listener | Listener[]>

/** The private fields of node's EventEmitter. */
interface Emitter {
  _events?: Listeners
  _eventsCount?: number
}

/**
 * Compacts the listeners that an emitter has so far. Does nothing if an event is a symbol, or if node's private `_events` is
 * missing.
 *
 * @param take - maps a listener to the one that is kept; its second argument is the event
 */
export type CompactListeners = (emitter: object, take?: (listener: Listener, event: string) => Listener) => void

/** Creates a compactor for emitters with about the same number of events: V8 sizes all its objects by the first ones. */
export function createCompactor(): CompactListeners {
  // An object with a hidden class that inherits nothing: an event may be called `toString`.
  const Compacted = function Compacted() {} as unknown as new () => Listeners
  Compacted.prototype = Object.create(null)

  return (emitter: Emitter, take) => {
    const compacted = new Compacted()
    let count = 0
    // node's object inherits nothing, either; it may have events without a listener.
    for (const name in emitter._events) {
      const known = emitter._events[name]
      if (known === undefined) continue
      if (typeof known === 'function') compacted[name] = take ? take(known, name) : known
      else compacted[name] = known.map((listener) => (take ? take(listener, name) : listener))
      count++
    }
    if (count === emitter._eventsCount) emitter._events = compacted
  }
}
