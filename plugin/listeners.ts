import { EventEmitter } from 'node:events'
import { contain } from './sequence.js'

/*
 * Socket.IO calls the functions of an application bare: what a listener throws is an uncaughtException, what it rejects
 * an unhandledRejection, and either ends the process; a middleware that fails leaves its client hanging. Here they are
 * contained as they are added.
 */

// biome-ignore lint/suspicious/noExplicitAny: functions of an application, of whatever shape
type AnyFunction = (...args: any[]) => unknown

/** Hears of what a function has thrown or rejected: the error, the event, and the event's arguments. */
export type Report = (error: unknown, event: string, args: unknown[]) => void

/** What of a socket adds listeners, and can be replaced. */
export interface ListenerTarget extends EventEmitter {
  onAny(listener: AnyFunction): unknown
  prependAny(listener: AnyFunction): unknown
  offAny(listener?: AnyFunction): unknown
}

/**
 * From now on whatever a listener of this emitter throws or rejects goes to `report` instead.
 * `off(listener)`, `once` and `listeners()` go on working with the function that the application gave.
 */
export function containListeners(emitter: EventEmitter, report: Report): void {
  const { on, prependListener } = EventEmitter.prototype

  const wrap = (event: string | symbol, listener: AnyFunction): AnyFunction => {
    const contained: AnyFunction = (...args) =>
      contain(
        () => Reflect.apply(listener, emitter, args),
        (error) => report(error, String(event), args),
      )
    // node's own mark for a wrapped listener: removeListener() and listeners() look through it
    return Object.assign(contained, { listener })
  }

  const wrapOnce = (event: string | symbol, listener: AnyFunction): AnyFunction => {
    const contained = wrap(event, listener)
    const once: AnyFunction = (...args) => {
      emitter.removeListener(event, once)
      contained(...args)
    }
    return Object.assign(once, { listener })
  }

  // emitter.once() of node adds through emitter.on(): all five are our own, so that none wraps another
  const adds = (add: typeof on, make: typeof wrap) => (event: string | symbol, listener: AnyFunction) => {
    if (typeof listener !== 'function') return add.call(emitter, event, listener) // node's own TypeError
    return add.call(emitter, event, make(event, listener))
  }
  Object.assign(emitter, {
    on: adds(on, wrap),
    addListener: adds(on, wrap),
    once: adds(on, wrapOnce),
    prependListener: adds(prependListener, wrap),
    prependOnceListener: adds(prependListener, wrapOnce),
  })
}

/** The same for the listeners that hear of any event, but not of one whose arguments are `isHidden`. */
export function containAnyListeners(
  target: ListenerTarget,
  report: Report,
  isHidden: (args: readonly unknown[]) => boolean,
): void {
  const contained = new WeakMap<AnyFunction, AnyFunction>()
  const { onAny, prependAny, offAny } = target
  const wrap = (listener: AnyFunction): AnyFunction => {
    const known = contained.get(listener)
    if (known) return known
    const wrapped: AnyFunction = (event, ...args) => {
      if (isHidden(args)) return
      contain(
        () => Reflect.apply(listener, target, [event, ...args]),
        (error) => report(error, String(event), args),
      )
    }
    contained.set(listener, wrapped)
    return wrapped
  }
  target.onAny = (listener) => onAny.call(target, wrap(listener))
  target.prependAny = (listener) => prependAny.call(target, wrap(listener))
  target.offAny = (listener) => offAny.call(target, listener && wrap(listener))
}

/**
 * The same for the callbacks of emits that clients answer: Socket.IO keeps them in a Map of the socket, private but for
 * its adapters, and calls them bare.
 */
export function containAcks(socket: object, report: (error: unknown) => void): void {
  const { acks } = socket as { readonly acks?: Map<number, AnyFunction> }
  if (!(acks instanceof Map)) return
  const { set } = acks
  acks.set = (id, ack) => {
    const contained: AnyFunction = (...args) => contain(() => Reflect.apply(ack, socket, args), report)
    return set.call(acks, id, contained)
  }
}

/**
 * The same for middlewares, of a namespace or of a socket: a failure is a refusal, `next` is heard once, and `refuse`
 * makes of any error what is to be handed on.
 */
export function containMiddlewares<Subject>(
  target: { use(middleware: (subject: Subject, next: (error?: Error) => void) => void): unknown },
  refuse: (error: unknown, subject: Subject, isThrown: boolean) => Error,
): void {
  const { use } = target
  target.use = (middleware) =>
    use.call(target, (subject, next) => {
      let isSettled = false
      const settle = (error: unknown, isThrown: boolean) => {
        if (isSettled) return
        isSettled = true
        next(error === undefined ? undefined : refuse(error, subject, isThrown))
      }
      const hear = (error?: Error) => settle(error ?? undefined, false)
      contain(
        () => Reflect.apply(middleware, target, [subject, hear]),
        (error) => settle(error ?? new Error('It threw nothing'), true),
      )
    })
}
