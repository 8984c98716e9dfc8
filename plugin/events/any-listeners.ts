import { Socket } from 'socket.io'
import { contain } from '../shared/maybe-async.js'
import type { AnyFunction, Report } from '../shared/safe-listeners.js'

/*
 * The listeners of a socket that hear of any event, contained as the others are.
 */

/** What of a socket adds listeners, and can be replaced. */
export type ListenerTarget = Record<AnyMethod, AnyFunction>

/** The two lists that a socket has: those who hear of any event that comes, and of any that goes. */
const ANY = ['onAny', 'prependAny', 'offAny', 'listenersAny'] as const
const ANY_OUTGOING = ['onAnyOutgoing', 'prependAnyOutgoing', 'offAnyOutgoing', 'listenersAnyOutgoing'] as const
type AnyMethod = (typeof ANY | typeof ANY_OUTGOING)[number]

/** Calls a listener of any event: whose it is, the event, and its arguments. */
type CallAny<Target> = (listener: AnyFunction, target: Target, event: string, args: readonly unknown[]) => unknown

/** A listener, and what the application has given. */
type Contained = AnyFunction & { readonly listener?: AnyFunction }

/** Those who hear of any event that comes, contained, to be called; the application's own are in `socket.listenersAny()`. */
export function anyListenersOf(socket: Socket): readonly AnyFunction[] {
  return Socket.prototype.listenersAny.call(socket)
}

/**
 * From now on whatever a listener of any event throws or rejects goes to `report`: of any that comes, each called by `call`, and
 * of any that goes.
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
  const keptBy = (self: Target) => stockListeners.call(self) as Contained[]

  function containFor(self: Target, listener: AnyFunction): Contained {
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

/** The very list that Socket.IO keeps, which an application may change, with the functions that the application has given. */
function viewOf(kept: Contained[], containOne: (listener: AnyFunction) => Contained): AnyFunction[] {
  return new Proxy(kept, {
    get: (list, key) => {
      const value = Reflect.get(list, key)
      return (value as Partial<Contained> | undefined)?.listener ?? value
    },
    set: (list, key, value) => {
      if (typeof value !== 'function') return Reflect.set(list, key, value)
      return Reflect.set(list, key, list.find((each) => each.listener === value) ?? containOne(value))
    },
  })
}
