import type { AnyFunction, Report } from './listeners.js'
import { contain } from './sequence.js'

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
  const { [on]: stockOn, [prepend]: stockPrepend, [off]: stockOff } = target
  const adds = (add: AnyFunction) =>
    function (this: Target, listener: AnyFunction) {
      const contained: AnyFunction = (event, ...args) =>
        contain(
          () => call(listener, this, event, args),
          (error) => report(error, String(event), args, this),
        )
      return add.call(this, Object.assign(contained, { listener }))
    }
  Object.assign(target, {
    [on]: adds(stockOn),
    [prepend]: adds(stockPrepend),
    [off](this: Target, listener?: AnyFunction) {
      const known = this[listeners]() as readonly (AnyFunction & { listener?: AnyFunction })[]
      const contained = known.find((each) => each.listener === listener)
      return stockOff.call(this, listener && (contained ?? listener))
    },
  })
}
