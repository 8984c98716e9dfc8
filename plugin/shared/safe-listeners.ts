import { EventEmitter } from 'node:events'
import { applyIn, type Scope } from './async-scope.js'
import { contain, isThenable } from './maybe-async.js'

/*
 * Wraps listeners, ack callbacks and middlewares of the application so that their errors are reported. Without it, an error
 * of a Socket.IO listener is an uncaughtException or an unhandledRejection and ends the process, and a failed middleware
 * leaves its client waiting. Each function here works on one object, or on a prototype.
 */

// biome-ignore lint/suspicious/noExplicitAny: functions of the application have any signature
export type AnyFunction = (...args: any[]) => unknown

/** Receives the error of a listener, the event with its arguments, and the emitter. */
export type Report<Target> = (error: unknown, event: string, args: unknown[], target: Target) => void

export interface ListenerRules<Target> {
  /** Throws if the listener must not be added. */
  readonly vet?: (target: Target, event: string | symbol) => void
  /** Whether a throw of this event's listener reaches the caller of emit(). A rejection is reported in any case. */
  readonly isLoud?: (event: string | symbol) => boolean
  /** The scope that a listener runs in. Default: the scope of the caller. */
  readonly scopeOf?: (target: Target, args: readonly unknown[]) => Scope | undefined
}

/**
 * Wraps every listener that is added from now on, so that its errors go to `report`. `off(listener)`, `once`, `listeners()`
 * and `rawListeners()` still work with the original function.
 */
export function containListeners<Target extends EventEmitter>(
  target: Target,
  report: Report<Target>,
  { vet, isLoud, scopeOf }: ListenerRules<Target> = {},
): void {
  const { on, prependListener, rawListeners } = EventEmitter.prototype

  const wrap = (emitter: Target, event: string | symbol, listener: AnyFunction): AnyFunction => {
    const contained: AnyFunction = (...args) => {
      const call = () => applyIn(scopeOf?.(emitter, args), listener, emitter, args)
      const fail = (error: unknown) => report(error, String(event), args, emitter)
      if (isLoud?.(event)) containRejection(call(), fail)
      else contain(call, fail)
    }
    // Node.js marks its own wrappers with `listener`: removeListener() and listeners() unwrap it.
    return Object.assign(contained, { listener, [CONTAINED]: true })
  }

  const wrapOnce = (emitter: Target, event: string | symbol, listener: AnyFunction): AnyFunction => {
    const contained = wrap(emitter, event, listener)
    const once: AnyFunction = (...args) => {
      emitter.removeListener(event, once)
      contained(...args)
    }
    return Object.assign(once, { listener })
  }

  // Node.js implements once() with on(). All five methods are replaced, so that no listener is wrapped twice.
  const adds = (add: typeof on, make: typeof wrap) =>
    function (this: Target, event: string | symbol, listener: AnyFunction) {
      if (typeof listener !== 'function') return add.call(this, event, listener) // throws the TypeError of Node.js
      vet?.(this, event)
      return add.call(this, event, make(this, event, listener))
    }
  Object.assign(target, {
    on: adds(on, wrap),
    addListener: adds(on, wrap),
    once: adds(on, wrapOnce),
    prependListener: adds(prependListener, wrap),
    prependOnceListener: adds(prependListener, wrapOnce),
    rawListeners(this: Target, event: string | symbol) {
      const kept = rawListeners.call(this, event) as (AnyFunction & Partial<Contained>)[]
      return kept.map((each) => (each[CONTAINED] ? each.listener : each))
    },
  })
}

/** Marks a wrapped listener that was not added with `once`: rawListeners() of Node.js returns the wrappers of `once`. */
const CONTAINED = Symbol('contained')

interface Contained {
  readonly [CONTAINED]: true
  readonly listener: AnyFunction
}

function containRejection(result: unknown, report: (error: unknown) => void): void {
  if (isThenable(result)) result.then(undefined, report)
}

