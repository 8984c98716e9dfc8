import { Socket } from 'socket.io'
import { contain } from '../shared/maybe-async.js'
import type { AnyFunction, Report } from '../shared/safe-listeners.js'

/*
 * Catches what `onAny` and `onAnyOutgoing` listeners of a socket throw or reject with.
 */

/** The methods of a socket that are replaced. */
export type ListenerTarget = Record<AnyListenerMethod, AnyFunction>

/** A socket keeps two lists: listeners of any incoming event, and listeners of any outgoing event. */
const ANY = ['onAny', 'prependAny', 'offAny', 'listenersAny'] as const
const ANY_OUTGOING = ['onAnyOutgoing', 'prependAnyOutgoing', 'offAnyOutgoing', 'listenersAnyOutgoing'] as const
type AnyListenerMethod = (typeof ANY | typeof ANY_OUTGOING)[number]

/** Calls a listener on its socket, with the event and its arguments. */
type CallAny<Target> = (listener: AnyFunction, target: Target, event: string, args: readonly unknown[]) => unknown

/** A wrapper that catches, and the application's own function in it. */
type ContainedListener = AnyFunction & { readonly listener?: AnyFunction }

/** The wrapped `onAny` listeners, ready to be called. `socket.listenersAny()` lists the application's own functions. */
export function anyListenersOf(socket: Socket): readonly AnyFunction[] {
  return Socket.prototype.listenersAny.call(socket)
}

/**
 * Replaces the methods of `target` that add, remove and list such listeners.
 *
 * @param report - receives what a listener throws or rejects with
 * @param call - calls a listener of any incoming event
 */
export function containAnyListeners<Target extends ListenerTarget>(
  target: Target,
  report: Report<Target>,
  call: CallAny<Target>,
): void {
  replaceAny(target, ANY, report, call)
  replaceAny(target, ANY_OUTGOING, report, (listener, self, event, args) =>
    Reflect.apply(listener, self, [event, ...args]),
  )
}

function replaceAny<Target extends ListenerTarget>(
  target: Target,
  [on, prepend, off, listeners]: typeof ANY | typeof ANY_OUTGOING,
  report: Report<Target>,
  call: CallAny<Target>,
): void {
  const { [on]: stockOn, [prepend]: stockPrepend, [off]: stockOff, [listeners]: stockListeners } = target
  const keptBy = (self: Target) => stockListeners.call(self) as ContainedListener[]

  function containFor(self: Target, listener: AnyFunction): ContainedListener {
    const contained: AnyFunction = (event, ...args) =>
      contain(
        () => call(listener, self, event, args),
        (error) => report(error, String(event), args, self),
      )
    return Object.assign(contained, { listener })
  }

  const adds = (add: AnyFunction) =>
    function (this: Target, listener: AnyFunction) {
      return add.call(this, containFor(this, listener))
    }
  Object.assign(target, {
    [on]: adds(stockOn),
    [prepend]: adds(stockPrepend),
    [off](this: Target, listener?: AnyFunction) {
      const contained = keptBy(this).find((each) => each.listener === listener)
      return stockOff.call(this, listener && (contained ?? listener))
    },
    [listeners](this: Target) {
      return viewOf(keptBy(this), (listener) => containFor(this, listener))
    },
  })
}

/** A view of Socket.IO's own list, which an application may change. It shows the functions that the application has given. */
function viewOf(kept: ContainedListener[], containOne: (listener: AnyFunction) => ContainedListener): AnyFunction[] {
  return new Proxy(kept, {
    get: (list, key) => {
      const value = Reflect.get(list, key)
      return (value as Partial<ContainedListener> | undefined)?.listener ?? value
    },
    set: (list, key, value) => {
      if (typeof value !== 'function') return Reflect.set(list, key, value)
      return Reflect.set(list, key, list.find((each) => each.listener === value) ?? containOne(value))
    },
  })
}
