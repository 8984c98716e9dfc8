/*
 * The listeners of emitters that live as long as a connection, in a fifth of the room: node has them in a dictionary of 160
 * or 450 bytes, and a list of three in a list of seventeen.
 */

/** One that is wrapped has the one within it as `listener`. */
type Listener = ((...args: never[]) => unknown) & { readonly listener?: Listener }
type Listeners = Record<string, Listener | Listener[]>

/** What node has them in. */
interface Emitter {
  _events?: Listeners
  _eventsCount?: number
}

/**
 * Keeps what an emitter has so far in less room; `take` says what of a listener is kept that is the only one of its event.
 * Does nothing where an event is a symbol, or where node has no `_events`, which is private, any more.
 */
export type Compact = (emitter: object, take?: (listener: Listener) => Listener) => void

/** For emitters of about as many events: V8 learns from the first of them how much room there has to be. */
export function createCompact(): Compact {
  // An object of a shape, which inherits nothing: an event may be called `toString`.
  const Compacted = function Compacted() {} as unknown as new () => Listeners
  Compacted.prototype = Object.create(null)

  return (emitter: Emitter, take) => {
    const compacted = new Compacted()
    let count = 0
    // It inherits nothing, either, and has room for some that nobody listens for.
    for (const name in emitter._events) {
      const known = emitter._events[name]
      if (known === undefined) continue
      if (typeof known === 'function') compacted[name] = take ? take(known) : known
      else compacted[name] = known.slice()
      count++
    }
    if (count === emitter._eventsCount) emitter._events = compacted
  }
}