/**
 * Wraps the listeners that an emitter already has. Call it after {@link containListeners}: Socket.IO copies the listeners of
 * a parent namespace to a new child.
 */
export function containPresent(target: EventEmitter): void {
  for (const event of target.eventNames()) {
    const present = target.listeners(event) as AnyFunction[]
    target.removeAllListeners(event)
    for (const listener of present) target.on(event, listener)
  }
}

/** Adds a listener of this plugin, which is not wrapped. `this` is the emitter, so that one function serves all emitters. */
export function listen<Target extends EventEmitter>(
  emitter: Target,
  event: string,
  // biome-ignore lint/suspicious/noExplicitAny: what an event carries
  listener: (this: Target, ...args: any[]) => void,
): void {
  EventEmitter.prototype.on.call(emitter, event, listener)
}

/**
 * Replaces the Map in which Socket.IO keeps the ack callbacks of emits, because it calls them without catching errors. The
 * Map is private, but Socket.IO's adapters use it. A socket without such emits allocates nothing.
 */
export function containAcks<Target extends object>(
  socket: Target,
  report: (error: unknown, socket: Target) => void,
  scopeOf: (socket: Target) => Scope | undefined,
): void {
  if ((socket as { acks?: unknown }).acks instanceof Map)
    Object.assign(socket, { acks: new Acks(socket, report, scopeOf) })
}

/** Whether an emit waits for an ack of that number. */
export function awaitsAck(socket: object, id: number): boolean {
  return (socket as { acks?: Pick<Map<number, unknown>, 'get'> }).acks?.get(id) !== undefined
}

/** The methods of a Map that Socket.IO and its adapters call. */
class Acks<Target extends object> {
  readonly #socket: Target
  readonly #report: (error: unknown, socket: Target) => void
  readonly #scopeOf: (socket: Target) => Scope | undefined
  #acks: Map<number, AnyFunction> | undefined = undefined

  constructor(
    socket: Target,
    report: (error: unknown, socket: Target) => void,
    scopeOf: (socket: Target) => Scope | undefined,
  ) {
    this.#socket = socket
    this.#report = report
    this.#scopeOf = scopeOf
  }

  get(id: number): AnyFunction | undefined {
    return this.#acks?.get(id)
  }

  set(id: number, ack: AnyFunction): this {
    this.#acks ??= new Map()
    this.#acks.set(id, (...args) =>
      contain(
        () => applyIn(this.#scopeOf(this.#socket), ack, this.#socket, args),
        (error) => this.#report(error, this.#socket),
      ),
    )
    return this
  }

  delete(id: number): boolean {
    return this.#acks?.delete(id) === true
  }
}

/**
 * Wraps the middlewares that are added with `use()`: an error refuses the subject, and only the first call of `next` counts.
 *
 * @param refuse - converts the error to the one that Socket.IO receives
 * @param isOver - whether the subject has gone; `next` is not called then
 */
export function containMiddlewares<Target extends object, Subject>(
  target: Target & { use(middleware: (subject: Subject, next: (error?: Error) => void) => void): unknown },
  refuse: (error: unknown, subject: Subject, isThrown: boolean, target: Target) => Error,
  isOver: (subject: Subject) => boolean,
): void {
  const { use } = target
  target.use = function (this: typeof target, middleware) {
    return use.call(this, (subject, next) => {
      let isSettled = false
      const settle = (error: unknown, isThrown: boolean) => {
        if (isSettled || isOver(subject)) return
        isSettled = true
        next(error === undefined ? undefined : refuse(error, subject, isThrown, this))
      }
      const nextOnce = (error?: Error) => settle(error ?? undefined, false)
      contain(
        () => Reflect.apply(middleware, this, [subject, nextOnce]),
        (error) => settle(error ?? new Error('The middleware threw no error'), true),
      )
    })
  }
}
