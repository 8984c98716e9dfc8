import type { BroadcastOperator, Namespace } from 'socket.io'

/*
 * Checks a broadcast with acks before Socket.IO starts its timer. Socket.IO starts the timer before the adapter has the
 * packet: if the check of the adapter threw, the timer would still run, and call the callback after the throw.
 */

/** Checks an emit and passes the checked arguments to `send`. Throws if they are invalid. */
export type CheckFirst = <Result>(
  event: string,
  args: readonly unknown[],
  send: (checked: readonly unknown[]) => Result,
) => Result

/** The part of Socket.IO's BroadcastOperator that is used here. */
interface CheckedOperator {
  readonly adapter: Namespace['adapter']
  emit(this: CheckedOperator, event: string, ...args: unknown[]): boolean
}

const CHECK_FIRST = Symbol('check first')

/** On an adapter: its check. On the prototype of the operators: `true`, because `emit` is replaced. */
interface WithCheck {
  [CHECK_FIRST]?: CheckFirst | true
}

/**
 * Checks the broadcasts with acks of this namespace. It replaces `emit` on the prototype that all operators of the process
 * share; an operator whose adapter has no check behaves as before.
 */
export function checkAnswered(namespace: Pick<Namespace, 'adapter' | 'to'>, check: CheckFirst): void {
  ;(namespace.adapter as WithCheck)[CHECK_FIRST] = check
  const operators = Object.getPrototypeOf(namespace.to([]) as BroadcastOperator<never, never>) as CheckedOperator &
    WithCheck
  if (operators[CHECK_FIRST]) return
  operators[CHECK_FIRST] = true
  const { emit } = operators
  operators.emit = function (event, ...args) {
    const { [CHECK_FIRST]: checkFirst } = this.adapter as { [CHECK_FIRST]?: CheckFirst }
    const ack = args.at(-1)
    if (!checkFirst || typeof ack !== 'function') return emit.call(this, event, ...args)
    return checkFirst(event, args.slice(0, -1), (checked) => emit.call(this, event, ...checked, ack))
  }
}
