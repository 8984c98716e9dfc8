import { EventEmitter } from 'node:events'
import { applyIn, type Scope } from './async-scope.js'
import { contain, isThenable } from './maybe-async.js'

/*
 * Socket.IO calls the functions of an application bare: what a listener throws is an uncaughtException, what it rejects
 * an unhandledRejection, and either ends the process; a middleware that fails leaves its client hanging. Here they are
 * contained as they are added. All of it works on one object, or on the prototype of many.
 */

// biome-ignore lint/suspicious/noExplicitAny: functions of an application, of whatever shape
export type AnyFunction = (...args: any[]) => unknown

/** Hears of what a function has thrown or rejected: the error, the event, its arguments, and whose listener it was. */
export type Report<Target> = (error: unknown, event: string, args: unknown[], target: Target) => void

export interface ListenerRules<Target> {
  /** Throws where no listener may be added. */
  readonly vet?: (target: Target, event: string | symbol) => void
  /** Whether what a listener of this event throws is for whoever emits it; what it rejects with is reported all the same. */
  readonly isLoud?: (event: string | symbol) => boolean
  /** What the stores of AsyncLocalStorage hold for a listener. Default: what they hold where it is called. */
  readonly scopeOf?: (target: Target, args: readonly unknown[]) => Scope | undefined
}

/**
 * From now on whatever a listener of this emitter throws or rejects goes to `report` instead.
 * `off(listener)`, `once`, `listeners()` and `rawListeners()` go on working with the function that the application gave.
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
    // node's own mark for a wrapped listener: removeListener() and listeners() look through it
    return Object.assign(contained, { listener, [WHOLE]: true })
  }

  const wrapOnce = (emitter: Target, event: string | symbol, listener: AnyFunction): AnyFunction => {
    const contained = wrap(emitter, event, listener)
    const once: AnyFunction = (...args) => {
      emitter.removeListener(event, once)
      contained(...args)
    }
    return Object.assign(once, { listener })
  }

  // emitter.once() of node adds through emitter.on(): all five are our own, so that none wraps another
  const adds = (add: typeof on, make: typeof wrap) =>
    function (this: Target, event: string | symbol, listener: AnyFunction) {
      if (typeof listener !== 'function') return add.call(this, event, listener) // node's own TypeError
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
      const kept = rawListeners.call(this, event) as (AnyFunction & Partial<Whole>)[]
      return kept.map((each) => (each[WHOLE] ? each.listener : each))
    },
  })
}

/** On a listener that is contained, and nothing else: node has no wrapper of its own for it, as it has for `once`. */
const WHOLE = Symbol('whole')

interface Whole {
  readonly [WHOLE]: true
  readonly listener: AnyFunction
}

function containRejection(result: unknown, report: (error: unknown) => void): void {
  if (isThenable(result)) result.then(undefined, report)
}

/** Contains those that an emitter has already, once its `on` does so: a namespace may be made with listeners of another. */
export function containPresent(target: EventEmitter): void {
  for (const event of target.eventNames()) {
    const present = target.listeners(event) as AnyFunction[]
    target.removeAllListeners(event)
    for (const listener of present) target.on(event, listener)
  }
}

/** Adds a listener of our own, which needs no containing: `this` is the emitter, so one function serves all of them. */
export function listen<Target extends EventEmitter>(
  emitter: Target,
  event: string,
  // biome-ignore lint/suspicious/noExplicitAny: what an event carries
  listener: (this: Target, ...args: any[]) => void,
): void {
  EventEmitter.prototype.on.call(emitter, event, listener)
}

/**
 * Replaces that in which Socket.IO keeps the callbacks of emits that clients answer, private but for its adapters: it calls
 * them bare. Most sockets are asked nothing, and for them nothing is made.
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

/** What Socket.IO and its adapters do with a Map. */
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
 * The same for middlewares of a namespace: a failure is a refusal, `next` is heard once, and `refuse` makes of any error
 * what is to be handed on. Of a subject that `isOver` nothing is heard any more.
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
      const hear = (error?: Error) => settle(error ?? undefined, false)
      contain(
        () => Reflect.apply(middleware, this, [subject, hear]),
        (error) => settle(error ?? new Error('It threw nothing'), true),
      )
    })
  }
}
